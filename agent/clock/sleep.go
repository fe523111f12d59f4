package clock

import (
	"sync"
	"time"
)

// sleepMeter counts how long the machine was suspended since it was started. Go's
// monotonic clock stands still meanwhile on Linux ("on some systems", says package
// time), and every later measurement of the session would be dated that much early.
type sleepMeter struct {
	read    func() time.Duration // suspended since boot
	atStart time.Duration

	mu   sync.Mutex
	last time.Duration
}

func newSleepMeter(read func() time.Duration) *sleepMeter {
	return &sleepMeter{read: read, atStart: read()}
}

// slept only grows. The two clocks behind it are not read at the same instant, so
// differences below 10 ms are nothing.
func (m *sleepMeter) slept() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.read() - m.atStart; now >= m.last+10*time.Millisecond {
		m.last = now
	}
	return m.last
}
