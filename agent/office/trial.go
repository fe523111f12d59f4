package office

import (
	"errors"

	"communewatch/agent/upstream"
)

// How a document from the centre becomes the one in force:
//
//   - It must be buildable: within the contract's ranges, its SNMP profiles right, its
//     probes made. If it is not, nothing changes.
//   - It is then followed on trial. It works as soon as a batch measured by it is kept and
//     at least one of its probes could be made, be it that nothing answered: a dead
//     router is no fault of a document. Where no probe could be made before either (no
//     permission, no network), a batch is enough.
//   - If that has not come within two of its intervals, the document that worked last is
//     followed again. A batch that the disk does not take decides nothing.
//   - A program that ends without a word during a trial may have met a power cut, or its
//     document: upstream counts that, and offers it so often and no oftener.
//
// One that does not work is refused with the reason, which goes to the centre. A trial
// that is broken off (by the next document, or because the agent is stopped) decides
// nothing: the document is offered again.

// try gives the plan of a document that is to be tried, nil when it is refused.
func (o *Office) try(offer upstream.Offer, p *plan) *plan {
	if offer.ETag == p.etag && o.trial == nil {
		o.commit(offer) // it is followed, and was not remembered
		return nil
	}
	next, err := o.plan(offer.Document, offer.ETag, p.around.after(o.deps.look()), p)
	if err != nil {
		o.refuse(offer.ETag, err)
		return nil
	}
	o.trial = &offer
	next.onTrial.Store(true)
	return next
}

// judge looks at a plan that has kept a batch.
func (o *Office) judge(p *plan) {
	able := p.made.Load()
	if o.trial == nil {
		o.able = o.able || able
		return
	}
	if !able && o.able {
		return // the next batch may tell, or the end of the trial does
	}
	o.commit(*o.trial)
	o.trial, o.good, o.able = nil, p, able
	p.onTrial.Store(false)
}

func (o *Office) commit(offer upstream.Offer) {
	if err := o.documents.Commit(offer); err != nil {
		o.log.Warn("the document works and cannot be remembered", "document", offer.ETag, "error", err)
		return
	}
	o.log.Info("the document works", "document", offer.ETag)
}

// fallBack returns to what worked last. It was built before, so an error is not expected.
func (o *Office) fallBack(p *plan) (*plan, error) {
	reason := errors.New("no batch was measured by it")
	if o.able && !p.made.Load() {
		reason = errors.New("no probe could be made by it, and could before")
	}
	o.refuse(o.trial.ETag, reason)
	o.trial = nil
	return o.plan(o.good.doc, o.good.etag, p.around, o.good)
}

func (o *Office) refuse(etag string, reason error) {
	o.log.Error("the centre's document is refused", "document", etag, "error", reason)
	if err := o.documents.Refuse(etag, reason.Error()); err != nil {
		o.log.Warn("that cannot be remembered", "error", err)
	}
}

// adjourn ends a trial without a verdict: at the end of the run, and when the machine sleeps.
func (o *Office) adjourn() {
	if o.trial == nil || errors.Is(o.ending(), ErrPowerCut) {
		return
	}
	if err := o.documents.Adjourn(o.trial.ETag); err != nil {
		o.log.Warn("the next start takes this trial for one that ended the program", "error", err)
	}
	o.trial = nil // after a sleep another plan is followed: it must not be judged in its place
}

// documentProblem is why the centre's newest document is not in force.
func (o *Office) documentProblem() string {
	if o.documents == nil {
		return ""
	}
	return o.documents.Problem()
}
