// Package doctor finds out where it hurts. In come the pings of the uplink targets and
// how sending goes; out go path points: once when all is well after the start, once
// when the uplink hurts, once when that is over (incident.go says when exactly). A look at
// the way to the collector is a trace of its routers (trace.go), the largest packet that
// gets through (mtu.go), and what sending needs: the name, a connection, TLS (reach.go).
// If uplink targets hurt, the one that does most is traced too.
//
// A look takes a minute at most, and measuring does not wait for it. It costs a handshake
// and, of each way, as a rule 10 small packets and 2 large ones, some 10 KB in all; never
// more than 60 and 72. That is beside the line's daily budget, and on a metered line only
// incidents are looked at. No step says more than was seen: routers and firewalls owe no
// answer, so a silent hop is no broken one. The way is this machine's own: if sending goes
// through a proxy, that is not looked at.
//
// A look must never send to anything but the collector, the configured uplink targets and
// the configured resolvers, and never send the token.
//
// People at the office ask for more by two commands. A check (check.go) says what the
// office lacks and what to do next: facts are gathered first (facts.go, ask_dns.go,
// ask_collector.go, ask_identity.go, check_devices.go), and decided upon alone (decide.go
// and its like), so that each decision is held by a table. It sends to the gateway, the
// resolvers, the collector and the configured devices, shows who we are to nobody but the
// proven collector, asks it nothing that changes anything there, and is over in MaxCheck.
// A search (discover.go) lists who is in this machine's own networks, slowly. Who made a
// network card is known by vendors.go, how SNMP is turned on for which make by makes.go.
// What other rooms do (echoes, SNMP) is handed in.
package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"communewatch/collector/api"
)

// MaxLook bounds one look.
const MaxLook = time.Minute

// collectorTarget is the tag of the way to the collector.
const collectorTarget = "collector"

// Config is whose way is looked at.
type Config struct {
	URL string // https://host[:port] of the collector
	// TLS judges the collector's certificate in its VerifyConnection, as sending does.
	TLS *tls.Config
	// Metered: the line is paid by the byte, so only incidents are looked at.
	Metered bool
}

// Deps is what a doctor is given.
type Deps struct {
	Now func() time.Time // the session's clock
	// Lost tells whether the collector was not to be had when last tried, if it was.
	Lost     func() (lost, tried bool)
	Resolver *net.Resolver // nil: net.DefaultResolver
	Log      *slog.Logger
}

// Doctor watches the uplink.
type Doctor struct {
	cfg  Config
	deps Deps
	host string
	port string

	lines lines // told by the probes' goroutines

	// Of Path, which does not run twice at once:
	incident incident
	lost     int        // turns in a row
	known    netip.Addr // the collector's address as it last resolved
}

// New checks and starts nothing.
func New(cfg Config, deps Deps) (*Doctor, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("a doctor needs the collector's address, got %q", cfg.URL)
	}
	if cfg.TLS == nil || deps.Now == nil || deps.Lost == nil || deps.Log == nil {
		return nil, errors.New("a doctor needs TLS, Now, Lost and Log")
	}
	if deps.Resolver == nil {
		deps.Resolver = net.DefaultResolver
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return &Doctor{cfg: cfg, deps: deps, host: u.Hostname(), port: port, incident: incident{looked: map[string]time.Time{}}}, nil
}

// Heard is told what a ping found. Only uplink targets matter. It never waits.
func (d *Doctor) Heard(t api.Target, points []*api.Point) {
	if t.Role != api.RoleUplink {
		return
	}
	for _, p := range points {
		if p.Measurement == "ping" {
			d.lines.heard(t, p)
		}
	}
}

// Path is called once an interval. It gives nothing, or, after a look, the points.
func (d *Doctor) Path(ctx context.Context) []*api.Point {
	cause, target := d.lines.cause()
	lost, tried := d.deps.Lost()
	if d.lost++; !lost {
		d.lost = 0
	}
	if d.lost >= lostTurns && rank(cause) < rank(api.CauseCollectorLost) {
		cause = api.CauseCollectorLost
	}
	well, known := d.lines.well()
	well = !lost && (well || !known && tried)
	look := d.incident.turn(d.deps.Now(), cause, target, well)
	if look == "" || d.cfg.Metered && rank(look) < 0 {
		return nil
	}
	return d.look(ctx, look, d.incident.target)
}

// look examines the way to the collector, and then to the target that hurts, if there is
// one and it is another.
func (d *Doctor) look(ctx context.Context, cause string, hurts api.Target) []*api.Point {
	ctx, cancel := context.WithTimeout(ctx, MaxLook)
	defer cancel()
	at := d.deps.Now()
	way := d.reach(ctx)
	way.follow(ctx)
	points := way.points(collectorTarget, cause, at)
	d.deps.Log.Info("looked at the way to the collector", "cause", cause, "found", way)
	if cause == api.CauseStart || hurts.Name == "" || hurts.Name == collectorTarget {
		return points
	}
	other := d.wayTo(ctx, hurts.Address)
	if other.address == way.address {
		return points
	}
	other.follow(ctx)
	d.deps.Log.Info("looked at the way to an uplink target", "cause", cause, "target", hurts.Name, "found", other)
	return append(points, other.points(hurts.Name, cause, at)...)
}

func (w *way) points(target, cause string, at time.Time) []*api.Point {
	p := api.NewPoint("path", at).Tag(api.TagTarget, target).Text("cause", cause)
	if w.address.IsValid() {
		p.Text("address", w.address.String())
	}
	for _, s := range []struct {
		name string
		step
	}{{"dns", w.dns}, {"connect", w.connect}, {"tls", w.tls}} {
		if s.done {
			p.Float(s.name+"_ms", milliseconds(s.took))
		}
		p.Text(s.name+"_error", s.failure)
	}
	w.trace.addTo(p)
	p.Count("mtu_bytes", int64(w.mtu.bytes)).Text("mtu_error", w.mtu.failure)
	points := []*api.Point{p}
	for _, h := range w.trace.hops {
		points = append(points, api.NewPoint("path_hop", at).Tag(api.TagTarget, target).Tag(api.TagHop, strconv.Itoa(h.number)).
			Text("address", h.address.String()).Float("rtt_ms", milliseconds(h.rtt)))
	}
	return points
}

// LogValue is a way in a log line.
func (w *way) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Any("address", w.address), slog.Bool("reached", w.trace.reached)}
	if n := len(w.trace.hops); n > 0 {
		attrs = append(attrs, slog.Int("last_hop_number", w.trace.hops[n-1].number), slog.Any("last_hop", w.trace.hops[n-1].address))
	}
	for _, f := range [][2]string{{"dns", w.dns.failure}, {"connect", w.connect.failure}, {"tls", w.tls.failure}, {"trace", w.trace.failure}, {"mtu", w.mtu.failure}} {
		if f[1] != "" {
			attrs = append(attrs, slog.String(f[0], f[1]))
		}
	}
	return slog.GroupValue(attrs...)
}
