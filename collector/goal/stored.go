package goal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

const siteDay = "site_day"

// measuredDays are the days of all sites, by id, oldest first, with what tells whether
// they are the same as another time.
type measuredDays struct {
	by   map[string][]judge.Period
	hash string // over those of the month's own window
}

// daysAtOnce is how many days one question asks: parts are read beside one another.
const daysAtOnce = 92

// firstDay is before any day that was judged, and within what a database can name.
var firstDay = time.Date(2020, 1, 1, 0, 0, 0, 0, inventory.Zone())

// question is for some columns of some days of all sites.
type question struct {
	from, until time.Time
	columns     []string
}

// questions are for the months of an order, oldest first. Months of which the same is
// wanted are asked together, and long times in parts.
func (o *order) questions(now time.Time) []question {
	var all []question
	for month := o.from(); month != o.month.Add(1); month = month.Add(1) {
		q := question{later(month.From(), firstDay), earlier(month.Until(), now), o.columns(month)}
		if !q.from.Before(q.until) {
			continue
		}
		if n := len(all); n > 0 && q.until.Sub(all[n-1].from) <= daysAtOnce*24*time.Hour && slices.Equal(q.columns, all[n-1].columns) {
			all[n-1].until = q.until
			continue
		}
		all = append(all, q)
	}
	return all
}

// columns are those of a month that any verdict needs, sorted.
func (o *order) columns(month Month) []string {
	before := month.until(o.month)
	wanted := unique(basis, o.goal.columns(before-o.months+1))
	if o.compare != nil {
		wanted = unique(wanted, o.compare.columns(before))
	}
	return wanted
}

// hashed are those of a month on which the verdict on the report's own month rests; nil:
// none does. What else a request makes us read is not in the hash.
func (o *order) hashed(month Month) []string {
	before := month.until(o.month)
	if before >= o.goal.window() {
		return nil
	}
	return unique(basis, o.goal.columns(before))
}

// unique are the texts of both lists, each once, sorted.
func unique(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// readDays reads site_day as far as it may be there yet.
func (d *Desk) readDays(ctx context.Context, o order, now time.Time) (measuredDays, error) {
	asked := o.questions(now)
	read := make([]*answer, len(asked))
	err := besides(ctx, len(asked), func(ctx context.Context, i int) (err error) {
		read[i], err = d.askDays(ctx, o, asked[i])
		return err
	})
	if err != nil {
		return measuredDays{}, err
	}
	m := measuredDays{by: map[string][]judge.Period{}}
	sum := sha256.New()
	for _, site := range sitesIn(read) {
		for _, part := range read {
			m.by[site] = append(m.by[site], part.by[site]...)
			sum.Write(part.hashed[site])
		}
		slices.SortStableFunc(m.by[site], func(a, b judge.Period) int { return a.From.Compare(b.From) }) // they are, on the engines that we know
	}
	m.hash = hex.EncodeToString(sum.Sum(nil))
	return m, nil
}

// answer is by site: the days, and what of them is hashed.
type answer struct {
	by     map[string][]judge.Period
	hashed map[string][]byte
}

func (d *Desk) askDays(ctx context.Context, o order, q question) (*answer, error) {
	selected := make([]store.Selector, len(q.columns))
	for i, name := range q.columns {
		selected[i] = store.Selector{Field: name}
	}
	found := &answer{map[string][]judge.Period{}, map[string][]byte{}}
	periodOf, hashed := judge.PeriodScan(q.columns), o.places(q)
	err := d.deps.Store.Scan(ctx, store.Query{
		Measurement: siteDay, Select: selected, From: q.from, To: q.until, By: []string{api.TagSite},
	}, func(tags map[string]string, at time.Time, values []api.Value) {
		site := tags[api.TagSite]
		days := found.by[site]
		if days == nil {
			days = make([]judge.Period, 0, daysAtOnce+1)
		}
		found.by[site] = append(days, periodOf(site, at, values))
		if places := hashed[MonthOf(at)]; places != nil {
			found.hashed[site] = appendRow(found.hashed[site], site, at, values, places)
		}
	})
	return found, err
}

// places are, by month, where in an answer's rows the columns stand that are hashed.
func (o *order) places(q question) map[Month][]int {
	all := map[Month][]int{}
	for month := MonthOf(q.from); month.From().Before(q.until); month = month.Add(1) {
		for _, name := range o.hashed(month) {
			all[month] = append(all[month], slices.Index(q.columns, name))
		}
	}
	return all
}

// appendRow writes some of a row so that another one is written otherwise.
func appendRow(b []byte, site string, at time.Time, values []api.Value, places []int) []byte {
	b = append(b, site...)
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	for _, i := range places {
		b = append(b, byte(values[i].Kind()))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(values[i].Float()))
	}
	return b
}

func sitesIn(parts []*answer) []string {
	all := map[string]bool{}
	for _, part := range parts {
		for site := range part.by {
			all[site] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
