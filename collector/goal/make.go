package goal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// Limits of a request.
const (
	usualMonths = 12
	MaxMonths   = 36
)

// UnknownGoal says that no standard of the desk has the id.
type UnknownGoal struct{ ID string }

func (e UnknownGoal) Error() string { return fmt.Sprintf("there is no target %q", e.ID) }

// order is a request with everything filled in.
type order struct {
	goal, compare *Standard // compare: nil if none is wanted
	month         Month
	months        int
	unitsOn       time.Time
	budget        int64
}

func (d *Desk) orderOf(r Request, now time.Time) (order, error) {
	o := order{month: r.Month, months: r.Months, unitsOn: r.UnitsOn, budget: max(r.Budget, 0)}
	var known bool
	if o.goal, known = d.Standard(r.Goal); !known {
		return order{}, UnknownGoal{r.Goal}
	}
	if r.Compare != "" {
		if o.compare, known = d.Standard(r.Compare); !known {
			return order{}, UnknownGoal{r.Compare}
		}
	}
	if o.month == (Month{}) {
		o.month = MonthOf(now).Add(-1)
	}
	if o.months == 0 {
		o.months = usualMonths
	}
	o.months = min(max(o.months, 1), MaxMonths)
	if o.unitsOn.IsZero() {
		o.unitsOn = o.month.lastDay()
	}
	o.unitsOn = dayOf(o.unitsOn)
	return o, nil
}

// from is the first month that any verdict rests on: of the history by the standard, of
// the month alone by the one that it is compared with.
func (o *order) from() Month {
	months := o.months - 1 + o.goal.window()
	if o.compare != nil {
		months = max(months, o.compare.window())
	}
	return o.month.Add(1 - months)
}

// known is all that a report is made of.
type known struct {
	order
	now      time.Time
	inv      *inventory.Inventory
	sites    []inventory.Site // in display order
	areas    map[string]inventory.Area
	due      map[string][]DueDay
	days     map[string][]judge.Period // of due days only
	heard    map[string]string         // rollout in the month
	declared map[Month]map[string]declared.Declaration
	judged   time.Time
	hashes   Known
}

// read gathers it. A time of which nothing can be known is read as empty.
func (d *Desk) read(ctx context.Context, o order, inv *inventory.Inventory, judged, now time.Time) (*known, error) {
	k := &known{order: o, now: now, inv: inv, sites: inv.Sites(), judged: judged, areas: map[string]inventory.Area{}}
	for _, a := range inv.Areas() {
		k.areas[a.Code] = a
	}
	from := o.from().From()
	hashFrom := o.month.Add(1 - o.goal.window()).From()
	days, err := d.readDays(ctx, o, now)
	if err != nil {
		return nil, fmt.Errorf("read days of %s: %w", o.month, err)
	}
	if k.heard, err = d.rolloutIn(ctx, o.month, days.by, inv, from, now); err != nil {
		return nil, fmt.Errorf("read who was heard: %w", err)
	}
	k.openings(from, days.by)
	if err := k.readDeclared(d); err != nil {
		return nil, err
	}
	k.hashes.Days, k.hashes.Inventory = days.hash, k.hashInventory(hashFrom)
	return k, nil
}

// openings finds the due days, and of the days that were read those that are due.
func (k *known) openings(from time.Time, read map[string][]judge.Period) {
	open := openingsOf(k.inv, from, k.month.Until())
	k.due, k.days = make(map[string][]DueDay, len(k.sites)), make(map[string][]judge.Period, len(k.sites))
	for i := range k.sites {
		site := &k.sites[i]
		k.due[site.ID] = open.of(site)
		if days := read[site.ID]; len(days) > 0 {
			k.days[site.ID] = onDueDays(days, k.due[site.ID])
		}
	}
}

// onDueDays leaves out, in place, what was measured on other days.
func onDueDays(days []judge.Period, due []DueDay) []judge.Period {
	at := 0
	return slices.DeleteFunc(days, func(p judge.Period) bool {
		for at < len(due) && due[at].Day.Before(p.From) {
			at++
		}
		return at == len(due) || !due[at].Day.Equal(p.From)
	})
}

func (k *known) readDeclared(d *Desk) error {
	k.declared = make(map[Month]map[string]declared.Declaration, k.months)
	for n := range k.months {
		month := k.month.Add(-n)
		said, hash, damaged, err := d.inForce(month.lastDay())
		if err != nil {
			return err
		}
		k.declared[month] = said
		if n == 0 {
			k.hashes.Declarations, k.hashes.Unread = hash, d.unread(damaged)
		}
	}
	return nil
}

// inForce is what is declared at the end of a day. Sheets that are damaged say nothing; the
// others hold.
func (d *Desk) inForce(day time.Time) (map[string]declared.Declaration, string, *declared.Damaged, error) {
	said, hash, err := d.Book.InForce(day, time.Time{})
	damaged, _ := errors.AsType[*declared.Damaged](err)
	if err != nil && damaged == nil {
		return nil, "", nil, fmt.Errorf("read declarations: %w", err)
	}
	return said, hash, damaged, nil
}

// unread tells how many sheets are damaged, and the log which.
func (d *Desk) unread(damaged *declared.Damaged) int {
	if damaged == nil {
		return 0
	}
	d.deps.Log.Warn("some declarations cannot be read and are left out", "error", damaged)
	return len(damaged.Files)
}

// evidence is what a verdict by a standard rests on.
func (k *known) evidence(s *Standard, site *inventory.Site, month Month) Evidence {
	from, until := month.Add(1-s.window()).From(), month.Until()
	e := Evidence{Site: *site, LAN2023: k.areas[site.AreaCode].LAN2023, Month: month, Now: k.now}
	e.Due = within(k.due[site.ID], func(d *DueDay) time.Time { return d.Day }, from, until)
	e.Days = within(k.days[site.ID], func(p *judge.Period) time.Time { return p.From }, from, until)
	if said, there := k.declared[month][site.ID]; there {
		e.Declared = &said
	}
	return e
}

// within is the part of a list, which is in order of time, from a moment to before another.
func within[T any](all []T, at func(*T) time.Time, from, until time.Time) []T {
	place := func(t time.Time) int {
		return sort.Search(len(all), func(i int) bool { return !at(&all[i]).Before(t) })
	}
	end := place(until)
	return all[place(from):end:end]
}

// newestJudgement is when the judge last wrote that it had judged.
func (d *Desk) newestJudgement(ctx context.Context, now time.Time) (time.Time, error) {
	series, err := d.deps.Store.Select(ctx, store.Query{
		Measurement: "judgement", Select: []store.Selector{{Func: "last", Field: "until_ms"}},
		From: now.AddDate(0, 0, -keptDays), To: now.Add(api.DefaultInterval),
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("read the newest judgement: %w", err)
	}
	var newest time.Time
	for _, s := range series {
		for _, row := range s.Rows {
			newest = later(newest, row.Time)
		}
	}
	return newest, nil
}

// besides runs f for each number below n, a few beside one another.
func besides(ctx context.Context, n int, f func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(runtime.GOMAXPROCS(0), 2))
	for i := range n {
		group.Go(func() error { return f(ctx, i) })
	}
	return group.Wait()
}
