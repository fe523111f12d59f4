package clock

import (
	"sync"
	"time"
)

// sleepMeter counts how long the machine was suspended since it was started. Go's
// monotonic clock stands still meanwhile on Linux ("on some systems", says package
// time), and every later measurement of the session would be dated that much early.
type sleepMeter struct {
	read    func() time.Duration // suspended since boot; sometimes too little, never too much
	atStart time.Duration

	mu   sync.Mutex
	last time.Duration
}

// newSleepMeter reads thrice, so that a thread that was put off between the two clocks
// behind read does not begin with too little: that would soon look like a sleep.
func newSleepMeter(read func() time.Duration) *sleepMeter {
	return &sleepMeter{read: read, atStart: max(read(), read(), read())}
}

// leastSleep: the two clocks behind it are not read at the same instant, so less is nothing.
const leastSleep = 10 * time.Millisecond

// slept only grows.
func (m *sleepMeter) slept() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.read() - m.atStart; now >= m.last+leastSleep {
		m.last = now
	}
	return m.last
}
