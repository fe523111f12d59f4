//go:build integration

package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"communewatch/collector/api"
)

const (
	trip       = 40 * time.Millisecond // to the collector and back
	atOnce     = 120                   // batches of a backlog in one request
	nextPacket = time.Second
)

// learnTime asks for the collector's time, if nothing was ever heard of it in this run.
func (o *staged) learnTime() {
	if _, known := o.session.Collector(); !known {
		o.exchange(nil)
	}
}

// exchange takes the time that a question takes, and what its answer says of the clock.
func (o *staged) exchange(ask func()) {
	sent := o.session.Now()
	time.Sleep(trip / 2)
	came := time.Now()
	if ask != nil {
		ask()
	}
	left := time.Now()
	time.Sleep(trip / 2)
	o.session.Observe(sent, o.session.Now(), came, left)
}

// send makes one request as the sender would: the newest first if it is news, and then
// what waits, oldest first. More goes in a second.
func (o *staged) send() error {
	if o.queue == nil || o.asleep || len(o.queue.Sequences()) == 0 {
		return nil
	}
	if !o.hears() {
		o.lost++
		return nil
	}
	o.learnTime()
	body, seqs, head := o.pack()
	if len(seqs) == 0 {
		return nil
	}
	o.lost = 0
	if shuffle := o.stage.shuffle; shuffle != nil {
		shuffle.take(o, body, head)
		return o.settle(seqs, nil)
	}
	var reply *api.Error
	o.exchange(func() { reply = o.stage.deliver(o.id, body, head) })
	if reply != nil && reply.Code != api.CodeInvalid {
		return nil // it keeps them; the next round tries again
	}
	return o.settle(seqs, reply)
}

// settle forgets what is stored and goes on with what waits.
func (o *staged) settle(seqs []uint64, reply *api.Error) error {
	o.newest = max(o.newest, slices.Max(seqs))
	if reply != nil {
		return fmt.Errorf("the collector refuses lines of %s: %s: %v", o.name, reply.Message, reply.Lines[:1])
	}
	if err := o.queue.Delete(seqs...); err != nil {
		return err
	}
	if len(o.queue.Sequences()) > 0 {
		o.stage.later(nextPacket, o.send)
	}
	return nil
}

// pack is a body of at most atOnce batches, stamped under the same clock.
func (o *staged) pack() (body []byte, packed []uint64, head http.Header) {
	seqs := o.queue.Sequences()
	newest := seqs[len(seqs)-1]
	if newest > o.newest {
		seqs = append([]uint64{newest}, seqs[:len(seqs)-1]...)
	}
	var list api.BatchList
	var under api.ClockState
	for _, seq := range seqs {
		b, err := o.queue.Load(seq)
		if err != nil {
			continue // not now, or set aside: not to be placed in time
		}
		if len(packed) > 0 && b.Clock != under || len(packed) == atOnce || len(body)+len(b.Lines) > api.MaxBodyBytes {
			break
		}
		body, packed, under, list = append(body, b.Lines...), append(packed, seq), b.Clock, list.Add(b.Session, b.Sequence)
	}
	head = http.Header{}
	head.Set(api.HeaderSession, o.session.ID())
	if len(packed) > 0 {
		head.Set(api.HeaderBatches, list.String())
		head.Set(api.HeaderClock, string(under))
		if packed[0] != newest {
			head.Set(api.HeaderBacklog, "1")
		}
	}
	return body, packed, head
}

// goodbye says why nothing more will come, if anybody hears it.
func (o *staged) goodbye(why api.Goodbye) {
	if !o.hears() || o.stage.play.without["goodbye"] {
		return
	}
	head := http.Header{}
	head.Set(api.HeaderSession, o.session.ID())
	head.Set(api.HeaderGoodbye, string(why))
	o.exchange(func() { o.stage.deliver(o.id, nil, head) })
}

// deliver hands a request to the collector; nil says that it is stored.
func (s *stage) deliver(site string, body []byte, head http.Header) *api.Error {
	r := httptest.NewRequest(http.MethodPost, api.PathWrite, bytes.NewReader(body))
	r.Header = head.Clone()
	r = r.WithContext(api.WithIdentity(r.Context(), api.Identity{Site: site, Agent: "a1", Via: "token"}))
	w := httptest.NewRecorder()
	s.ingest.ServeHTTP(w, r)
	if w.Code == http.StatusNoContent {
		return nil
	}
	reply := &api.Error{Code: api.CodeUnavailable, Message: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), reply) // else it stands as it came
	return reply
}
