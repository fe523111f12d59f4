// Package board is the pages that a person opens: the province at a glance (/), one
// site (/site/{id}), what went wrong (/incidents, /incident/{id}) with what people of the
// operations centre did about it, which offices meet the target (/target and its papers,
// /published), how far agents and declarations have come (/rollout, /import), what changed
// as it happens (/events), and their style and script (/static/). Each is a row of
// routes.go, with the least role that it needs; who is asking was proven before. In come the
// store's points, the inventory and the desk of collector/goal, out goes HTML that works
// without script, in Vietnamese, or English with ?lang=en.
//
// It shows what is there and says so where nothing is: a gap stays a gap, an old
// judgement is called old, a database that does not answer is named. What it writes are
// notes (note.go), declarations (import.go) and published reports (published.go), and nothing
// else; it takes no form that another page sent, loads nothing from outside, and prints
// nothing that came from an agent or a person other than escaped. It judges nothing.
package board

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// readTime bounds what one page reads.
const readTime = 15 * time.Second

// Store is what the pages need of the store's.
type Store interface {
	Select(context.Context, store.Query) ([]store.Series, error)
	Write(context.Context, api.Retention, []byte) error
}

// Deps is what the pages are given.
type Deps struct {
	Store     Store
	Inventory func() *inventory.Inventory // as it is now; asked for each page
	Problem   func(say.Lang) string       // why it is not newer; empty: it is. May be nil
	Log       *slog.Logger
	Now       func() time.Time
	Interval  time.Duration   // between an office's rounds; 0 is the default of 60 s
	Policies  *judge.Policies // by which the judge judges; nil: the default
	Desk      *goal.Desk      // of the reports on the target; nil: these pages say that there is none
}

// board answers the requests.
type board struct {
	deps       Deps
	pages      pages
	province   provinceCache
	failing    atomic.Bool // the last read failed, and that was logged
	needs      map[string]api.UserRole
	events     events
	times      eventTimes
	started    time.Time
	desk       desk // nil: there is none
	reports    *reports
	outlines   *outlines
	pending    pending
	publishing sync.Mutex // one is kept after the other
}

// policy is by what a site is judged, so that a page marks as bad what the judge finds bad.
func (b *board) policy(site *inventory.Site) judge.Policy {
	return b.deps.Policies.For(site, cmp.Or(site.Interval, b.deps.Interval))
}

// New makes the handler; it asks nothing of the store. Each request must come with who is
// reading ([api.WithVisitor]).
func New(deps Deps) (http.Handler, error) {
	b, static, err := newBoard(deps)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	return b.handler(static), nil
}

func newBoard(deps Deps) (*board, *static, error) {
	if deps.Store == nil || deps.Inventory == nil || deps.Log == nil || deps.Now == nil {
		return nil, nil, errors.New("it needs a store, an inventory, a log and a clock")
	}
	if deps.Interval == 0 {
		deps.Interval = api.DefaultInterval
	}
	if err := api.CheckInterval(deps.Interval); err != nil {
		return nil, nil, err
	}
	if deps.Policies == nil {
		policies := judge.DefaultPolicies()
		deps.Policies = &policies
	}
	static, err := readStatic()
	if err != nil {
		return nil, nil, err
	}
	pages, err := readPages(static)
	if err != nil {
		return nil, nil, err
	}
	b := &board{deps: deps, pages: pages, times: eventTimes{lookEvery, beatEvery, streamLife}, started: deps.Now(), reports: newReports()}
	if b.outlines, err = readOutlines(); err != nil {
		return nil, nil, err
	}
	if deps.Desk != nil {
		b.desk = ownDesk{deps.Desk}
	}
	b.events.id.Store(new(string))
	return b, static, nil
}

func (b *board) handler(static http.Handler) http.Handler {
	all := b.routes(static)
	b.needs = needs(all)
	mux := http.NewServeMux()
	for _, r := range all {
		if strings.HasPrefix(r.Pattern, http.MethodPost) {
			r.handle = b.noting(r.handle)
		}
		mux.HandleFunc(r.Pattern, b.held(r))
	}
	return guarded(b.ownForms(mux))
}

// guarded sets what holds for every answer: nothing from outside is loaded, nothing
// inline is run, and no other page may frame these.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (b *board) serveProvince(w http.ResponseWriter, r *http.Request) {
	now, err := b.province.get(r.Context(), b)
	if !b.read(w, r, err) {
		return
	}
	lang := langOf(r)
	b.write(w, r, http.StatusOK, "province", b.provincePage(now, lang, api.State(r.URL.Query().Get("state"))))
}

func (b *board) serveSite(w http.ResponseWriter, r *http.Request) {
	site, known := b.deps.Inventory().Site(r.PathValue("id"))
	if !known {
		b.message(w, r, http.StatusNotFound, "board.no_site", "board.no_site_hint")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	period := periodOf(r.URL.Query().Get("period"))
	now, err := b.readSite(ctx, site, period)
	if !b.read(w, r, err) {
		return
	}
	page := b.sitePage(now, langOf(r))
	page.Target = b.siteTarget(r, site.ID)
	b.write(w, r, http.StatusOK, "site", page)
}

// read answers for a read that failed, and logs the first of a row of them.
func (b *board) read(w http.ResponseWriter, r *http.Request, err error) bool {
	if err == nil {
		if b.failing.Swap(false) {
			b.deps.Log.Info("pages can be read again")
		}
		return true
	}
	if r.Context().Err() != nil { // the reader has gone away: it says nothing of the store
		return false
	}
	if !b.failing.Swap(true) {
		b.deps.Log.Error("pages cannot be read from the store", "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Retry-After", "5")
	hint := say.Key("board.no_store_hint")
	if _, wrong := errors.AsType[*store.Misconfigured](err); wrong {
		hint = "board.bad_store_hint"
	}
	b.message(w, r, http.StatusServiceUnavailable, "board.no_store", hint)
	return false
}

func (b *board) message(w http.ResponseWriter, r *http.Request, status int, title, hint say.Key) {
	lang := langOf(r)
	b.sentence(w, r, status, lang.Text(title), lang.Text(hint))
}

func (b *board) sentence(w http.ResponseWriter, r *http.Request, status int, title, hint string) {
	p := messagePage{frame: b.frame(langOf(r), title), Hint: hint}
	if status != http.StatusServiceUnavailable {
		p.Every = 0 // it will not be there in five seconds
	}
	b.write(w, r, status, "message", p)
}

func langOf(r *http.Request) say.Lang {
	lang, _ := say.ParseLang(r.URL.Query().Get("lang")) // what is neither of the two is the default
	return lang
}
