package gate

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"communewatch/collector/api"
)

// Asking whether a write could be stored costs a request to InfluxDB: at most one
// a readyAge, and no longer than readyTime.
const (
	readyAge  = time.Second
	readyTime = 5 * time.Second
)

// readiness remembers the last answer.
type readiness struct {
	ask func(context.Context) error

	mu  sync.Mutex
	at  time.Time
	err error
}

func (r *readiness) now() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && time.Since(r.at) < readyAge {
		return r.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTime) // one caller's leaving is not the others' answer
	defer cancel()
	r.err = r.ask(ctx)
	r.at = time.Now()
	return r.err
}

func (r *readiness) answer(w http.ResponseWriter) {
	if err := r.now(); err != nil {
		(&api.Error{Code: api.CodeUnavailable, Message: err.Error(), RetryAfter: waitPlace}).WriteTo(w)
		return
	}
	healthy(w)
}

// brief is the answer for strangers: where the database is, is none of theirs.
func (r *readiness) brief(w http.ResponseWriter) {
	if r.now() != nil {
		(&api.Error{Code: api.CodeUnavailable, Message: "a write could not be stored now", RetryAfter: waitPlace}).WriteTo(w)
		return
	}
	healthy(w)
}

func healthy(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// A caller who has gone away is no longer ours to tell.
	_, _ = io.WriteString(w, "ok\n")
}
