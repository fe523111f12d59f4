package board

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
)

// Limits of the reports that pages ask for: how long one serves every reader, how many
// are kept, how many are made at once, and how long one may take.
const (
	keepReport    = time.Minute
	maxReports    = 16
	reportsAtOnce = 2
	reportTime    = 60 * time.Second
)

// desk is what the pages need of [goal.Desk].
type desk interface {
	Report(context.Context, goal.Request) (*goal.Report, error)
	RolloutNow(context.Context) (goal.Rollout, map[string]goal.RolloutOf, error)
	Standard(id string) (*goal.Standard, bool)
	standards() []*goal.Standard
	book() *declared.Book
	archive() *goal.Archive
}

// ownDesk is the real one.
type ownDesk struct{ *goal.Desk }

func (d ownDesk) standards() []*goal.Standard { return d.Standards }
func (d ownDesk) book() *declared.Book        { return d.Book }
func (d ownDesk) archive() *goal.Archive      { return d.Archive }

// report is one that is at most [keepReport] old.
func (b *board) report(ctx context.Context, request goal.Request) (*goal.Report, error) {
	key := request.Goal + "\x00" + request.Compare + "\x00" + request.Month.String() + "\x00" +
		request.UnitsOn.Format(time.DateOnly) + "\x00" + format{}.number(float64(request.Budget), 0)
	return b.reports.get(ctx, key, b.deps.Now(), func(ctx context.Context) (*goal.Report, error) {
		return b.desk.Report(ctx, request)
	})
}

// reports are the last that were made. Readers of the same one that come together wait for
// one making.
type reports struct {
	mu   sync.Mutex
	made map[string]*making
	turn chan struct{}
}

type making struct {
	at     time.Time
	done   chan struct{} // closed when the two below are there
	report *goal.Report
	err    error
}

func newReports() *reports {
	return &reports{made: map[string]*making{}, turn: make(chan struct{}, reportsAtOnce)}
}

func (c *reports) get(ctx context.Context, key string, now time.Time, make func(context.Context) (*goal.Report, error)) (*goal.Report, error) {
	m, mine := c.find(key, now)
	if mine {
		c.make(ctx, key, m, make)
	}
	select {
	case <-m.done:
		return m.report, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// find gives the making of a report, and whether it is the caller's to do.
func (c *reports) find(key string, now time.Time) (m *making, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.made[key]; m != nil {
		if age := now.Sub(m.at); age >= 0 && age < keepReport {
			return m, false
		}
	}
	for len(c.made) >= maxReports {
		c.forgetOldest()
	}
	m = &making{at: now, done: make(chan struct{})}
	c.made[key] = m
	return m, true
}

func (c *reports) forgetOldest() {
	var oldest string
	for key, m := range c.made {
		if first := c.made[oldest]; first == nil || m.at.Before(first.at) {
			oldest = key
		}
	}
	delete(c.made, oldest)
}

// make does it. The reader who happens to make it for all may go away.
func (c *reports) make(ctx context.Context, key string, m *making, make func(context.Context) (*goal.Report, error)) {
	defer close(m.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTime)
	defer cancel()
	if release, ok := c.wait(ctx); ok {
		m.report, m.err = make(ctx)
		release()
	} else {
		m.err = ctx.Err()
	}
	if m.err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made[key] == m {
		delete(c.made, key)
	}
}

// wait gives a turn at what takes a processor for a second, a workbook as well as a report.
func (c *reports) wait(ctx context.Context) (release func(), ok bool) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, true
	case <-ctx.Done():
		return nil, false
	}
}

// forget makes the next reader see what was just imported or published.
func (c *reports) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.made)
}

func (b *board) noBook(w http.ResponseWriter, r *http.Request, err error) {
	b.deps.Log.Error("declarations cannot be read", "error", err)
	b.message(w, r, http.StatusInternalServerError, "target.no_book", "target.no_book_hint")
}

// visitor is who is reading; nobody may nothing.
func visitor(r *http.Request) api.Visitor {
	v, _ := api.VisitorFrom(r.Context())
	return v
}

// signer is who a form is from: the person who signed in, or, where no users are kept,
// the name that the form holds.
func signer(r *http.Request) (by string, ok bool) {
	by = cmp.Or(visitor(r).Name, written(r.FormValue("by")))
	return by, by != "" && len([]rune(by)) <= maxName
}
