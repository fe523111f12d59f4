package judge

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// siteState is a site's newest, as it was written.
type siteState struct {
	is       api.State
	reason   say.Key
	evidence string
	since    time.Time
}

// stateAge is how old a state may be before it says nothing of now.
const stateAge = 15 * time.Minute

func (a *alarms) readStates(ctx context.Context) error {
	a.states = map[string]siteState{}
	series, err := a.store.Select(ctx, store.Query{
		Measurement: "site_state", By: []string{api.TagSite}, From: a.now.Add(-stateAge), To: a.now.Add(time.Second),
		Select: []store.Selector{{Func: "last", Field: "state"}, {Field: "since_ms"}, {Field: "reason"}, {Field: "evidence"}},
	})
	for _, s := range series {
		row := s.Rows[len(s.Rows)-1]
		a.states[s.Tags[api.TagSite]] = siteState{api.State(row.Values["state"].Text()), say.Key(row.Values["reason"].Text()), row.Values["evidence"].Text(), instant(row, "since_ms")}
	}
	return err
}

// lost are the open outages: silence and power only while the office is due, since
// after hours nobody can tell them from closing time; a line that was measured to be
// lost at any hour. Devices of one office and incident are told together.
func (a *alarms) lost(outages []Outage) {
	open := slices.DeleteFunc(slices.Clone(outages), func(o Outage) bool { return o.Status != api.StatusOpen })
	slices.SortFunc(open, func(x, y Outage) int { return cmp.Or(x.Started.Compare(y.Started), strings.Compare(x.ID, y.ID)) })
	devices := map[string]bool{}
	for i := range open {
		o := &open[i]
		site, known := a.inv.Site(o.Site)
		if !known || unheard(api.State(o.Kind)) && !due(site, a.now, a.policies.For(&site, a.policies.interval(&site))) {
			continue
		}
		one := alarm{kind: o.Kind, incident: o.Incident, since: o.Started, evidence: o.Evidence, sites: a.sizes[o.Incident], ofOutage: true, onlyIfTold: a.replayed(o) || a.unsettled(o, site)}
		if o.Kind == api.KindDevice {
			if devices[o.Site+o.Incident] {
				continue
			}
			devices[o.Site+o.Incident] = true
			one.evidence = deviceEvidence(open[i:], o)
		}
		a.want(o.Site, one)
	}
}

// replayed tells whether an outage is open only because its end has yet to arrive: the
// newest rounds say that nothing of the sort is going on. Once an alarm is told this does not
// end it: a good round is not an end.
func (a *alarms) replayed(o *Outage) bool {
	s, known := a.states[o.Site]
	switch {
	case !known || s.reason == "reason.flapping" || s.reason == "reason.recovering" || s.reason == "reason.waiting":
		return false
	case o.Kind == api.KindDevice:
		return s.reason == "reason.late_data"
	case s.is == api.StateClosed:
		return unheard(api.State(o.Kind)) // a line that was lost when the office closed still is
	}
	return s.is == api.StateOK || s.is == api.StateDegraded || s.is == api.StateNotInstalled
}

// unsettled tells whether others may yet fall with it: they are found within a round. An
// outage that is one of many has its incident already.
func (a *alarms) unsettled(o *Outage, site inventory.Site) bool {
	const beside = 15 * time.Second // a round is judged a little after it came
	return o.Kind != api.KindDevice && a.sizes[o.Incident] < a.policies.Least && a.now.Sub(o.First) < a.policies.interval(&site)+beside
}

// deviceEvidence names all devices of the office that are lost together with this one.
func deviceEvidence(open []Outage, first *Outage) string {
	var pieces []string
	for i := range open {
		if o := &open[i]; o.Kind == first.Kind && o.Site == first.Site && o.Incident == first.Incident {
			piece := o.Evidence
			if !strings.HasPrefix(piece, o.Target) {
				piece = strings.TrimSuffix(o.Target+", "+piece, ", ")
			}
			pieces = append(pieces, piece)
		}
	}
	return strings.Join(pieces, "; ")
}

// Lines that lose packets or are slow are told of when they were so for toldAfter rounds, and
// told that they are good again when they were good for goodAfter: the state itself is made
// of several rounds, yet it may change with each.
const (
	toldAfter = 3
	goodAfter = 5
)

var badReasons = map[say.Key]string{"reason.uplink_loss": "loss", "reason.gateway_loss": "loss", "reason.uplink_slow": "slow"}

// bad are the lines that work and are bad.
//
// What was lost in an outage is the outage's, for as long as it is still counted.
func (a *alarms) bad(outages []Outage) {
	back := map[string]time.Time{}
	for i := range outages {
		switch o := &outages[i]; {
		case o.Kind == api.KindDevice:
		case o.Status == api.StatusOpen:
			back[o.Site] = a.now
		case o.Status == api.StatusClosed:
			back[o.Site] = later(back[o.Site], o.Ended)
		}
	}
	for id, s := range a.states {
		site, known := a.inv.Site(id)
		if !known {
			continue
		}
		interval := a.policies.interval(&site)
		if kind := badReasons[s.reason]; kind != "" && s.is == api.StateDegraded {
			counted := time.Duration(a.policies.For(&site, interval).LossRounds) * interval
			young := a.now.Sub(s.since) < toldAfter*interval || a.now.Sub(back[id]) < counted
			a.want(id, alarm{kind: kind, since: s.since, evidence: s.evidence, onlyIfTold: young})
		}
		if s.is == api.StateOK && a.now.Sub(s.since) < goodAfter*interval {
			a.hold(id)
		}
	}
}

// hold lets what was told of a line go on for a while after it became good.
func (a *alarms) hold(site string) {
	for _, kind := range []string{"loss", "slow"} {
		for _, t := range a.told[alarmKey(kind, site, kind+"-"+site)] {
			if t.active {
				a.want(site, alarm{kind: kind, since: t.since})
			}
		}
	}
}
