package judge

import (
	"context"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

const (
	toldWithin = 7 * 24 * time.Hour // an alarm that was told is known again for so long, should nobody judge meanwhile: as long as a rule looks back
	endedFor   = 15 * time.Minute   // it is said that an alarm is over
)

// told is an alarm as it stands in the store.
type told struct {
	tags   []api.TagValue // by name, but the kind and the site first
	since  time.Time
	sites  int64
	last   time.Time // when something was written of it
	active bool      // then
	lately bool      // it was active in the last quarter of an hour
	used   bool      // it goes on
}

func (t *told) tag(name string) string {
	for _, tag := range t.tags {
		if tag.Name == name {
			return tag.Value
		}
	}
	return ""
}

// goesOn tells whether an alarm is the one that was told. One that lasted when it was
// written last goes on if what it is about had begun by then; one that had ended
// if it is of the same beginning, give or take what a later judgement moves it by.
func (t *told) goesOn(one *alarm, together time.Duration) bool {
	if t.active {
		return !one.ofOutage || !one.since.After(t.last)
	}
	return one.since.Sub(t.since).Abs() <= together
}

// readTold reads the alarms of the last week: of each its newest point, and whether it was
// active lately.
func (a *alarms) readTold(ctx context.Context) error {
	a.told = map[string][]*told{}
	bySeries := map[string]*told{}
	week := store.Query{Measurement: "alarm", From: a.now.Add(-toldWithin), To: a.now.Add(time.Second), By: []string{"*"}}

	week.Select = []store.Selector{{Func: "last", Field: "active"}, {Field: "since_ms"}, {Field: "sites"}}
	series, err := a.store.Select(ctx, week)
	if err != nil {
		return err
	}
	for _, s := range series {
		row := s.Rows[len(s.Rows)-1]
		t := &told{tags: sortedTags(s.Tags), since: instant(row, "since_ms"), sites: row.Values["sites"].Integer(), last: row.Time, active: row.Values["active"].Integer() > 0}
		bySeries[seriesKey(t.tags)] = t
		k := alarmKey(t.tag(api.TagKind), t.tag(api.TagSite), t.tag(api.TagIncident))
		a.told[k] = append(a.told[k], t)
	}

	week.Select, week.From, week.Every = []store.Selector{{Func: "max", Field: "active"}}, a.now.Add(-endedFor), endedFor
	if series, err = a.store.Select(ctx, week); err != nil {
		return err
	}
	for _, s := range series {
		if t := bySeries[seriesKey(sortedTags(s.Tags))]; t != nil {
			t.lately = slices.ContainsFunc(s.Rows, func(row store.Row) bool { return row.Values["active"].Integer() > 0 })
		}
	}
	return nil
}

// sortedTags puts the tags in the order in which the judge writes them, so that a
// series stays one, and lists of points have one order.
func sortedTags(tags map[string]string) []api.TagValue {
	var out []api.TagValue
	for _, name := range alarmTags {
		if value, has := tags[name]; has {
			out = append(out, api.TagValue{Name: name, Value: value})
		}
	}
	return out
}

var alarmTags = []string{api.TagKind, api.TagSite, api.TagIncident, "mountain", "label", "since", "evidence", "office", "provider"}

func seriesKey(tags []api.TagValue) string {
	var b strings.Builder
	for _, t := range tags {
		b.WriteString(t.Name + "\x00" + t.Value + "\x00")
	}
	return b.String()
}
