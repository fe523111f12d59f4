// Package icmp sends echoes to one target and says what came back. In comes a
// target, once a round; out goes exactly one ping point, as api.Measurements has
// it, also when nothing could be sent. A round is in round.go, what is counted and
// how in account.go, which kind of socket in sockets.go, who hears ICMP errors in
// witness_linux.go, what voids a round in standstill.go, and whether any reply on this
// way proves anything in trust.go. More targets than an office has are asked another
// way, see wide.go.
//
// It must never state loss where nothing was sent or nothing could yet have come
// back, never credit one round with a reply to another, and never leave a socket
// or a goroutine behind.
//
// # Why pro-bing's own statistics are not used
//
// pro-bing writes and reads the packets; every number is ours, because its own
//   - are 0 % loss and 0 s when nothing was sent at all;
//   - leave out sends that failed, and try them again beyond Count;
//   - take round trips from a wall-clock stamp in the payload, so that a clock which
//     is set while an echo is under way makes them wrong or negative;
//   - have one time-out for the run and none for a packet: a reply after 2.9 s counts
//     or not depending on when its echo was sent;
//   - count replies from any address that repeats the payload.
//
// What pro-bing does not show cannot be counted: a reply with another's payload or
// identifier is dropped without a word. ICMP errors it does not show either; a witness
// hears them (Linux, with CAP_NET_RAW).
package icmp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"communewatch/collector/api"
)

// Config says how a round is made. What is zero or nil takes its default.
type Config struct {
	Packets  int              // echoes a round, 1 to 100; default 10
	Spacing  time.Duration    // from one echo to the next, 1 ms to 10 s; default 200 ms
	Timeout  time.Duration    // for each reply from its own echo on, 10 ms to 60 s; default 3 s
	Targets  int              // how many there will be; beyond Narrow rounds are wide, see wide.go
	Pace     time.Duration    // of wide rounds, between any two echoes, 100 µs to 1 s; default 1 ms
	Now      func() time.Time // the session's clock, which must not jump; default time.Now
	Resolver *net.Resolver    // of names; default net.DefaultResolver
	Log      *slog.Logger     // default none
}

// DefaultConfiguration is the order of fping and SmokePing: a round of ten echoes
// is over after 4.8 s at the latest.
func DefaultConfiguration() Config {
	return Config{
		Packets: api.DefaultPackets, Spacing: 200 * time.Millisecond, Timeout: 3 * time.Second, Pace: time.Millisecond,
		Now: time.Now, Resolver: net.DefaultResolver, Log: slog.New(slog.DiscardHandler),
	}
}

// Prober makes the probes of targets. What it knows of the machine (which sockets
// work, which identifiers are taken) serves them all; between rounds it holds no socket.
type Prober struct {
	cfg   Config
	ids   *identifiers
	ipv4  sockets
	ipv6  sockets
	trust trust
	bears time.Duration // not running in mid-round; see standstill
	wide  *wide         // nil when there are few targets
}

// New checks the configuration and starts nothing.
func New(cfg Config) (*Prober, error) {
	cfg = cfg.filled(DefaultConfiguration())
	if err := cfg.check(); err != nil {
		return nil, err
	}
	p := &Prober{
		cfg: cfg, ids: newIdentifiers(), bears: standstill(cfg.Timeout),
		ipv4: sockets{datagram: "udp4", raw: "ip4:icmp"},
		ipv6: sockets{datagram: "udp6", raw: "ip6:ipv6-icmp"},
	}
	if cfg.Targets > Narrow {
		p.wide = newWide(p)
	}
	return p, nil
}

// Target gives the function that makes one round of echoes to t. It always gives
// one point, stamped with the round's start. When ctx ends in mid-round, only the
// echoes whose fate is known by then are in it. It may be called from several
// goroutines; each call is a round of its own.
func (p *Prober) Target(t api.Target) func(context.Context) []*api.Point {
	target := &target{Target: t, prober: p}
	return target.probe
}

func (c Config) filled(standard Config) Config {
	if c.Packets == 0 {
		c.Packets = standard.Packets
	}
	if c.Spacing == 0 {
		c.Spacing = standard.Spacing
	}
	if c.Timeout == 0 {
		c.Timeout = standard.Timeout
	}
	if c.Pace == 0 {
		c.Pace = standard.Pace
	}
	if c.Now == nil {
		c.Now = standard.Now
	}
	if c.Resolver == nil {
		c.Resolver = standard.Resolver
	}
	if c.Log == nil {
		c.Log = standard.Log
	}
	return c
}

func (c Config) check() error {
	if c.Packets < 1 || c.Packets > 100 {
		return fmt.Errorf("icmp packets is %d, want 1 to 100", c.Packets)
	}
	if c.Spacing < time.Millisecond || c.Spacing > 10*time.Second {
		return fmt.Errorf("icmp spacing is %s, want 1ms to 10s", c.Spacing)
	}
	if c.Timeout < 10*time.Millisecond || c.Timeout > time.Minute {
		return fmt.Errorf("icmp timeout is %s, want 10ms to 1m", c.Timeout)
	}
	if c.Pace < 100*time.Microsecond || c.Pace > time.Second {
		return fmt.Errorf("icmp pace is %s, want 100µs to 1s", c.Pace)
	}
	return nil
}
