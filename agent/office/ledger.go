package office

import "sync"

// Counts is the agent's ledger, in points of this run.
type Counts struct {
	Measured int64 // put in the queue
	Stored   int64 // acknowledged by the collector
	Rejected int64 // set aside, never to be stored
	Dropped  int64 // with the oldest batches, because the spool was full or they were too old; of batches that were put or read in this run
	Pending  int64 // in the queue now, those of earlier runs included
}

// Plus adds two ledgers.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Measured + d.Measured, c.Stored + d.Stored, c.Rejected + d.Rejected, c.Dropped + d.Dropped, c.Pending + d.Pending}
}

// ledger knows how many points each batch of the queue holds, of those that were put
// or read in this run, and what became of all others.
type ledger struct {
	mu     sync.Mutex
	counts Counts
	points map[uint64]int64
	lost   uint64 // batches that the spool had dropped or found damaged when points was last held against it
}

func newLedger() *ledger { return &ledger{points: map[uint64]int64{}} }

// put enters a batch that put stores, and holds the ledger until it is in: a sender may
// find the batch at once, and must not enter it as stored before it is measured.
func (l *ledger) put(points int64, put func() (uint64, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq, err := put()
	if err != nil {
		return err
	}
	l.counts.Measured += points
	l.points[seq] = points
	return nil
}

// read enters a batch of an earlier run.
func (l *ledger) read(seq uint64, points int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, counted := l.points[seq]; !counted {
		l.points[seq] = points
	}
}

func (l *ledger) knows(seq uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, counted := l.points[seq]
	return counted
}

// settle enters what became of a batch: so many of its points rejected, the others stored.
func (l *ledger) settle(seq uint64, rejected int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rejected = min(rejected, l.points[seq])
	l.counts.Rejected += rejected
	l.counts.Stored += l.points[seq] - rejected
	delete(l.points, seq)
}

// lose takes note of what the spool lost, if that is more than when last asked.
func (l *ledger) lose(lost uint64, waiting func() []uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lost == l.lost {
		return
	}
	l.lost = lost
	there := map[uint64]bool{}
	for _, seq := range waiting() {
		there[seq] = true
	}
	for seq, n := range l.points {
		if !there[seq] {
			l.counts.Dropped += n
			delete(l.points, seq)
		}
	}
}

// now adds up.
func (l *ledger) now() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	for _, n := range l.points {
		c.Pending += n
	}
	return c
}
