package clock

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Batch is lines of one session, and how their times are to be read. Its written
// form is a line of text and then the lines themselves:
//
//	cw1 5f2c9a0188e1b3d4 unsealed -
//	cw1 5f2c9a0188e1b3d4 -7200000000000 corrected
type Batch struct {
	Session string
	Sealed  bool           // the offset is applied to Lines; a sealed batch never changes
	Offset  time.Duration  // that was added; zero while not sealed
	Clock   api.ClockState // empty while not sealed
	Lines   []byte         // line protocol, each line with its newline and its time in ns
}

const (
	version    = "cw1"
	unsealed   = "unsealed"
	noClock    = "-"
	maxHeading = 64 // bytes of the first line
)

// Marshal writes the batch as [Unmarshal] reads it.
func (b *Batch) Marshal() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("write batch: %w", err)
	}
	offset, state := unsealed, noClock
	if b.Sealed {
		offset, state = strconv.FormatInt(int64(b.Offset), 10), string(b.Clock)
	}
	out := make([]byte, 0, maxHeading+len(b.Lines))
	out = fmt.Appendf(out, "%s %s %s %s\n", version, b.Session, offset, state)
	return append(out, b.Lines...), nil
}

// Unmarshal reads a batch; its Lines share memory with data. The error says what in
// the heading is not as Marshal writes it.
func Unmarshal(data []byte) (Batch, error) {
	b, err := unmarshal(data)
	if err != nil {
		return Batch{}, fmt.Errorf("read batch: %w", err)
	}
	return b, nil
}

func unmarshal(data []byte) (Batch, error) {
	end := bytes.IndexByte(data[:min(len(data), maxHeading)], '\n')
	if end < 0 {
		return Batch{}, errors.New("no heading")
	}
	words := strings.Split(string(data[:end]), " ")
	if words[0] != version {
		return Batch{}, fmt.Errorf("heading begins with %q, want %q", words[0], version)
	}
	if len(words) != 4 {
		return Batch{}, fmt.Errorf("heading has %d words, want 4", len(words))
	}
	b := Batch{Session: words[1], Lines: data[end+1:]}
	if words[2] == unsealed {
		if words[3] != noClock {
			return Batch{}, fmt.Errorf("not sealed, and its clock is %q", words[3])
		}
		return b, b.check()
	}
	offset, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || strconv.FormatInt(offset, 10) != words[2] {
		return Batch{}, fmt.Errorf("offset is %q, want nanoseconds", words[2])
	}
	b.Sealed, b.Offset, b.Clock = true, time.Duration(offset), api.ClockState(words[3])
	return b, b.check()
}

// check holds what both directions promise.
func (b *Batch) check() error {
	if !validID(b.Session) {
		return fmt.Errorf("session is %.40q, want 16 lower-case hexadecimal digits", b.Session)
	}
	if n := len(b.Lines); n == 0 || b.Lines[n-1] != '\n' {
		return errors.New("the last line has no newline")
	}
	switch {
	case !b.Sealed && b.Offset == 0 && b.Clock == "":
	case b.Sealed && b.Offset == 0 && b.Clock == api.ClockSynced:
	case b.Sealed && b.Offset != 0 && b.Clock == api.ClockCorrected:
	case b.Sealed && b.Clock == api.ClockBounded:
	default:
		return fmt.Errorf("sealed %t with offset %d and clock %.20q", b.Sealed, b.Offset, b.Clock)
	}
	return nil
}

func validID(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

// Seal adds the offset to the time of every line, its last word, and marks the batch
// as sealed with it. On an error the batch is as it was: it was sealed already, or
// has a line without a time, or one that would leave the range of int64.
func (b *Batch) Seal(o Offset) error {
	if b.Sealed {
		return errors.New("seal batch: it is sealed")
	}
	lines, err := shift(b.Lines, int64(o.Applied()))
	if err != nil {
		return fmt.Errorf("seal batch: %w", err)
	}
	b.Lines, b.Sealed, b.Offset, b.Clock = lines, true, o.Applied(), o.State()
	return nil
}

// Span is the earliest and the latest time of a line; zero times if no line has one.
func (b *Batch) Span() (first, last time.Time) {
	for line := range bytes.Lines(b.Lines) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		ns, err := strconv.ParseInt(string(line[bytes.LastIndexByte(line, ' ')+1:]), 10, 64)
		if err != nil {
			continue
		}
		at := time.Unix(0, ns)
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if last.IsZero() || at.After(last) {
			last = at
		}
	}
	return first, last
}

func shift(lines []byte, by int64) ([]byte, error) {
	out := make([]byte, 0, len(lines)+64) // a time may become a digit longer
	number := 0
	for line := range bytes.Lines(lines) {
		number++
		line = bytes.TrimSuffix(line, []byte("\n"))
		space := bytes.LastIndexByte(line, ' ')
		t, err := strconv.ParseInt(string(line[space+1:]), 10, 64)
		if space < 0 || err != nil {
			return nil, fmt.Errorf("line %d has no time in nanoseconds", number)
		}
		if by > 0 && t > math.MaxInt64-by || by < 0 && t < math.MinInt64-by {
			return nil, fmt.Errorf("line %d: %d ns cannot be moved by %s", number, t, time.Duration(by))
		}
		out = append(out, line[:space+1]...)
		out = strconv.AppendInt(out, t+by, 10)
		out = append(out, '\n')
	}
	return out, nil
}
