package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// maxReceipts bounds the rows of one look at the receipts, about.
const maxReceipts = 200_000

// hearing is what the receipts say: who was heard when, and of what times something
// has come that is not judged yet.
type hearing struct {
	cursor time.Time                // receipts before it have been read
	newest map[string]Receipt       // by site
	of     *inventory.Inventory     // of which sites they are
	seen   map[receiptKey]time.Time // of those that are read again, since others may still appear beside them
	late   map[string][]lateSpan    // by site, in order of time, apart from one another
	judged map[string]time.Time     // when late data of a site was judged last
}

type receiptKey struct {
	site, agent string
	time        int64
}

// lateSpan is a time of which something came that the live look does not see.
type lateSpan struct {
	Span
	receipt time.Time // of the first request that told of it
}

func (h *hearing) forget() {
	*h = hearing{seen: map[receiptKey]time.Time{}, late: map[string][]lateSpan{}, judged: map[string]time.Time{}}
}

// hear reads the receipts since the last call, and a little before: a receipt is in the
// store only a while after its time. It takes up a bounded stretch; after a long absence
// the next calls go on.
func (p *pass) hear(ctx context.Context) error {
	h := &p.hearing
	if h.of != p.inv {
		if err := p.readNewest(ctx); err != nil {
			return err
		}
	}
	perMinute := max(1, len(p.sites)) // a receipt a minute
	from := later(h.cursor.Add(-receiptIn), p.now.Add(-retention))
	to := earlier(p.now.Add(api.MaxAhead), from.Add(time.Duration(max(10, maxReceipts/perMinute))*time.Minute))
	series, err := p.j.deps.Store.Select(ctx, store.Query{
		Measurement: "receipt",
		Select:      []store.Selector{{Field: "lines"}, {Field: "first_time_ms"}, {Field: "last_time_ms"}, {Field: "every_seconds"}, {Field: "goodbye"}},
		From:        from, To: to, By: []string{api.TagSite, api.TagAgent},
	})
	if err != nil {
		return err
	}
	for _, s := range series {
		site := s.Tags[api.TagSite]
		if _, known := p.inv.Site(site); !known {
			continue
		}
		for _, row := range s.Rows {
			p.took(site, s.Tags[api.TagAgent], row)
		}
	}
	h.cursor = earlier(to, p.now)
	p.missed()
	for key, at := range h.seen {
		if at.Before(h.cursor.Add(-2 * receiptIn)) {
			delete(h.seen, key)
		}
	}
	return nil
}

// missed takes what no live look saw, because passes failed or came late, for late data.
func (p *pass) missed() {
	if p.lived.IsZero() {
		return // a new judge: the receipts tell
	}
	for i := range p.sites {
		id := p.sites[i].ID
		back := liveBack(p.intervalOf(id))
		if p.now.Sub(p.lived) > back/2 && !p.hearing.newest[id].Time.IsZero() {
			p.hearing.add(id, lateSpan{Span{p.lived.Add(-back), p.now}, p.lived})
		}
	}
}

func (p *pass) intervalOf(id string) time.Duration {
	site, _ := p.inv.Site(id) // one that is not known measures as most do
	return p.j.cfg.Policies.interval(&site)
}

// readNewest is for a new judge, and for sites that are new to it: the newest receipt of each.
func (p *pass) readNewest(ctx context.Context) error {
	files := make(map[string]*Evidence, len(p.sites))
	for i := range p.sites {
		files[p.sites[i].ID] = &Evidence{}
	}
	if err := p.j.readReceipts(ctx, p.now, files); err != nil {
		return err
	}
	h := &p.hearing
	if h.of == nil {
		h.newest = map[string]Receipt{}
	}
	for site, e := range files {
		if e.Receipt.Time.After(h.newest[site].Time) {
			h.newest[site] = e.Receipt
		}
	}
	h.of = p.inv
	return nil
}

// took notes one receipt, once.
func (p *pass) took(site, agent string, row store.Row) {
	h := &p.hearing
	key := receiptKey{site, agent, row.Time.UnixNano()}
	if _, known := h.seen[key]; known {
		return
	}
	h.seen[key] = row.Time
	p.touched[site] = true
	if row.Time.After(h.newest[site].Time) {
		h.newest[site] = receiptOf(row)
	}
	first, last := instant(row, "first_time_ms"), instant(row, "last_time_ms")
	if first.IsZero() || last.Before(first) {
		return
	}
	liveFrom := p.now.Add(-liveBack(p.intervalOf(site)))
	if !first.Before(liveFrom) {
		return // the live look sees all of it
	}
	first, last = later(first, p.now.Add(-retention)), earlier(last, p.now)
	if last.Before(first) {
		return
	}
	h.add(site, lateSpan{Span: Span{first, last}, receipt: row.Time})
}

// nearness is how far apart two times of one site are that are judged together: what
// lies between is read twice otherwise, as what leads up to them.
const nearness = 30 * time.Minute

// add keeps the spans of a site apart and in order, near ones merged.
func (h *hearing) add(site string, s lateSpan) {
	kept := make([]lateSpan, 0, len(h.late[site])+1)
	for _, other := range h.late[site] {
		if other.From.After(s.To.Add(nearness)) || s.From.After(other.To.Add(nearness)) {
			kept = append(kept, other)
			continue
		}
		s.From, s.To, s.receipt = earlier(s.From, other.From), later(s.To, other.To), earlier(s.receipt, other.receipt)
	}
	kept = append(kept, s)
	slices.SortFunc(kept, func(a, b lateSpan) int { return a.From.Compare(b.From) })
	h.late[site] = kept
}

// judgedUntil is before what nothing is left to do: no receipt is unread, and no time
// that one told of is unjudged.
func (p *pass) judgedUntil() time.Time {
	until := p.hearing.cursor
	for _, spans := range p.hearing.late {
		for _, s := range spans {
			until = earlier(until, s.receipt)
		}
	}
	return earlier(until, p.schedule.owes())
}
