package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"communewatch/collector/api"
)

const (
	fetchEvery  = 10 * time.Minute
	fetchSlack  = time.Minute    // earlier, if the line is in use anyway: a metered one is used every ten minutes
	noDocument  = time.Hour      // until one that has none for this site is asked again: its inventory may be about to
	unknownPath = 24 * time.Hour // until one that cannot renew is asked again
)

// Fetching fails as sending does, and the next round shows it: it is asked again soon.
func newFetching() errand { return newErrand(time.Minute, fetchEvery) }

func (s *Sender) fetchDue() bool {
	if s.docs == nil {
		return false
	}
	slack := time.Duration(0)
	if s.fetching.pause.failures == 0 {
		slack = fetchSlack
	}
	return !s.clock.Now().Add(slack).Before(s.fetching.due)
}

// fetch asks whether there is another document, and has it offered.
func (s *Sender) fetch(ctx context.Context) {
	s.count(func(st *Stats) { st.Attempts++ })
	began := s.clock.Now()
	header := http.Header{}
	if etag := s.docs.newest(); etag != "" {
		header.Set("If-None-Match", etag)
	}
	a := s.remote.exchange(ctx, outgoing{
		method: http.MethodGet, path: api.PathDocument, header: header, token: s.cfg.Token, most: api.MaxDocumentBytes + 1, timeout: errandTime,
	})
	v := decideDocument(a)
	now := s.clock.Now()
	if v.action != api.Delete {
		atLeast := v.wait
		if v.reason == Reason(api.CodeNotFound) {
			atLeast = noDocument
		}
		if next, say := s.fetching.failed(now, now.Sub(began), v.reason, atLeast); say && ctx.Err() == nil {
			s.log.Warn("document of the centre cannot be fetched: the last one holds", "reason", v.reason, "detail", v.message, "next_attempt_in", next.Round(time.Second))
		}
		return
	}
	s.fetching.done(now, fetchEvery)
	if a.status == http.StatusNotModified {
		return
	}
	etag := a.header.Get("ETag")
	offered, err := s.docs.receive(etag, a.body)
	switch {
	case err != nil:
		s.log.Error("document of the centre", "etag", api.CleanText(etag), "error", err)
	case offered:
		s.log.Info("document of the centre is offered", "etag", etag, "bytes", len(a.body))
	}
}

// decideDocument reads the answer to the question for a document; Delete means that it
// is the collector's: the document, or that it is the same.
func decideDocument(a answer) verdict {
	switch {
	case a.err != nil:
		return failure(a)
	case a.status == http.StatusNotModified && timed(a.header):
		return verdict{action: api.Delete}
	case a.status == http.StatusOK && timed(a.header) && checkETag(a.header.Get("ETag")) == nil:
		return verdict{action: api.Delete}
	}
	e, ok := contractError(a)
	if !ok {
		return stranger(a)
	}
	return verdict{action: api.Keep, reason: Reason(e.Code), message: api.CleanText(e.Message), wait: retryAfter(a.header)}
}

// newest is the name of the document that the centre need not send again.
func (d *Documents) newest() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.heard
}

// receive judges a document from the centre. One that cannot be is refused on the spot;
// one that is known to be bad, or holds already, is not offered.
func (d *Documents) receive(etag string, body []byte) (offered bool, err error) {
	d.mu.Lock()
	d.heard = etag
	refused, holds := d.refused.ETag == etag, d.current.ETag == etag && d.trial.ETag == ""
	d.mu.Unlock()
	if refused || holds {
		return false, nil
	}
	o := Offer{ETag: etag}
	if err := o.decode(body); err != nil {
		d.takeBack()
		if saved := d.Refuse(etag, err.Error()); saved != nil {
			err = fmt.Errorf("%w; %w", err, saved)
		}
		return false, fmt.Errorf("is refused: %w", err)
	}
	return true, d.offer(o)
}

func (o *Offer) decode(body []byte) error {
	if len(body) > api.MaxDocumentBytes {
		return fmt.Errorf("more than %d bytes", api.MaxDocumentBytes)
	}
	if err := json.Unmarshal(body, &o.Document); err != nil {
		return fmt.Errorf("not JSON of a document: %w", err)
	}
	return o.check()
}

// takeBack leaves out what was offered and not yet looked at: it is not the newest any more.
func (d *Documents) takeBack() {
	select {
	case <-d.offers:
	default:
	}
}

// offer puts the newest in the place of one that nobody took, and remembers on disk that
// it is tried. That it cannot be remembered keeps no document from being offered.
func (d *Documents) offer(o Offer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.takeBack()
	times := 1
	if d.trial.ETag == o.ETag {
		times = d.trial.Times + 1
	}
	d.trial = trial{ETag: o.ETag, Times: times}
	err := d.save(trialFile, d.trial)
	d.offers <- o
	if err != nil {
		return fmt.Errorf("is offered; remember in %s that it is tried: %w", filepath.Join(d.folder, trialFile), err)
	}
	return nil
}
