package judge

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// How far back is read.
const (
	retention  = api.MaxBehind    // of receipts, and for heartbeats long enough
	maxBack    = 60               // rounds, after the judge was away
	maxBackFor = time.Hour        // and not more than this
	quarter    = 15 * time.Minute // of an hour: at these offices open and close
)

var zone = inventory.Zone()

// read gathers the evidence of every site, in their order: one query for each
// kind of evidence, however many sites there are.
func (j *Judge) read(ctx context.Context, now time.Time) ([]Evidence, error) {
	files := make([]Evidence, len(j.sites))
	at := make(map[string]*Evidence, len(files))
	for i := range j.sites {
		at[j.sites[i].ID] = &files[i]
	}
	newest, err := j.readHeartbeats(ctx, now, at)
	if err != nil {
		return nil, err
	}
	if err := j.readReceipts(ctx, now, at); err != nil {
		return nil, err
	}
	from := j.roundsFrom(now, newest, j.patience(files, now))
	if err := j.readRounds(ctx, from, now, at); err != nil {
		return nil, err
	}
	if err := j.readDevices(ctx, from, now, at); err != nil {
		return nil, err
	}
	if err := j.readPower(ctx, now, at); err != nil {
		return nil, err
	}
	if err := j.readOutages(ctx, now, at); err != nil {
		return nil, err
	}
	j.listen(now, newest)
	for i := range files {
		j.complete(&files[i], j.sites[i], now)
	}
	return files, nil
}

// roundsFrom reaches from the oldest receipt that still counts as heard back over
// the loss window; after an absence, back to the last heartbeat, so that a state which
// changed meanwhile is dated rightly.
func (j *Judge) roundsFrom(now, heartbeat time.Time, patience time.Duration) time.Time {
	interval := j.longest()
	window := time.Duration(max(j.cfg.Policies.Plain.back(), j.cfg.Policies.Mountain.back())) * interval
	from := now.Add(-patience - window)
	if away := heartbeat.Add(-window); !heartbeat.IsZero() && away.Before(from) {
		from = later(away, now.Add(-max(min(maxBack*interval, maxBackFor), now.Sub(from))))
	}
	return from
}

// longest of the sites' intervals.
func (j *Judge) longest() time.Duration {
	longest := j.cfg.Interval
	for i := range j.sites {
		longest = max(longest, j.sites[i].Interval)
	}
	return longest
}

// patience is the longest of those sites that still count as heard.
func (j *Judge) patience(files []Evidence, now time.Time) time.Duration {
	var longest time.Duration
	for i := range files {
		silent := j.policy(&j.sites[i]).SilentAfter
		if longest = max(longest, silent); now.Sub(files[i].Receipt.Time) < files[i].Receipt.patience(silent) {
			longest = max(longest, files[i].Receipt.patience(silent))
		}
	}
	return longest
}

// listen notes, at the first judgement, for how long there was no judge before it.
func (j *Judge) listen(now, heartbeat time.Time) {
	if !j.began.IsZero() {
		return
	}
	j.began, j.away = now, retention
	if !heartbeat.IsZero() {
		j.away = max(0, now.Sub(heartbeat))
	}
	if j.away <= 2*j.cfg.Every {
		j.away = 0 // another judge is at work, or was until now
	}
}

// complete adds what is not read but known.
func (j *Judge) complete(e *Evidence, site inventory.Site, now time.Time) {
	slices.SortFunc(e.Targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(order(a.Role), order(b.Role)), strings.Compare(a.Name, b.Name))
	})
	last := e.Receipt.Time
	if last.IsZero() {
		return
	}
	e.Listened = now.Sub(last)
	if last.Before(j.began) {
		e.Listened -= min(j.away, j.began.Sub(last))
	}
	policy := j.policy(&site)
	e.Due = due(site, now, policy)
	if now.Sub(last) < e.Receipt.patience(policy.SilentAfter) {
		return
	}
	if going := e.Before.State; going == api.StateClosed && !e.Due || going == api.StateSilent && e.Due || going == api.StatePowerLost {
		return // it goes on, and began when it was first said to
	}
	e.Changed = changed(site, last, now, policy)
	if !e.Due && e.Changed.Sub(last) < policy.SilentAfter {
		e.Changed = last // it closed before it could be missed
	}
}

// due is open by the calendar, for long enough that people have come in, and for so much
// longer that they have not left.
func due(site inventory.Site, t time.Time, p Policy) bool {
	return site.Due(t) && site.Due(t.Add(-p.Opening)) && site.Due(t.Add(p.Closing))
}

// changed finds when, between last and now, the site came to be due or ceased to be. A
// grace that is no whole quarter of an hour is found to the quarter after it.
func changed(site inventory.Site, last, now time.Time, p Policy) time.Time {
	is, at := due(site, now, p), now.Truncate(quarter)
	for at.After(last) && due(site, at.Add(-time.Second), p) == is {
		at = at.Add(-quarter)
	}
	return later(last, at)
}

func order(r api.Role) int {
	return slices.Index([]api.Role{api.RoleGateway, api.RoleLAN, api.RoleUplink, api.RoleDevice}, r)
}

// readHeartbeats also gives the time of the newest of all.
func (j *Judge) readHeartbeats(ctx context.Context, now time.Time, at map[string]*Evidence) (newest time.Time, err error) {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "site_state",
		Select:      []store.Selector{{Func: "last", Field: "state"}, {Field: "since_ms"}, {Field: "incident"}},
		From:        now.Add(-retention), To: now.Add(time.Second),
		By: []string{api.TagSite},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil || len(s.Rows) == 0 {
			continue
		}
		row := s.Rows[len(s.Rows)-1]
		e.Before = Heartbeat{State: api.State(row.Values["state"].Text()), At: row.Time, Since: instant(row, "since_ms"), Incident: row.Values["incident"].Text()}
		newest = later(newest, row.Time)
	}
	return newest, err
}

func (j *Judge) readReceipts(ctx context.Context, now time.Time, at map[string]*Evidence) error {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "receipt",
		Select:      []store.Selector{{Func: "last", Field: "lines"}, {Field: "last_time_ms"}, {Field: "every_seconds"}, {Field: "goodbye"}},
		From:        now.Add(-retention), To: now.Add(j.cfg.Interval),
		By: []string{api.TagSite, api.TagAgent},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil || len(s.Rows) == 0 {
			continue
		}
		if row := s.Rows[len(s.Rows)-1]; row.Time.After(e.Receipt.Time) {
			e.Receipt = receiptOf(row)
		}
	}
	return err
}

func receiptOf(row store.Row) Receipt {
	return Receipt{Time: row.Time, Newest: instant(row, "last_time_ms"), Goodbye: row.Values["goodbye"].Text() != "",
		Every: time.Duration(row.Values["every_seconds"].Integer()) * time.Second}
}

func (j *Judge) readRounds(ctx context.Context, from, now time.Time, at map[string]*Evidence) error {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "ping",
		Select:      roundFields,
		From:        from, To: now.Add(j.cfg.Interval),
		By: []string{api.TagSite, api.TagAgent, api.TagTarget, api.TagRole},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil {
			continue
		}
		t := Target{Name: s.Tags[api.TagTarget], Role: api.Role(s.Tags[api.TagRole]), Rounds: make([]Round, len(s.Rows))}
		for i, row := range s.Rows {
			t.Rounds[i] = roundOf(row)
		}
		e.Targets = append(e.Targets, t)
	}
	return err
}

// roundFields are what [roundOf] needs of a query on "ping".
var roundFields = []store.Selector{{Field: "sent"}, {Field: "received"}, {Field: "result"}, {Field: "rtt_median_ms"}}

func roundOf(row store.Row) Round {
	return Round{
		Time: row.Time, Sent: row.Values["sent"].Integer(), Received: row.Values["received"].Integer(),
		Result: row.Values["result"].Text(), RTT: row.Values["rtt_median_ms"].Float(),
	}
}

// askedOf takes a question over SNMP as a round of one packet.
func askedOf(row store.Row) Round {
	return Round{Time: row.Time, Sent: 1, Received: row.Values["up"].Integer()}
}

func (j *Judge) readDevices(ctx context.Context, from, now time.Time, at map[string]*Evidence) error {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "device",
		Select:      []store.Selector{{Field: "up"}},
		From:        from, To: now.Add(j.cfg.Interval),
		By: []string{api.TagSite, api.TagAgent, api.TagTarget},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil {
			continue
		}
		t := Target{Name: s.Tags[api.TagTarget] + snmpName, Role: api.RoleDevice, Rounds: make([]Round, len(s.Rows))}
		for i, row := range s.Rows {
			t.Rounds[i] = askedOf(row)
		}
		e.Targets = append(e.Targets, t)
	}
	return err
}

// batteryField is the one word of a UPS by which states, outages and alarms alike tell that
// it runs on its battery. How long it has been so is not asked: some go on to say that afterwards.
const batteryField = "on_battery_count"

// readPower takes the newest word of each UPS, however long ago: what it said before a
// site fell silent tells why, as long as the silence lasts.
func (j *Judge) readPower(ctx context.Context, now time.Time, at map[string]*Evidence) error {
	series, err := j.deps.Store.Select(ctx, store.Query{
		Measurement: "device",
		Select:      []store.Selector{{Func: "last", Field: batteryField}},
		From:        now.Add(-retention), To: now.Add(j.cfg.Interval),
		By: []string{api.TagSite, api.TagAgent, api.TagTarget},
	})
	for _, s := range series {
		e := at[s.Tags[api.TagSite]]
		if e == nil || len(s.Rows) == 0 {
			continue
		}
		row := s.Rows[len(s.Rows)-1]
		e.Power = append(e.Power, Power{Time: row.Time, Target: s.Tags[api.TagTarget], OnBattery: row.Values[batteryField].Float() >= 1})
	}
	return err
}

// instant is a time that is stored in ms since 1970; absent or 0: there is none.
func instant(row store.Row, field string) time.Time {
	ms := row.Values[field].Integer()
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// unixMilli is a time as it is stored, 0 for none.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
