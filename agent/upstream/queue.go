package upstream

import (
	"time"

	"communewatch/collector/api"
)

// Queue is where batches wait. Sequences grow with time.
type Queue interface {
	// Sequences lists what waits, oldest first.
	Sequences() []uint64
	// Load gives a batch as it is to be sent; loaded again, it is the same. An error
	// means that it cannot be sent now or ever; it is passed over.
	Load(seq uint64) (Batch, error)
	// Delete forgets batches that are stored.
	Delete(seqs ...uint64) error
	// SetAside keeps, for people, lines that never will be stored, counted from 1 in
	// that batch, and forgets the others, which are stored. Line 0 stands for the
	// whole batch: none of it is stored.
	SetAside(seq uint64, rejected []api.RejectedLine) error
	// Wake is ready when something new waits. It holds at most one reminder.
	Wake() <-chan struct{}
}

// Batch is what is sent under one name.
type Batch struct {
	Sequence uint64
	Session  string // lower-case hexadecimal
	Clock    api.ClockState
	Lines    []byte // line protocol, each with its newline
}

// Clock is the time of this run of the agent.
type Clock interface {
	Now() time.Time // monotonic
	Observe(sent, answered, came, left time.Time)
	// Collector is the collector's time now, if it is known; until then nothing is loaded.
	Collector() (time.Time, bool)
}
