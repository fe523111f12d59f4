package watch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// state is what one run leaves to the next.
type state struct {
	Failed int       `json:"failed"` // times in a row
	Since  time.Time `json:"since"`  // the first of them
	Told   time.Time `json:"told"`   // when people were last told that it does not work; zero: they think it does
	Reason string    `json:"reason"`
}

// news is what people are to be told.
type news int

const (
	nothing news = iota
	down
	up
)

// decide is what is remembered after an answer, and what is to be told. People hear
// "works again" only if they heard that it did not.
func decide(before state, problem error, now time.Time, after int, repeat time.Duration) (state, news) {
	if problem == nil {
		if before.Told.IsZero() {
			return state{}, nothing
		}
		// Kept until somebody was told.
		return state{Told: before.Told, Since: before.Since}, up
	}
	next := state{Failed: before.Failed + 1, Since: before.Since, Told: before.Told, Reason: problem.Error()}
	if before.Failed == 0 && before.Told.IsZero() {
		next.Since = now
	}
	// A clock that went back must not silence us for as long.
	waited := now.Sub(next.Told)
	if next.Failed >= after && (next.Told.IsZero() || waited >= repeat || waited < 0) {
		return next, down
	}
	return next, nothing
}

// told remembers that people know.
func (s *state) told(n news, now time.Time) {
	if n == up {
		*s = state{}
		return
	}
	s.Told = now
}

// readState takes a file that is missing or damaged for nothing known: at worst
// people are told once more.
func readState(path string) state {
	var s state
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, &s) != nil || s.Failed < 0 {
		return state{}
	}
	return s
}

func writeState(path string, s state) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".watch-*")
	if err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	defer os.Remove(temp.Name()) // there no more once it is renamed
	_, err = temp.Write(data)
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	return nil
}
