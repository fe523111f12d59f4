package office

import (
	"context"
	"slices"
	"time"

	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

const (
	lookEvery = time.Minute
	// finishTime is how long probes under way may take when the plan changes: a round of
	// echoes takes five seconds. What is cut off then is forgotten, as at the end.
	finishTime = 10 * time.Second
	// trialRounds is within how many intervals a new document must have shown that it works.
	// All its targets are begun in the first; a batch is closed in each.
	trialRounds = 2
)

// documents is where the centre's come from, and what is told of them.
type documents interface {
	Current() (upstream.Offer, bool)
	Offers() <-chan upstream.Offer
	Commit(upstream.Offer) error
	Refuse(etag, reason string) error
	Adjourn(etag string) error
	Problem() string
}

// measure follows one plan after the other until ctx ends.
func (o *Office) measure(ctx context.Context) error {
	defer o.adjourn()
	for p := o.good; p != nil && ctx.Err() == nil; {
		var err error
		if p, err = o.follow(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// follow measures by a plan until ctx ends, and then gives nil, or until another is to be
// followed. Between two, probes under way end and what they found is put: no batch is
// lost and none is put twice. Targets that both have are measured again within an interval.
func (o *Office) follow(ctx context.Context, p *plan) (*plan, error) {
	o.begin(p)
	measuring, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.rounds.Run(measuring) }()
	next, err := o.await(ctx, p)
	p.rounds.Finish()
	patience := time.NewTimer(min(finishTime, p.doc.Interval))
	defer patience.Stop()
	select {
	case ran := <-ended:
		return next, firstOf(err, ran)
	case <-patience.C:
	}
	stop()
	return next, firstOf(err, <-ended)
}

func firstOf(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}

// begin makes a plan the one that is followed.
func (o *Office) begin(p *plan) {
	o.current.Store(p)
	o.results.only(p.targets)
	l := p.line(o.cfg)
	if err := o.sender.SetPace(l.every, l.dailyBytes); err != nil {
		o.log.Error("the line's pace stays as it was", "error", err)
	}
	o.log.Info("measuring", "targets", len(p.targets), "of", p.origin, "interval", p.doc.Interval, "document", p.etag, "on_trial", p.onTrial.Load(), "metered", l.every > 0)
	o.writeStatus()
}

// await gives the plan that is to be followed next, nil when ctx ended.
func (o *Office) await(ctx context.Context, p *plan) (*plan, error) {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	trial := time.NewTimer(trialRounds * p.doc.Interval)
	defer trial.Stop()
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case offer := <-o.offers():
			if next := o.try(offer, p); next != nil {
				return next, nil
			}
		case <-p.kept:
			o.judge(p)
		case <-trial.C:
			switch {
			case o.trial == nil:
			case p.unkept.Load(): // the disk's fault, not the document's
				p.unkept.Store(false)
				trial.Reset(trialRounds * p.doc.Interval)
			default:
				return o.fallBack(p)
			}
		case <-looks.C:
			if next := o.lookAround(p, began); next != nil {
				return next, nil
			}
		}
	}
}

func (o *Office) offers() <-chan upstream.Offer {
	if o.documents == nil {
		return nil
	}
	return o.documents.Offers()
}

// lookAround follows the machine to another network. Who changes networks faster than he
// measures keeps measuring as before, so that every target has its turn.
func (o *Office) lookAround(p *plan, began time.Time) *plan {
	around := p.around.after(o.deps.look())
	targets, _ := o.targets(p.doc, p.etag, around)
	if sameTargets(targets, p.targets) || time.Since(began) < p.doc.Interval {
		return nil
	}
	next, err := o.plan(p.doc, p.etag, around, p)
	if err != nil {
		o.log.Warn("the network changed and cannot be measured: as before", "error", err)
		return nil
	}
	o.log.Info("the network changed", "gateway", around.gateway, "dns", around.dns)
	next.onTrial.Store(p.onTrial.Load())
	return next
}

func sameTargets(a, b []api.Target) bool {
	return slices.EqualFunc(a, b, func(a, b api.Target) bool {
		return a.Name == b.Name && a.Address == b.Address && a.Role == b.Role && a.Parent == b.Parent
	})
}
