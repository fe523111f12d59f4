package goal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"communewatch/collector/inventory"
)

// Limits of what is remembered. A report of a province is about a megabyte.
const (
	keepRecent = time.Minute
	maxRecent  = 8
)

// Report makes one, or gives the one that was made for the same request within a minute
// if nothing that it rests on has changed since. It is shared: it is not to be changed.
func (d *Desk) Report(ctx context.Context, r Request) (*Report, error) {
	now := d.deps.Now()
	o, err := d.orderOf(r, now)
	if err != nil {
		return nil, err
	}
	basis, err := d.recall(ctx, o.basis(), now)
	if err != nil {
		return nil, err
	}
	return basis.as(o), nil
}

// recall gives what was made within a minute, or makes it.
func (d *Desk) recall(ctx context.Context, o order, now time.Time) (*drawn, error) {
	m, release, err := d.recent.enter(ctx, o, now)
	if err != nil {
		return nil, err
	}
	defer release()
	stamp, err := d.stamp(ctx, now)
	if err != nil {
		return nil, err
	}
	if age := now.Sub(m.at); m.drawn != nil && m.stamp == stamp && age >= 0 && age < keepRecent {
		return m.drawn, nil
	}
	made, err := d.draw(ctx, o, stamp, now)
	if err != nil {
		return nil, err
	}
	m.drawn, m.at, m.stamp = made, now, stamp
	return made, nil
}

func (d *Desk) draw(ctx context.Context, o order, stamp stamp, now time.Time) (*drawn, error) {
	k, err := d.read(ctx, o, stamp.inv, stamp.judged, now)
	if err != nil {
		return nil, err
	}
	r, err := k.report(ctx, d.cfg.Version)
	if err != nil {
		return nil, err
	}
	if err := d.compare(r); err != nil {
		return nil, err
	}
	return &drawn{order: o, inv: k.inv, areas: k.areas, report: r}, nil
}

// basis is the order without what costs nothing to add, so that who tries budgets or days
// makes nothing be read again.
func (o order) basis() order {
	o.budget, o.unitsOn = 0, o.month.lastDay()
	return o
}

// drawn is a report as it was made, and what turns it into another of the same basis.
type drawn struct {
	order  order
	inv    *inventory.Inventory
	areas  map[string]inventory.Area
	report *Report
}

// as is the report with the units of another day and a plan.
func (m *drawn) as(o order) *Report {
	if o == m.order {
		return m.report
	}
	r := *m.report
	if !o.unitsOn.Equal(m.order.unitsOn) {
		r.UnitsOn, r.Sites = o.unitsOn, slices.Clone(r.Sites)
		for i := range r.Sites {
			site, _ := m.inv.Site(r.Sites[i].ID)
			r.Sites[i].belongs(&site, o.unitsOn)
		}
		r.Groups = groupsOf(r.Sites, m.areas)
	}
	if o.budget > 0 {
		r.Plan = planOf(r.Sites, o.goal, o.budget)
	}
	return &r
}

// compare holds it against the published one.
func (d *Desk) compare(r *Report) error {
	before, published, err := d.Archive.Last(r.Goal.ID, r.Month)
	if damaged, _ := errors.AsType[*Damaged](err); damaged != nil {
		d.deps.Log.Warn("a published report is damaged and left out", "error", err)
	} else if err != nil {
		return fmt.Errorf("read the published report of %s: %w", r.Month, err)
	}
	if published != nil {
		r.Changes = ChangesSince(before, published.Hash, r)
	}
	return nil
}

// stamp is what tells that a report would be another one.
type stamp struct {
	inv       *inventory.Inventory
	judged    time.Time
	book      string    // its version
	published time.Time // when the archive's folder changed
}

func (d *Desk) stamp(ctx context.Context, now time.Time) (stamp, error) {
	judged, err := d.newestJudgement(ctx, now)
	if err != nil {
		return stamp{}, err
	}
	book, err := d.Book.Version()
	if err != nil {
		return stamp{}, fmt.Errorf("read declarations: %w", err)
	}
	s := stamp{inv: d.deps.Inventory(), judged: judged, book: book}
	if folder, err := os.Stat(d.Archive.dir); err == nil { // what cannot be read is told by who reads it
		s.published = folder.ModTime()
	}
	return s, nil
}

// recent remembers the last reports. Those who ask for the same one wait for the first of
// them; if that one goes away, the next makes it.
type recent struct {
	mu  sync.Mutex
	all map[order]*remembered
}

// remembered is the report of one order. Who has its turn may read and change it.
type remembered struct {
	turn  chan struct{} // holds one
	waits int           // who is here, under recent's lock
	asked time.Time     // last, likewise
	drawn *drawn
	at    time.Time
	stamp stamp
}

// enter waits for the turn at an order, which ends with the release.
func (c *recent) enter(ctx context.Context, o order, now time.Time) (*remembered, func(), error) {
	c.mu.Lock()
	if c.all == nil {
		c.all = map[order]*remembered{}
	}
	m := c.all[o]
	if m == nil {
		c.forget()
		m = &remembered{turn: make(chan struct{}, 1)}
		c.all[o] = m
	}
	m.waits++
	m.asked = now
	c.mu.Unlock()
	leave := func() {
		c.mu.Lock()
		m.waits--
		c.mu.Unlock()
	}
	select {
	case m.turn <- struct{}{}:
		return m, func() { <-m.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
}

// forget makes room for one more: those go of which nobody asked for the longest time.
func (c *recent) forget() {
	for len(c.all) >= maxRecent {
		var oldest *order
		for o, m := range c.all {
			if m.waits == 0 && (oldest == nil || m.asked.Before(c.all[*oldest].asked)) {
				oldest = &o
			}
		}
		if oldest == nil {
			return // all are being made
		}
		delete(c.all, *oldest)
	}
}
