package ingest

import (
	"maps"
	"sync"
	"time"

	"communewatch/collector/api"
)

// What a request costs beside its bytes, in bytes: a line that holds two of them is
// parsed, and may be answered, as any other; an empty request has its receipt stored.
const (
	lineCost    = 256
	requestCost = 16 << 10
)

// allowance bounds what one agent may cost over time, so that flooding, replaying or
// sending garbage costs nobody else: a bucket of bytes that fills at a steady rate (token
// bucket). A request is charged when it is known what it cost, good or bad, and who is in
// debt waits until it is paid. An agent that honestly has much to send hardly meets it:
// a week's backlog of an ordinary office (10 targets and a switch of 24 ports, some 35
// lines and 5 KB a minute) costs about 140 MiB, so it takes a minute at the defaults.
type allowance struct {
	rate  float64 // bytes a second
	burst float64 // bytes

	mu    sync.Mutex
	of    map[api.Identity]balance // who is not here has all of it
	swept time.Time
}

// balance is what an agent had left at a time; less than nothing is debt.
type balance struct {
	left float64
	at   time.Time
}

func newAllowance(cfg Config) *allowance {
	return &allowance{rate: float64(cfg.AgentRate), burst: float64(cfg.AgentBurst), of: map[api.Identity]balance{}}
}

// wait is how long an agent must wait until it may send: 0 unless it is in debt.
func (a *allowance) wait(agent api.Identity, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.left(agent, now)
	if left >= 0 {
		return 0
	}
	return time.Duration(-left / a.rate * float64(time.Second))
}

// charge takes a request's cost from its agent's balance.
func (a *allowance) charge(agent api.Identity, cost int, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[agent] = balance{a.left(agent, now) - float64(cost), now}
	a.forget(now)
}

func (a *allowance) left(agent api.Identity, now time.Time) float64 {
	b, known := a.of[agent]
	if !known {
		return a.burst
	}
	filled := max(0, now.Sub(b.at).Seconds()) * a.rate // a clock that steps back takes nothing away
	return min(a.burst, b.left+filled)
}

// forget drops, as often as an empty bucket fills, those that are full: what is
// remembered is who sent lately.
func (a *allowance) forget(now time.Time) {
	if since := now.Sub(a.swept).Seconds(); since >= 0 && since < a.burst/a.rate {
		return
	}
	a.swept = now
	maps.DeleteFunc(a.of, func(agent api.Identity, _ balance) bool { return a.left(agent, now) >= a.burst })
}
