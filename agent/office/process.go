package office

import (
	"sync"
	"time"
)

// processTimes turns the process's CPU time into a percentage since it was last asked.
type processTimes struct {
	mu   sync.Mutex
	cpu  time.Duration
	when time.Time
	last *float64 // what percent gave last
}

// latest is what percent gave last, for those who only tell it.
func (p *processTimes) latest() *float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// percent is of one core; false the first time.
func (p *processTimes) percent() (float64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cpu, now := cpuTime(), time.Now()
	spent, passed := cpu-p.cpu, now.Sub(p.when)
	first := p.when.IsZero()
	p.cpu, p.when = cpu, now
	if first || passed <= 0 || spent < 0 {
		return 0, false
	}
	share := 100 * float64(spent) / float64(passed)
	p.last = &share
	return share, true
}
