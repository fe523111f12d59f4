// Package users knows the people who may open the pages: a file of names, roles and
// argon2id hashes (person.go, hash.go; followed by file.go, written by change.go), sessions
// (session.go), limits (tries.go), and the door before the pages: who has no session is
// shown where to sign in (signin.go). In come requests and a file, out go requests with a
// proven api.Visitor. It must never tell a wrong name from a wrong password, never keep or
// log a password or a session's secret, and never let a form pass that was not made for the
// session it comes with.
package users

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// Config is by what people are known.
type Config struct {
	File   string // the users' file; empty: none is kept, and everybody is this machine's own operator
	Secure bool   // the pages are served over TLS: cookies are for TLS only
}

// Deps is what the door is given; without a users' file it needs none of it.
type Deps struct {
	Log      *slog.Logger
	Now      func() time.Time
	Static   func(file string) string // address of a style or an icon of the pages; nil: /static/file
	Registry prometheus.Registerer    // optional
}

// Door stands before the pages.
type Door struct {
	cfg      Config
	deps     Deps
	people   *people // nil: none are kept
	sessions *sessions
	tries    *tries
	worker   *worker
	pages    pages
	formKey  string // of the tokens in forms for signing in
	own      *http.CrossOriginProtection
	signIns  *prometheus.CounterVec
}

// New reads the file.
func New(cfg Config, deps Deps) (*Door, error) {
	if cfg.File == "" {
		return &Door{cfg: cfg}, nil
	}
	if deps.Log == nil || deps.Now == nil {
		return nil, errors.New("a door needs a log and a clock")
	}
	if deps.Static == nil {
		deps.Static = func(file string) string { return staticPath + file }
	}
	people, err := openPeople(cfg.File, deps.Log, deps.Now)
	if err != nil {
		return nil, err
	}
	pages, err := readPages(deps.Static)
	if err != nil {
		return nil, err
	}
	d := &Door{
		cfg: cfg, deps: deps, people: people, pages: pages,
		sessions: &sessions{now: deps.Now, of: map[secretHash]*session{}},
		tries:    newTries(deps.Now), worker: newWorker(),
		formKey: newSecret(), own: http.NewCrossOriginProtection(),
	}
	return d, d.count()
}

// Before puts the door before the pages: each request that passes has an api.Visitor, but
// those for style and icons, which the page for signing in needs.
func (d *Door) Before(pages http.Handler) http.Handler {
	if d.people == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == signInPath || r.URL.Path == signOutPath {
				http.Redirect(w, r, "/", http.StatusSeeOther)
				return
			}
			pages.ServeHTTP(w, r.WithContext(api.WithVisitor(r.Context(), api.Visitor{Role: api.RoleOperator})))
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What people may read is for them alone; style and icons say otherwise of themselves.
		w.Header().Set("Cache-Control", "no-store")
		if writes(r) && d.own.Check(r) != nil {
			d.message(w, r, http.StatusForbidden, "users.foreign", "users.foreign_hint")
			return
		}
		switch {
		case r.URL.Path == signInPath:
			d.signIn(w, r)
		case r.URL.Path == signOutPath:
			d.signOut(w, r)
		case isStatic(r):
			pages.ServeHTTP(w, r)
		default:
			d.pass(w, r, pages)
		}
	})
}

// pass lets in who has a session, with forms that were made for it.
func (d *Door) pass(w http.ResponseWriter, r *http.Request, pages http.Handler) {
	id := d.cookie(r, sessionCookie)
	of, on := d.sessions.use(id, d.people.find)
	if !on {
		d.ask(w, r, id != "")
		return
	}
	if writes(r) {
		token, status := d.token(w, r)
		if r.MultipartForm != nil {
			defer r.MultipartForm.RemoveAll() // the server knows only the first request's
		}
		if status != 0 {
			d.message(w, r, status, "users.unreadable", "users.unreadable_hint")
			return
		}
		if !equal(token, of.csrf) {
			d.message(w, r, http.StatusForbidden, "users.stale", "users.stale_hint")
			return
		}
	}
	ctx, cancel := d.during(r, id)
	defer cancel()
	pages.ServeHTTP(w, r.WithContext(api.WithVisitor(ctx, api.Visitor{Name: of.person.Name, Role: of.person.Role, CSRF: of.csrf})))
}

// count has the metrics.
func (d *Door) count() error {
	d.signIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "communewatch_users_sign_ins_total", Help: "Tries to sign in, by result: ok, wrong, hurried (too many), busy, stale (no token of ours).",
	}, []string{"result"})
	if d.deps.Registry == nil {
		return nil
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "communewatch_users_sessions", Help: "Sessions at the pages that did not end yet, or did so unnoticed.",
	}, func() float64 { return float64(d.sessions.count()) })
	return errors.Join(d.deps.Registry.Register(d.signIns), d.deps.Registry.Register(open))
}
