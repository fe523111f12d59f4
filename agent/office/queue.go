package office

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// Counts is the agent's ledger, in points of this run.
type Counts struct {
	Measured int64 // put on disk
	Stored   int64 // acknowledged by the collector
	Rejected int64 // set aside, never to be stored
	Dropped  int64 // with the oldest batches, because the spool was full; of batches that were put or read in this run
	Pending  int64 // on disk now, those of earlier runs included
}

// Plus adds two ledgers.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Measured + d.Measured, c.Stored + d.Stored, c.Rejected + d.Rejected, c.Dropped + d.Dropped, c.Pending + d.Pending}
}

// Queue joins spool and clock into what upstream sends from: batches are framed with
// their session, stamped with the collector's time once, and durable in that form before
// they are first sent, so that a batch sent twice is the same bytes.
type Queue struct {
	spool   *spool.Spool
	session *clock.Session
	wake    chan struct{}

	mu     sync.Mutex
	counts Counts
	points map[uint64]int64 // of the batches on disk that were put or read in this run
	lost   uint64           // batches that the spool had dropped or found damaged when points was last held against it
}

// NewQueue takes over a spool. It reads none of what waits in it: after weeks without
// a line that would keep an old disk busy for minutes before the first round.
func NewQueue(s *spool.Spool, session *clock.Session) *Queue {
	return &Queue{spool: s, session: session, wake: make(chan struct{}, 1), points: map[uint64]int64{}}
}

func lineCount(b []byte) int64 { return int64(bytes.Count(b, []byte("\n"))) }

// Put stores the lines of one round durably. Where the offset to the collector is
// known, they are stamped with it now.
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
	if err := q.put(payload, lineCount(lines)); err != nil {
		return err
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// put holds the ledger until the batch is in it: a sender may find the batch on disk
// at once, and must not enter it as stored before it is entered as measured.
func (q *Queue) put(payload []byte, points int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	seq, err := q.spool.Put(payload)
	if err != nil {
		return err
	}
	q.counts.Measured += points
	q.points[seq] = points
	q.forgetLost()
	return nil
}

// forgetLost takes note of what the spool dropped or found damaged since last asked.
func (q *Queue) forgetLost() {
	stats := q.spool.Stats()
	if stats.Dropped+stats.Damaged == q.lost {
		return
	}
	q.lost = stats.Dropped + stats.Damaged
	waiting := q.spool.Sequences()
	there := make(map[uint64]bool, len(waiting))
	for _, seq := range waiting {
		there[seq] = true
	}
	for seq, n := range q.points {
		if !there[seq] {
			q.counts.Dropped += n
			delete(q.points, seq)
		}
	}
}

// Wake is ready when a batch was put.
func (q *Queue) Wake() <-chan struct{} { return q.wake }

// Sequences lists what waits, oldest first.
func (q *Queue) Sequences() []uint64 { return q.spool.Sequences() }

// Load gives a batch as it is sent. One that was written before any offset was known
// is stamped now, and durable so before it is given. One of an earlier session that
// never met the collector cannot be placed in time by what is known here: it is
// set aside, never sent with a made-up time. (Its neighbours bound it; using them is
// a later step.)
func (q *Queue) Load(seq uint64) (upstream.Batch, error) {
	payload, err := q.read(seq)
	if err != nil {
		return upstream.Batch{}, err
	}
	b, err := clock.Unmarshal(payload)
	if err != nil {
		return upstream.Batch{}, errors.Join(err, q.setAside(seq, "unreadable: "+err.Error(), lineCount(payload)))
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
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, counted := q.points[seq]; !counted {
		q.points[seq] = lineCount(payload) - 1 // less the heading
	}
	return payload, nil
}

func (q *Queue) seal(seq uint64, b *clock.Batch) error {
	if b.Session != q.session.ID() {
		const why = "measured in a session that never met the collector: its time is not known"
		return errors.Join(fmt.Errorf("batch %d: %s", seq, why), q.setAside(seq, why, lineCount(b.Lines)))
	}
	offset, known := q.session.Offset()
	if !known {
		return fmt.Errorf("batch %d: the collector's time is not known yet", seq)
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

// Delete forgets batches that are stored.
func (q *Queue) Delete(seqs ...uint64) error {
	err := q.spool.Delete(seqs...)
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, seq := range seqs {
		q.counts.Stored += q.points[seq]
		delete(q.points, seq)
	}
	return err
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
	for _, r := range rejected {
		if r.Line < 1 || r.Line > len(lines) {
			lost = int64(len(lines))
			fmt.Fprintf(&note, "whole batch: %s\n", r.Reason)
			continue
		}
		lost = min(lost+1, int64(len(lines)))
		fmt.Fprintf(&note, "line %d: %s\n  %s\n", r.Line, r.Reason, lines[r.Line-1])
	}
	return q.setAside(seq, note.String(), lost)
}

func (q *Queue) setAside(seq uint64, note string, lost int64) error {
	if err := q.spool.SetAside(seq, []byte(note)); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	lost = min(lost, q.points[seq])
	q.counts.Rejected += lost
	q.counts.Stored += q.points[seq] - lost
	delete(q.points, seq)
	return nil
}

// Counts is the ledger now. It reads what waits from earlier runs, each batch once:
// it is for those who hold the books, not for the agent's own work.
func (q *Queue) Counts() Counts {
	for _, seq := range q.spool.Sequences() {
		if q.counted(seq) {
			continue
		}
		_, _ = q.read(seq) // what cannot be read has no points to count
	}
	return q.ledger()
}

// ledger is Counts, of the batches that were put or read in this run.
func (q *Queue) ledger() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.counts
	for _, n := range q.points {
		c.Pending += n
	}
	return c
}

func (q *Queue) counted(seq uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.points[seq]
	return ok
}
