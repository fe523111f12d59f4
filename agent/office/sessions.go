package office

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
)

const (
	sessionsNote = "sessions.json" // in the spool's folder
	sessionsKept = 10 * time.Minute
)

// sessions is what the agent remembers of its runs, so that one which never met the
// collector can be placed in time by those around it. It is written when a run
// begins, when it first meets the collector, every ten minutes and at its end: an old disk should not write a second
// file each minute for it.
type sessions struct {
	spool   *spool.Spool
	session *clock.Session
	log     *slog.Logger

	mu     sync.Mutex
	memory *clock.Memory
	kept   time.Time // by the session's clock
	met    bool      // what was kept has an offset
}

func newSessions(s *spool.Spool, session *clock.Session, log *slog.Logger) *sessions {
	r := &sessions{spool: s, session: session, log: log, memory: &clock.Memory{}}
	note, err := s.Kept(sessionsNote)
	if err == nil && note != nil {
		var memory *clock.Memory
		if memory, err = clock.ReadMemory(note); err == nil {
			r.memory = memory
		}
	}
	if err != nil {
		log.Warn("earlier runs are forgotten", "file", sessionsNote, "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep()
	return r
}

// note remembers how the running session stands, now and then.
func (r *sessions) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, met := r.session.Offset()
	if met != r.met || r.session.Now().Sub(r.kept) >= sessionsKept {
		r.keep()
	}
}

// end remembers it for good.
func (r *sessions) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep()
}

// keep writes the memory; mu is held. What cannot be written costs at most the place
// of sessions without a line, and the spool itself says that the disk fails.
func (r *sessions) keep() {
	record := r.session.Record()
	r.memory.Note(record)
	if err := r.spool.Keep(sessionsNote, r.memory.Marshal()); err != nil {
		r.log.Debug("runs are not remembered", "error", err)
		return
	}
	r.kept, r.met = r.session.Now(), record.Met
}

// place finds the offset of an earlier session; last gives the latest time of its
// lines. What was found is on disk before it is used.
func (r *sessions) place(session string, last func() time.Time) (clock.Offset, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memory.Note(r.session.Record())
	offset, err := r.memory.Place(session, last())
	if err != nil {
		return clock.Offset{}, err
	}
	if err := r.spool.Keep(sessionsNote, r.memory.Marshal()); err != nil {
		return clock.Offset{}, errors.Join(clock.ErrNotYet, fmt.Errorf("remember where session %s is placed: %w", session, err))
	}
	return offset, nil
}
