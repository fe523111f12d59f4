package office

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"communewatch/agent/doctor"
	"communewatch/agent/round"
	"communewatch/collector/api"
)

// plan is a document made into work, for the network that the machine is on now. What
// outlives it (spool, queue, sender, session) is the office's.
type plan struct {
	doc     api.Document // as given
	etag    string       // of the centre's; empty: the file's, or nobody's
	around  surroundings
	targets []api.Target // as measured: the default ones where the document names none, with their parents
	origin  Origin
	rounds  *round.Rounds
	asks    map[asked]probe // SNMP, kept over a change
	// untrusted counts the addresses that cannot exist and answered an echo; may be nil.
	untrusted func() int

	onTrial atomic.Bool
	made    atomic.Bool   // a probe could be made
	kept    chan struct{} // has one when a batch was stored
	unkept  atomic.Bool   // one could not be stored
}

// Origin is who said what is measured.
type Origin string

// Origins of targets.
const (
	OfFile    Origin = "file"    // agent.yaml
	OfCentre  Origin = "centre"  // the centre's document
	OfDefault Origin = "default" // neither named any
)

// asked is all of a target that its SNMP probe depends on.
type asked struct {
	name, address string
	snmp          api.SNMP
}

// plan builds all that a document needs and starts nothing. An error is the document's
// fault. before may be nil: of a plan that is to be followed, devices that did not change
// keep their probes and with them their counters, unless the profiles changed, which say
// what a device is asked.
func (o *Office) plan(doc api.Document, etag string, around surroundings, before *plan) (*plan, error) {
	p := &plan{doc: doc, etag: etag, around: around, asks: map[asked]probe{}, kept: make(chan struct{}, 1)}
	measured := doc
	measured.Targets, p.origin = o.targets(doc, etag, around)
	if err := measured.Check(); err != nil {
		return nil, err
	}
	p.targets = measured.Targets
	makers := o.deps.Probers
	if makers == nil {
		makers = o.realProbers
	}
	probers, err := makers(measured, o.session.Now, o.log)
	if err != nil {
		return nil, err
	}
	p.untrusted = probers.Untrusted
	probers.SNMP = o.keepAsking(p, probers.SNMP, before)
	work, err := o.work(p, probers)
	if err != nil {
		return nil, err
	}
	p.rounds, err = round.New(round.Config{Interval: doc.Interval}, work, round.Deps{
		Put: func(lines []byte) error { return o.put(p, lines) }, Health: o.health, Log: o.log,
	})
	return p, err
}

// targets is what is measured by a document in these surroundings, and who said so.
func (o *Office) targets(doc api.Document, etag string, around surroundings) ([]api.Target, Origin) {
	targets, origin := doc.Targets, OfFile
	switch {
	case len(targets) == 0:
		targets, origin = defaultTargets(around, o.cfg.URL, o.cfg.Anchors), OfDefault
	case etag != "":
		origin = OfCentre
	}
	return inferParents(targets, around.own), origin
}

// keepAsking gives devices that are asked as before the probe that they had.
func (o *Office) keepAsking(p *plan, fresh func(api.Target) probe, before *plan) func(api.Target) probe {
	reuse := before != nil && slices.Equal(before.doc.Profiles, p.doc.Profiles)
	return func(t api.Target) probe {
		key := asked{t.Name, t.Address, *t.SNMP}
		if reuse && before.asks[key] != nil {
			p.asks[key] = before.asks[key]
		} else {
			p.asks[key] = fresh(t)
		}
		ask := p.asks[key]
		return func(ctx context.Context) []*api.Point {
			points := ask(ctx)
			o.results.heard(t, points)
			return points
		}
	}
}

// work is all that is done in rounds: the targets' probes and, on a real network, a
// look at the path when the uplink hurts.
func (o *Office) work(p *plan, probers Probers) ([]round.Task, error) {
	if o.deps.Probers != nil {
		return tasks(p.targets, probers, o.session.Now, o.heard(p, nil)), nil
	}
	metered := p.line(o.cfg).every > 0
	d, err := doctor.New(doctor.Config{URL: o.cfg.URL, TLS: o.sender.TLS(), Metered: metered}, doctor.Deps{Now: o.session.Now, Lost: o.lost, Log: o.log})
	if err != nil {
		return nil, err
	}
	all := append(tasks(p.targets, probers, o.session.Now, o.heard(p, d.Heard)), pathTask(d))
	if slices.ContainsFunc(p.targets, func(t api.Target) bool { return place(&t, p.around.own) != onOwn }) {
		all = append(all, trustTask(probers.Trust)) // what a router may answer in the name of
	}
	return all, nil
}

// heard notes what a ping found, and tells others.
func (o *Office) heard(p *plan, tell func(api.Target, []*api.Point)) func(api.Target, []*api.Point) {
	return func(t api.Target, points []*api.Point) {
		o.results.heard(t, points)
		if slices.ContainsFunc(points, made) {
			p.made.Store(true)
		}
		if tell != nil {
			tell(t, points)
		}
	}
}

// made tells whether a ping could be made: that nothing answers is a finding, too.
func made(p *api.Point) bool {
	result, _ := p.FieldNamed("result")
	return p.Measurement == "ping" && result.Text() != api.ResultNotProbed && result.Text() != api.ResultSkippedParent
}

// line is how the line may be used.
type line struct {
	every      time.Duration
	dailyBytes int64
}

// line: the file or the centre says that it is metered. What the file sets beside that
// holds.
func (p *plan) line(cfg Config) line {
	l := line{cfg.Every, cfg.DailyBytes}
	if p.doc.Metered && l.every == 0 {
		l.every = meteredEvery
	}
	if p.doc.Metered && l.dailyBytes == 0 {
		l.dailyBytes = meteredMegabytes * 1e6
	}
	return l
}
