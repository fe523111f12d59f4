package spool

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// hold keeps a payload in memory. Its sequence is the next of the folder's where
// there is one, so that it stays in its place when it gets there.
func (s *Spool) hold(payload []byte) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.next
	if s.folder == nil {
		s.next++
	} else if taken, err := s.folder.take(); err == nil {
		seq = taken
	}
	s.memory = append(s.memory, waiting{seq, slices.Clone(payload)})
	s.bytes += len(payload)
	for s.bytes > MaxMemory && len(s.memory) > 1 {
		s.release(0)
		s.dropped++
	}
	return seq
}

// release forgets the i-th batch in memory.
func (s *Spool) release(i int) {
	s.bytes -= len(s.memory[i].payload)
	s.memory = slices.Delete(s.memory, i, i+1)
}

// flush brings what is in memory to disk, oldest first, opening the folder anew where
// that is needed. nil when all is there and the disk works as far as is known.
func (s *Spool) flush() error {
	if err := s.enter(); err != nil {
		return err
	}
	if _, err := os.Lstat(s.folder.asideDir()); errors.Is(err, os.ErrNotExist) {
		if err := s.again(); err != nil {
			return err
		}
	}
	s.unstick()
	for {
		s.mu.Lock()
		if len(s.memory) == 0 {
			s.mu.Unlock()
			return nil
		}
		first := s.memory[0]
		s.mu.Unlock()
		if err := s.folder.putAs(first.seq, first.payload); err != nil {
			return err
		}
		s.mu.Lock()
		// Delivered meanwhile: then its file is one that will be sent again, harmlessly.
		if i, found := s.find(first.seq); found {
			s.release(i)
		}
		s.mu.Unlock()
	}
}

// again opens the folder after it had vanished: somebody removed it, or its disk.
func (s *Spool) again() error {
	s.mu.Lock()
	old := s.folder
	s.folder = nil
	s.next = old.next
	s.dropped += old.Stats().Dropped
	s.mu.Unlock()
	lost := old.Stats().Batches
	s.cfg.Log.Error("the spool's folder has vanished", "dir", s.cfg.Dir, "batches_in_it", lost)
	return errors.Join(old.Close(), s.enter())
}

// fails notes trouble with the disk, and logs it when it begins or is another.
func (s *Spool) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what := cause(err); s.trouble != what {
		s.trouble = what
		s.cfg.Log.Error("spool cannot be written: batches are held in memory", "dir", s.cfg.Dir, "limit_bytes", MaxMemory,
			"error", err, "look_at", lookAt(s.cfg.Dir, err))
	}
}

// cause is what the system said, without the names of files that differ each time.
func cause(err error) string {
	var code syscall.Errno
	if errors.As(err, &code) {
		return code.Error()
	}
	return "unknown"
}

func (s *Spool) works() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != "" {
		s.trouble = ""
		s.cfg.Log.Info("spool can be written again", "dir", s.cfg.Dir, "dropped_batches", s.dropped)
	}
}

// Delete removes batches from the queue; those that are not in it are passed over.
// A file that cannot be removed just now is no longer in the queue either: it is
// tried again later, and sent again after a restart, which is safe.
func (s *Spool) Delete(seqs ...uint64) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	return s.remove(seqs)
}

// Drop is Delete for what is too old to be of use: it is counted as dropped.
func (s *Spool) Drop(seqs ...uint64) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	before := len(s.Sequences())
	err := s.remove(seqs)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped += uint64(max(0, before-s.count()))
	return err
}

// count is how many batches are in the queue; mu is held.
func (s *Spool) count() int {
	n := len(s.memory) - len(s.stuck)
	if s.folder != nil {
		n += s.folder.Stats().Batches
	}
	return n
}

func (s *Spool) remove(seqs []uint64) error {
	s.mu.Lock()
	f := s.folder
	var onDisk []uint64
	for _, seq := range seqs {
		if i, found := s.find(seq); found {
			s.release(i)
		} else if !s.stuck[seq] {
			onDisk = append(onDisk, seq)
		}
	}
	s.mu.Unlock()
	if f == nil || len(onDisk) == 0 {
		return nil
	}
	err := f.Delete(onDisk...)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	for _, seq := range onDisk {
		if f.known(seq) == nil {
			s.stuck[seq] = true
		}
	}
	s.mu.Unlock()
	s.fails(err)
	return nil
}

// unstick tries again to remove files of batches that are delivered.
func (s *Spool) unstick() {
	s.mu.Lock()
	f := s.folder
	var seqs []uint64
	for seq := range s.stuck {
		seqs = append(seqs, seq)
	}
	s.mu.Unlock()
	if len(seqs) == 0 || f.Delete(seqs...) != nil {
		return
	}
	s.mu.Lock()
	clear(s.stuck)
	s.mu.Unlock()
}

// SetAside takes a batch out of the queue and keeps it in aside/, beside a note for
// people that says why: <sequence>.txt. Both last before it returns. One that is in
// memory because the disk fails is dropped, its note logged: it must not stand in the
// way of the others.
func (s *Spool) SetAside(seq uint64, note []byte) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	f, payload := s.parts(seq)
	if payload == nil {
		if f == nil {
			return fmt.Errorf("set batch %d aside: %w", seq, ErrGone)
		}
		return f.SetAside(seq, note)
	}
	err := s.flush()
	if err == nil {
		if f, _ = s.parts(seq); f.known(seq) == nil {
			return f.SetAside(seq, note)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, found := s.find(seq); found {
		s.release(i)
		s.dropped++
	}
	s.cfg.Log.Error("batch cannot be set aside and is dropped", "batch", seq, "note", string(note[:min(len(note), 500)]), "error", err)
	return nil
}
