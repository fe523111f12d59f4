package upstream

import "bytes"

// proven: the collector took a write, so the identity works, and the other one is not
// needed any more.
func (s *Sender) proven() {
	if s.identity == nil || !s.unproven {
		return
	}
	if !s.inPlace() {
		if err := s.identity.save(s.cfg.Identity); err != nil {
			s.log.Debug("identity that works is not in its place yet", "error", err)
			return
		}
		s.disk = s.identity.file
	}
	if err := removeIfThere(s.cfg.Identity + priorSuffix); err != nil {
		s.log.Debug("identity before this one stays", "error", err)
		return
	}
	s.unproven, s.swapped = false, false
	s.renewal.done(s.clock.Now(), renewedAgain)
}

// inPlace tells whether the identity in use is the one of the file, and not the one before.
func (s *Sender) inPlace() bool { return bytes.Equal(s.identity.file, s.disk) }

// swap takes the other one of two identities of which none has proven good: the renewed
// one, or the one before it. On disk both stay as they are until one has. true means that
// the other has not been tried yet; later on they take turns, and each waits for its.
func (s *Sender) swap(v verdict) bool {
	if !s.unproven {
		return false
	}
	path := s.cfg.Identity
	if s.inPlace() {
		path += priorSuffix
	}
	other, err := readIdentity(path)
	if err != nil {
		s.log.Debug("the other identity cannot be used", "error", err)
		return false
	}
	if now, known := s.clock.Collector(); known && now.After(other.leaf.NotAfter) {
		return false
	}
	s.use(other)
	if s.swapped {
		return false
	}
	s.swapped = true
	s.renewal.failed(s.clock.Now(), 0, v.reason, renewedAgain)
	s.log.Warn("renewed certificate is not taken: the one before it is tried", "reason", v.reason, "detail", v.message)
	return true
}
