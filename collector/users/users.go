// Package users knows the people who may open the pages: a file of names, roles and
// argon2id hashes (file.go), sessions (session.go), and the door before the pages
// (door.go): who has no session is shown where to sign in. In come requests and a file, out
// go requests with a proven api.Visitor. It must never tell a wrong name from a wrong
// password, never keep or log a password or a session's secret, and never let a form pass
// that was not made for the session it comes with.
package users

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"communewatch/collector/api"
)

// Config is by what people are known.
type Config struct {
	File   string // the users' file; empty: none is kept, and everybody is this machine's own operator
	Secure bool   // the pages are served over TLS: cookies are for TLS only
}

// Deps is what the door is given.
type Deps struct {
	Log *slog.Logger
	Now func() time.Time
}

// Door stands before the pages.
type Door struct{ cfg Config }

// New reads the file.
func New(cfg Config, deps Deps) (*Door, error) {
	if cfg.File != "" {
		return nil, errors.New("not yet")
	}
	return &Door{cfg}, nil
}

// Before puts the door before the pages: each request that passes has an api.Visitor.
func (d *Door) Before(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(w, r.WithContext(api.WithVisitor(r.Context(), api.Visitor{Role: api.RoleOperator})))
	})
}
