package office

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Queue joins spool and clock into what upstream sends from: batches are framed with
// their session, stamped with the collector's time once, and durable in that form before
// they are first sent, so that a batch sent twice is the same bytes.
type Queue struct {
	spool    *spool.Spool
	session  *clock.Session
	sessions *sessions
	log      *slog.Logger
	wake     chan struct{}
	ledger   *ledger
	oldest   aged
	stored   atomic.Pointer[time.Time] // when the collector last took something, by the session's clock
}

// LastStored is when the collector last took something in this run, by the session's clock.
func (q *Queue) LastStored() (time.Time, bool) {
	at := q.stored.Load()
	if at == nil {
		return time.Time{}, false
	}
	return *at, true
}

// aged is the oldest batch and the time of its newest line, so that it is read once.
type aged struct {
	seq  uint64
	last time.Time // zero: not known, perhaps not yet
}

// NewQueue takes over a spool. It reads none of what waits in it: after weeks without
// a line that would keep an old disk busy for minutes before the first round.
func NewQueue(s *spool.Spool, session *clock.Session, log *slog.Logger) *Queue {
	return &Queue{spool: s, session: session, sessions: newSessions(s, session, log), log: log, wake: make(chan struct{}, 1), ledger: newLedger()}
}

func lineCount(b []byte) int64 { return int64(bytes.Count(b, []byte("\n"))) }

// Put stores the lines of one round. Where the offset to the collector is known, they
// are stamped with it now.
func (q *Queue) Put(lines []byte) error {
	b := clock.Batch{Session: q.session.ID(), Lines: lines}
	if offset, known := q.session.Offset(); known {
		if err := b.Seal(offset); err != nil {
			return err
		}
	}
	payload, err := b.Marshal()
	if err != nil {
		return err
	}
	if err := q.ledger.put(lineCount(lines), func() (uint64, error) { return q.spool.Put(payload) }); err != nil {
		return err
	}
	q.expire()
	q.sessions.note()
	stats := q.spool.Stats()
	q.ledger.lose(stats.Dropped+stats.Damaged, q.spool.Sequences)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// expire drops the oldest batches that are beyond what the collector stores, a few at a
// time. Only a time that can be trusted makes a batch old: that of a stamped one, held
// against the collector's.
func (q *Queue) expire() {
	const atOnce = 60 // at a round a minute, an hour's backlog a minute
	now, known := q.session.Collector()
	if !known {
		return
	}
	for range atOnce {
		seqs := q.spool.Sequences()
		if len(seqs) == 0 {
			return
		}
		if q.oldest.seq != seqs[0] || q.oldest.last.IsZero() {
			q.oldest = aged{seqs[0], q.stamped(seqs[0])}
		}
		if q.oldest.last.IsZero() || now.Sub(q.oldest.last) <= api.MaxBehind {
			return
		}
		q.log.Warn("batch is too old to be stored: dropped", "batch", seqs[0], "measured", q.oldest.last.UTC())
		if err := q.spool.Drop(seqs[0]); err != nil {
			return
		}
	}
}

// stamped is the newest time in a batch by the collector's clock, zero if it has none.
func (q *Queue) stamped(seq uint64) time.Time {
	payload, err := q.read(seq)
	if err != nil {
		return time.Time{}
	}
	b, err := clock.Unmarshal(payload)
	if err != nil || !b.Sealed {
		return time.Time{}
	}
	_, last := b.Span()
	return last
}

// Wake is ready when a batch was put.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

// Sequences lists what waits, oldest first.
func (q *Queue) Sequences() []uint64 { return q.spool.Sequences() }

// Load gives a batch as it is sent. One that was written before any offset was known
// is stamped now, and durable so before it is given. One of a session that cannot be
// placed in time is set aside, never sent with a made-up time.
func (q *Queue) Load(seq uint64) (upstream.Batch, error) {
	payload, err := q.read(seq)
	if err != nil {
		return upstream.Batch{}, err
	}
	b, err := clock.Unmarshal(payload)
	if err != nil {
		return upstream.Batch{}, errors.Join(err, q.setAside(seq, q.heading("agent.aside_unreadable")+err.Error()+"\n", lineCount(payload)))
	}
	if !b.Sealed {
		if err := q.seal(seq, &b); err != nil {
			return upstream.Batch{}, err
		}
	}
	return upstream.Batch{Sequence: seq, Session: b.Session, Clock: b.Clock, Lines: b.Lines}, nil
}

// read loads a payload and counts its points, if this run did not put it.
func (q *Queue) read(seq uint64) ([]byte, error) {
	payload, err := q.spool.Load(seq)
	if err != nil {
		return nil, err
	}
	q.ledger.read(seq, lineCount(payload)-1) // less the heading
	return payload, nil
}

func (q *Queue) seal(seq uint64, b *clock.Batch) error {
	offset, err := q.offset(seq, b)
	switch {
	case errors.Is(err, clock.ErrNotYet):
		return fmt.Errorf("batch %d: %w", seq, err)
	case err != nil:
		note := q.heading("agent.aside_unplaced") + err.Error() + "\n"
		return errors.Join(fmt.Errorf("batch %d: %w", seq, err), q.setAside(seq, note, lineCount(b.Lines)))
	}
	if err := b.Seal(offset); err != nil {
		return err
	}
	payload, err := b.Marshal()
	if err != nil {
		return err
	}
	return q.spool.Replace(seq, payload)
}

// offset is the running session's, or where an earlier one is placed.
func (q *Queue) offset(seq uint64, b *clock.Batch) (clock.Offset, error) {
	offset, known := q.session.Offset()
	switch {
	case !known:
		return offset, clock.ErrNotYet
	case b.Session != q.session.ID():
		return q.sessions.place(b.Session, func() time.Time { return q.lastOf(seq, b.Session) })
	}
	return offset, nil
}

// lastOf is the latest time of a session's lines, by its own clock. Its batches stand
// one behind the other.
func (q *Queue) lastOf(from uint64, session string) time.Time {
	var latest time.Time
	for _, seq := range q.spool.Sequences() {
		if seq < from {
			continue
		}
		payload, err := q.read(seq)
		if err != nil {
			continue
		}
		b, err := clock.Unmarshal(payload)
		if err == nil && b.Session != session {
			break
		}
		if _, last := b.Span(); err == nil && last.After(latest) {
			latest = last
		}
	}
	return latest
}

// Delete forgets batches that are stored.
func (q *Queue) Delete(seqs ...uint64) error {
	if err := q.spool.Delete(seqs...); err != nil {
		return err
	}
	for _, seq := range seqs {
		q.ledger.settle(seq, 0)
	}
	if len(seqs) > 0 {
		now := q.session.Now()
		q.stored.Store(&now)
	}
	return nil
}

// SetAside keeps a batch of which some lines never will be stored, with a note that
// names each, its text and the reason; line 0 stands for the whole batch.
func (q *Queue) SetAside(seq uint64, rejected []api.RejectedLine) error {
	payload, err := q.read(seq)
	if err != nil {
		return err
	}
	b, err := clock.Unmarshal(payload)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(b.Lines), "\n"), "\n")
	lost := int64(0)
	var note strings.Builder
	note.WriteString(q.heading("agent.aside_refused"))
	for _, r := range rejected {
		if r.Line < 1 || r.Line > len(lines) {
			lost = int64(len(lines))
			fmt.Fprintf(&note, "*: %s\n", r.Reason)
			continue
		}
		lost = min(lost+1, int64(len(lines)))
		fmt.Fprintf(&note, "%d: %s\n  %s\n", r.Line, r.Reason, lines[r.Line-1])
	}
	return q.setAside(seq, note.String(), lost)
}

// heading begins a note in both languages: whoever opens the folder may be the office's
// or the province's.
func (q *Queue) heading(key say.Key) string {
	return say.Vietnamese.Text(key) + "\n" + say.English.Text(key) + "\n\n"
}

func (q *Queue) setAside(seq uint64, note string, lost int64) error {
	if err := q.spool.SetAside(seq, []byte(note)); err != nil {
		return err
	}
	q.ledger.settle(seq, lost)
	return nil
}

// Counts is the ledger now. It reads what waits from earlier runs, each batch once:
// it is for those who hold the books, not for the agent's own work.
func (q *Queue) Counts() Counts {
	for _, seq := range q.spool.Sequences() {
		if !q.ledger.knows(seq) {
			_, _ = q.read(seq) // what cannot be read has no points to count
		}
	}
	return q.ledger.now()
}

// End remembers the run for the next one.
func (q *Queue) End() { q.sessions.end() }
