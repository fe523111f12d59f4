package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Bounds of one pass. What is left over is taken up by the next.
const (
	receiptIn   = 3 * time.Minute // until a request's receipt is surely in the store: the time of its commit, and of other collectors' clocks
	firstBack   = 24 * time.Hour  // of what a judge begins with that finds no judgement
	passPeriods = 2_000           // hours of sites computed, likewise days
)

// Review judges anew what has come in since it was last called: timelines, outages,
// incidents, hours, days and alarms of the sites and times that the newest receipts
// touch, and of all sites what goes on now. The first call goes on where the last
// judgement in the store ended.
//
// All is written in this order: outages, incidents, the outages' incidents, alarms, hours, days, and the
// judgement, which says up to which receipt all of that was done. What fails is
// done again by the next call, or by another judge, from the store alone: receipts are
// read again from there on; an outage that was written and whose incident was not gets it with
// the first look at all of them; the hours of an outage that was judged since then are computed again.
// It is not to be called twice at once.
func (j *Judge) Review(ctx context.Context, now time.Time) error {
	p := &pass{books: j.books, j: j, now: now, inv: j.deps.Inventory(), began: time.Now(), touched: map[string]bool{}}
	p.sites = p.inv.Sites()
	err := p.run(ctx)
	j.books.metrics.passed(p, time.Since(p.began), err)
	if err != nil {
		j.books.stale = true
		return fmt.Errorf("review: %w", err)
	}
	return nil
}

// pass is one call of Review.
type pass struct {
	*books
	j     *Judge
	now   time.Time
	inv   *inventory.Inventory
	sites []inventory.Site
	began time.Time

	touched  map[string]bool // sites of which something had come
	rulings  []ruling
	computed int // hours of sites
	rows     int // that were read
}

// run goes on with the parts that do not rest on one that failed, so that a mistake in
// one of them does not keep the others from being done.
func (p *pass) run(ctx context.Context) error {
	if err := p.resume(ctx); err != nil {
		return err
	}
	if err := p.hear(ctx); err != nil {
		return err
	}
	if err := p.judgeLive(ctx); err != nil {
		return err
	}
	p.lived = p.now
	errs := []error{p.alarm(ctx), p.judgeLate(ctx), p.closeDeparted(ctx)}
	errs = append(errs, p.collectorIncident(ctx))
	errs = append(errs, p.computePeriods(ctx))
	return errors.Join(append(errs, p.close(ctx))...)
}

// judgeLate works off what came late, as much as a pass may.
func (p *pass) judgeLate(ctx context.Context) error {
	var failed error
	for _, sitting := range p.sittings(p.takeLate()) {
		if err := p.judgeAndWrite(ctx, sitting.trials); err != nil {
			failed = errors.Join(failed, err)
			var away *store.Unavailable
			if errors.As(err, &away) || ctx.Err() != nil {
				break
			}
			continue
		}
		for _, t := range sitting.trials {
			p.done(t)
		}
	}
	p.bound = passRows
	if failed != nil {
		p.narrow()
	}
	return failed
}
