package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// openFor is how long ago an outage that goes on may have begun to be looked for at each
// judgement. One that has lasted longer is no news, and its incident stands in the
// heartbeat before.
const openFor = 7 * 24 * time.Hour

// readOutages finds of each site the newest that goes on; one of a device only if there
// is no other.
func (j *Judge) readOutages(ctx context.Context, now time.Time, at map[string]*Evidence) error {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "outage",
		Select:      []store.Selector{{Func: "last", Field: "status"}, {Field: "kind"}, {Field: "interruptions"}, {Field: "incident"}},
		From:        now.Add(-openFor), To: now.Add(j.cfg.Interval),
		By: []string{api.TagSite, api.TagID},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil || len(s.Rows) == 0 || s.Rows[0].Values["status"].Text() != api.StatusOpen {
			continue
		}
		row := s.Rows[0]
		o := Outage{
			ID: s.Tags[api.TagID], Site: s.Tags[api.TagSite], At: row.Time, Status: api.StatusOpen, Kind: row.Values["kind"].Text(),
			Interruptions: int(row.Values["interruptions"].Integer()), Incident: row.Values["incident"].Text(),
		}
		if e.Open.ID == "" || o.beside(&e.Open) {
			e.Open = o
		}
	}
	return err
}

// beside tells whether of two that go on this one says more of the site.
func (o *Outage) beside(other *Outage) bool {
	if own, others := o.Kind != api.KindDevice, other.Kind != api.KindDevice; own != others {
		return own
	}
	return o.At.After(other.At)
}
