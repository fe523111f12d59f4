package spool

import (
	"cmp"
	"slices"
)

// index knows which batches a folder holds, in order, and how large they are.
type index struct {
	entries []entry // by sequence
	bytes   int64
}

type entry struct {
	seq  uint64
	size int64
}

func (x *index) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(x.entries, seq, func(e entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
}

func (x *index) has(seq uint64) bool {
	_, found := x.find(seq)
	return found
}

// add puts a batch in its place, or gives one that is there its new size.
func (x *index) add(seq uint64, size int64) {
	i, found := x.find(seq)
	if found {
		x.bytes += size - x.entries[i].size
		x.entries[i].size = size
		return
	}
	x.entries = slices.Insert(x.entries, i, entry{seq, size})
	x.bytes += size
}

// remove takes batches out; those that are not in are passed over.
func (x *index) remove(seqs ...uint64) {
	if len(seqs) == 1 {
		if i, found := x.find(seqs[0]); found {
			x.bytes -= x.entries[i].size
			x.entries = slices.Delete(x.entries, i, i+1)
		}
		return
	}
	gone := make(map[uint64]bool, len(seqs))
	for _, seq := range seqs {
		gone[seq] = true
	}
	x.entries = slices.DeleteFunc(x.entries, func(e entry) bool {
		if gone[e.seq] {
			x.bytes -= e.size
		}
		return gone[e.seq]
	})
}

func (x *index) sequences() []uint64 {
	seqs := make([]uint64, len(x.entries))
	for i, e := range x.entries {
		seqs[i] = e.seq
	}
	return seqs
}
