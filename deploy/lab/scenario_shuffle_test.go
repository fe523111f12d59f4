//go:build integration

package lab

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"communewatch/collector/api"
)

// shuffle lets what is sent arrive in another order, some of it twice, while the judge
// is restarted now and then.
type shuffle struct {
	random *rand.Rand
	held   []parcel
}

type parcel struct {
	site string
	body []byte
	head http.Header
}

// take delays a request by up to three hours; every third comes twice.
func (sh *shuffle) take(o *staged, body []byte, head http.Header) {
	times := 1 + sh.random.IntN(3)/2
	for range times {
		sh.held = append(sh.held, parcel{o.id, body, head})
		o.stage.later(time.Duration(sh.random.Int64N(int64(3*time.Hour))), func() error { return sh.one(o.stage) })
	}
	if sh.random.IntN(100) == 0 && o.stage.judge != nil {
		if err := o.stage.newJudge(); err != nil {
			o.stage.t.Error(err)
		}
	}
}

// one delivers any of what is held.
func (sh *shuffle) one(s *stage) error {
	if len(sh.held) == 0 {
		return nil
	}
	n := sh.random.IntN(len(sh.held))
	p := sh.held[n]
	sh.held[n] = sh.held[len(sh.held)-1]
	sh.held = sh.held[:len(sh.held)-1]
	reply := &api.Error{Code: api.CodeUnavailable}
	if s.serving() {
		reply = s.deliver(p.site, p.body, p.head)
	}
	switch {
	case reply == nil:
		return nil
	case reply.Code == api.CodeUnavailable || reply.Code == api.CodeTooMany:
		sh.held = append(sh.held, p)
		s.later(10*time.Minute, func() error { return sh.one(s) })
		return nil
	}
	return fmt.Errorf("%s is refused: %w", p.site, reply)
}

// inOrderAgain is for how long before the end all comes as it is sent, so that the last
// states are of fresh rounds.
const inOrderAgain = 20 * time.Minute

// rest delivers all that is still held, and holds no more.
func (sh *shuffle) rest(s *stage) error {
	s.shuffle = nil
	for len(sh.held) > 0 {
		if err := sh.one(s); err != nil {
			return err
		}
	}
	return nil
}
