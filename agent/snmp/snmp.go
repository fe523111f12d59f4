// Package snmp asks devices over SNMP what they are and what passed through their
// interfaces. In comes a target with credentials, once a round; out go one device
// point and one point an interface, as api.Measurements has them. Walking is in
// walk.go, what of an answer is believed in answer.go, talking in conversation.go,
// all that can go wrong in fault.go, what is remembered of a device's ways in
// habits.go, tables in table.go, what a counter's difference may be believed to be
// in counter.go; what is asked of which kind of device, in profile.go.
//
// It must never write to a device, never show a community or a password, never
// state a difference that could be wrong, and never take an answer that ended
// early for a whole one: it says so in the device point's error, with the OID.
package snmp

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"communewatch/collector/api"
)

// Config says how patiently devices are asked.
type Config struct {
	Timeout time.Duration    // for the answer to one request, 100 ms to 30 s; 0 = 2 s
	Retries int              // of a request that is not answered, 0 to 5
	Now     func() time.Time // the session's clock, which must not jump and counts a sleep; nil = time.Now
	// Profiles say what is asked for beside interfaces; nil = those that are shipped.
	Profiles *Profiles
	Log      *slog.Logger // nil = no log
}

// DefaultConfiguration suits devices of an office's own network.
func DefaultConfiguration() Config {
	profiles, _ := Shipped() // New complains; a test holds that they are right
	return Config{Timeout: defaultTimeout, Retries: 1, Now: time.Now, Profiles: profiles, Log: slog.New(slog.DiscardHandler)}
}

const defaultTimeout = 2 * time.Second

// Limits of one poll, whatever a device answers.
const (
	maxInterfaces = 512              // rows of a table; the rest is left out, and said to be
	maxRequests   = 4096             // enough for 512 rows in single steps on a few columns
	maxPoll       = 30 * time.Second // then what was read so far is used
)

// Prober makes the probes of SNMP targets. It holds no connection.
type Prober struct{ cfg Config }

// New checks the configuration and starts nothing.
func New(cfg Config) (*Prober, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Timeout < 100*time.Millisecond || cfg.Timeout > 30*time.Second {
		return nil, fmt.Errorf("snmp timeout is %s, want 100ms to 30s", cfg.Timeout)
	}
	if cfg.Retries < 0 || cfg.Retries > 5 {
		return nil, fmt.Errorf("snmp retries is %d, want 0 to 5", cfg.Retries)
	}
	if cfg.Profiles == nil {
		var err error
		if cfg.Profiles, err = Shipped(); err != nil {
			return nil, err
		}
	}
	return &Prober{cfg: cfg}, nil
}

// Target gives the function that polls a device once. It remembers the counters
// of its last call, so it must be kept from round to round; two calls at once wait
// for one another. It gives no points when ctx was cancelled: what was interrupted
// says nothing about the device. A ctx that merely ran out of time is a finding.
func (p *Prober) Target(t api.Target) func(context.Context) []*api.Point {
	return newDevice(t, p.cfg).poll
}
