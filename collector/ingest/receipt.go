package ingest

import (
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// stamps numbers receipts within a microsecond: two requests of one agent at the
// same time are two points.
type stamps struct{ n atomic.Uint64 }

// at is now to the microsecond, with a number of its own in the nanoseconds.
func (s *stamps) at(now time.Time) time.Time {
	return now.Truncate(time.Microsecond).Add(time.Duration(s.n.Add(1) % 1_000))
}

// receipt is the line that records a request. What it says of rejected lines is the
// contract's verdict: the database's comes only with the answer to this very block.
func (in *Ingest) receipt(id api.Identity, h head, l *lines) []byte {
	at := in.stamps.at(in.deps.Now())
	p := api.NewPoint("receipt", at).Tag(api.TagSite, id.Site).Tag(api.TagAgent, id.Agent).
		Int("batches", int64(h.batches.Len())).
		Int("lines", int64(l.received)).
		Count("rejected", int64(l.rejected.count)).
		Int("wire_bytes", int64(l.wire)).
		Count("every_seconds", h.every).
		Text("clock", string(h.clock)).
		Text("goodbye", string(h.goodbye))
	if h.backlog {
		p.Bool("backlog", true)
	}
	if len(h.batches) > 0 {
		newest := sequences(h.batches)
		p.Text("session", newest.Session).Int("first_sequence", int64(newest.First)).Int("last_sequence", int64(newest.Last))
	}
	if len(l.numbers) > 0 {
		p.Int("first_time_ms", l.first/1e6).Int("last_time_ms", l.last/1e6).Int("delay_ms", at.UnixMilli()-l.last/1e6)
	}
	line, err := p.AppendLine(nil)
	if err != nil {
		in.deps.Log.Error("receipt does not hold against the contract", "error", err)
		return nil
	}
	return line
}

// sequences is the span of the newest session's batches. An agent names its newest
// batch first.
func sequences(batches api.BatchList) api.BatchRange {
	newest := batches[0]
	for _, r := range batches {
		if r.Session == newest.Session {
			newest.First, newest.Last = min(newest.First, r.First), max(newest.Last, r.Last)
		}
	}
	return newest
}
