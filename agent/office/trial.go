package office

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
//   - A program that ends without a word during a trial may have met the power cut, or its
//     document. The third time it was the document.
//
// One that does not work is refused with the reason, which goes to the centre. A trial
// that is broken off (by the next document, or because the agent is stopped) decides
// nothing: the document is offered again.

// trialFile in the state folder says which document is on trial, while one is.
const (
	trialFile = "trial.json"
	maxTrials = 3
)

type trialMark struct {
	ETag   string `json:"etag"`
	Starts int    `json:"starts"` // of trials that did not end
}

// try gives the plan of a document that is to be tried, nil when it is refused.
func (o *Office) try(offer upstream.Offer, p *plan) *plan {
	if offer.ETag == p.etag {
		return nil // it is followed as it is
	}
	next, err := o.plan(offer.Document, offer.ETag, p.around.after(o.deps.look()), p)
	if err != nil {
		o.refuse(offer.ETag, err)
		return nil
	}
	mark := o.readMark()
	if mark.ETag != offer.ETag {
		mark = trialMark{ETag: offer.ETag}
	}
	if mark.Starts >= maxTrials {
		o.refuse(offer.ETag, fmt.Errorf("the agent ended %d times without a word while this document was tried", mark.Starts))
		return nil
	}
	mark.Starts++
	o.writeMark(mark)
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
	if err := o.documents.Commit(*o.trial); err != nil {
		o.log.Warn("the document works and cannot be remembered", "document", p.etag, "error", err)
	} else {
		o.log.Info("the document works", "document", p.etag)
	}
	o.endTrial()
	o.good, o.able = p, able
	p.onTrial.Store(false)
}

// fallBack returns to what worked last. It was built before, so an error is not expected.
func (o *Office) fallBack(p *plan) (*plan, error) {
	reason := errors.New("no batch was measured by it")
	if o.able && !p.made.Load() {
		reason = errors.New("no probe could be made by it, and could before")
	}
	o.refuse(o.trial.ETag, reason)
	o.endTrial()
	return o.plan(o.good.doc, o.good.etag, p.around, o.good)
}

func (o *Office) refuse(etag string, reason error) {
	o.log.Error("the centre's document is refused", "document", etag, "error", reason)
	if err := o.documents.Refuse(etag, reason.Error()); err != nil {
		o.log.Warn("that cannot be remembered", "error", err)
	}
}

// endTrial forgets that a document is tried.
func (o *Office) endTrial() {
	if o.trial == nil {
		return
	}
	o.trial = nil
	if err := os.Remove(filepath.Join(o.cfg.Folder, trialFile)); err != nil {
		o.log.Debug("the trial's mark stays", "error", err)
	}
}

func (o *Office) readMark() trialMark {
	var mark trialMark
	data, err := readState(o.cfg.Folder, trialFile)
	if err == nil {
		err = json.Unmarshal(data, &mark)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		o.log.Debug("no trial's mark", "error", err)
	}
	return mark
}

// writeMark: where it cannot be written, the trial goes on without.
func (o *Office) writeMark(mark trialMark) {
	data, err := json.Marshal(mark)
	if err == nil {
		err = writeState(o.cfg.Folder, trialFile, data, 0o600)
	}
	if err != nil {
		o.log.Debug("the trial is not marked", "error", err)
	}
}

// documentProblem is why the centre's newest document is not in force.
func (o *Office) documentProblem() string {
	if o.documents == nil {
		return ""
	}
	return o.documents.Problem()
}
