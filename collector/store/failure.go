package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"communewatch/collector/api"
)

// Refused says that all lines of a block are stored but these: they never will be.
type Refused struct {
	Lines []api.RejectedLine // in the order of the block, numbered from 1 in it
}

func (e *Refused) Error() string {
	if len(e.Lines) == 0 {
		return "no line refused"
	}
	return fmt.Sprintf("%d lines refused, the first (%d): %s", len(e.Lines), e.Lines[0].Line, e.Lines[0].Reason)
}

// Unavailable says that the database cannot be asked now: keep everything, and send
// the same bytes again. Some of them may be stored already.
type Unavailable struct {
	RetryAfter time.Duration // what the database wished; 0 = it did not say
	Err        error
}

func (e *Unavailable) Error() string { return "database unavailable: " + e.Err.Error() }
func (e *Unavailable) Unwrap() error { return e.Err }

// Misconfigured says that a person must do something: database or policy is not
// there, the credential is not taken, or another program answers. Keep everything.
type Misconfigured struct {
	Reason string
}

func (e *Misconfigured) Error() string { return "database misconfigured: " + e.Reason }

// unreachable is an exchange that brought no answer.
func unreachable(err error) *Unavailable {
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	return &Unavailable{Err: err}
}
