package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"communewatch/collector/api"
)

// MaxCheck bounds a check, even where everything is dead. Within it each step has its own
// bound, and steps that do not need one another are taken at once.
const MaxCheck = 28 * time.Second

const (
	collectorLimit = 20 * time.Second // name, connection, TLS, two answers
	checkMTULimit  = 18 * time.Second // a black hole on a slow line takes many silences
	gatewayLimit   = 9 * time.Second  // an old neighbour is asked by the kernel after 5 s, for 3 s
	deviceLimit    = 18 * time.Second
	diskPatience   = 8 * time.Second
	manyDevices    = 128 // asked at once
)

// CheckConfig is what is checked.
type CheckConfig struct {
	URL   string // of the collector; empty: nothing is installed yet
	Pin   string // of its CA
	TLS   *tls.Config
	Proxy func(*http.Request) (*url.URL, error) // as sending has it; nil: none

	Identity string // path of the file with key and certificate; empty: there is a token
	Token    string
	Twin     bool // the running agent was told so when it last sent: reading is not refused to a twin
	Copied   bool // the disk is another machine's copy, and the identity with it

	Targets []api.Target
	Folder  string // where state is kept
	Needs   int64  // bytes that the spool may come to take
}

// CheckDeps is what other rooms do.
type CheckDeps struct {
	// Ping tells whether an address answers an echo. An error says that none could be sent.
	Ping func(ctx context.Context, to netip.Addr) (bool, error)
	// Ask asks a device over SNMP what it is.
	Ask     func(context.Context, api.Target) Device
	Gateway func() (netip.Addr, bool)
	Servers func() []netip.Addr // of DNS, as the system asks them
	Now     func() time.Time    // this machine's clock; nil: time.Now
}

// Device is what a device said over SNMP.
type Device struct {
	Fault  Fault
	Name   string // sysName
	Object string // sysObjectID: "1.3.6.1.4.1.14988.1"
	Descr  string // sysDescr
}

// Fault is why a device did not say what it is; empty: it did.
type Fault string

const (
	FaultSilent   Fault = "silent"   // nothing came back
	FaultClosed   Fault = "closed"   // it said that nobody listens at the port
	FaultName     Fault = "name"     // its own name does not resolve
	FaultUser     Fault = "user"     // version 3: it does not know the user
	FaultPassword Fault = "password" // version 3: authentication's password or algorithm
	FaultPrivacy  Fault = "privacy"  // version 3: privacy's
	FaultLevel    Fault = "level"    // version 3: the user must use another security level
	FaultWindow   Fault = "window"   // version 3: its clock or boots do not hold
	FaultNoRoute  Fault = "no_route" // this machine has no way there
	FaultRefused  Fault = "refused"  // it answers, and does not let the asker see it
	FaultOther    Fault = "other"    // see Descr
)

// facts is all that is known, before anything is decided.
type facts struct {
	cfg       CheckConfig
	at        time.Time // this machine's clock
	machine   machine
	gateway   gatewayFacts
	resolvers []resolverFacts
	identity  identityFacts
	collector collectorFacts
	mtu       mtuFacts
	right     pingRight
	disk      disk
	devices   []deviceFacts
}

// deviceFacts is one configured SNMP device.
type deviceFacts struct {
	target api.Target
	device Device
	echoed bool
	mac    net.HardwareAddr // nil: not known
}

// mtuFacts is the largest packet to the collector.
type mtuFacts struct {
	mtu
	done bool
	told bool // a router, or this machine, said what is too large
	line int  // this machine's own line takes so much; 0: not known
	echo bool // the collector's host answered a small packet
}

// Check finds out and decides: a line for each thing that an office needs.
func Check(ctx context.Context, cfg CheckConfig, deps CheckDeps) ([]Finding, error) {
	if deps.Ping == nil || deps.Ask == nil || deps.Gateway == nil || deps.Servers == nil {
		return nil, errors.New("a check needs Ping, Ask, Gateway and Servers")
	}
	if cfg.URL != "" && (cfg.TLS == nil || cfg.TLS.VerifyConnection == nil) {
		return nil, errors.New("a check of the collector needs TLS that judges it")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	f := gather(ctx, cfg, deps)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return decide(f), nil
}

func gather(ctx context.Context, cfg CheckConfig, deps CheckDeps) *facts {
	ctx, cancel := context.WithTimeout(ctx, MaxCheck)
	defer cancel()
	f := &facts{cfg: cfg, at: deps.Now(), right: pingRights()}
	f.machine.interfaces, _ = interfaces() // none is what it looks like then
	f.machine.gateway, _ = deps.Gateway()
	f.machine.resolvers = askable(deps.Servers())
	f.identity = readIdentity(cfg.Identity)
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { f.disk = inTime(cfg.Folder, cfg.Needs, examineDisk) })
	if !f.machine.hasAddress() {
		return f
	}
	all.Go(func() { f.gateway = askGateway(ctx, f.machine, deps) })
	all.Go(func() { f.resolvers = askResolvers(ctx, cfg, f.machine.resolvers) })
	all.Go(func() { f.devices = askDevices(ctx, cfg.Targets, deps) })
	all.Go(func() {
		if f.collector = askCollector(ctx, cfg, f.identity.certificate, deps); f.collector.address.IsValid() && f.collector.proxy == "" {
			f.mtu = f.askMTU(ctx)
		}
	})
	all.Wait()
	f.findMakers()
	return f
}

// askGateway pings it; if it keeps silent, the table of neighbours tells whether it is
// there all the same. The kernel asks an old neighbour again some seconds after a packet
// was sent to it.
func askGateway(ctx context.Context, m machine, deps CheckDeps) (g gatewayFacts) {
	if !m.gateway.IsValid() {
		return g
	}
	ctx, cancel := context.WithTimeout(ctx, gatewayLimit)
	defer cancel()
	g.echoed, _ = deps.Ping(ctx, m.gateway)
	for {
		table, err := neighbours()
		if err == nil {
			g.neighbour, g.listed = neighbourAt(table, m.gateway)
		}
		if g.echoed || g.listed && (g.neighbour.fresh || g.neighbour.dead) || !m.own(m.gateway) {
			return g
		}
		if mac, there := confirm(m.gateway); there {
			g.neighbour, g.listed = neighbour{address: m.gateway, mac: mac, fresh: true}, true
			return g
		}
		if !pause(ctx, 250*time.Millisecond) {
			return g
		}
	}
}

// pause is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// maxResolvers bounds how many are asked.
const maxResolvers = 6

// askable leaves out what Windows invents where there is none for IPv6 (fec0:0:0:ffff::1).
func askable(servers []netip.Addr) (out []netip.Addr) {
	invented := netip.MustParsePrefix("fec0::/10")
	for _, s := range servers {
		if s = s.Unmap(); !invented.Contains(s.WithZone("")) && !slices.Contains(out, s) && len(out) < maxResolvers {
			out = append(out, s)
		}
	}
	return out
}

func askResolvers(ctx context.Context, cfg CheckConfig, servers []netip.Addr) []resolverFacts {
	host := hostOf(cfg.URL)
	if host == "" {
		return nil
	}
	out := make([]resolverFacts, len(servers))
	var all sync.WaitGroup
	for i, s := range servers {
		all.Go(func() { out[i] = askResolver(ctx, netip.AddrPortFrom(s, 53), host) })
	}
	all.Wait()
	return out
}

// hostOf is the collector's name; empty if there is none, or an address instead.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ""
	}
	return u.Hostname()
}

func askCollector(ctx context.Context, cfg CheckConfig, certificate *tls.Certificate, deps CheckDeps) collectorFacts {
	if cfg.URL == "" {
		return collectorFacts{}
	}
	ctx, cancel := context.WithTimeout(ctx, collectorLimit)
	defer cancel()
	v, err := newVisitor(cfg, certificate, deps.Now)
	if err != nil {
		return collectorFacts{}
	}
	return v.visit(ctx, net.DefaultResolver)
}

func (f *facts) askMTU(ctx context.Context) mtuFacts {
	ctx, cancel := context.WithTimeout(ctx, checkMTULimit)
	defer cancel()
	m := mtuFacts{done: true, line: f.machine.lineTo(f.collector.address)}
	m.mtu = findMTU(ctx, func(ctx context.Context, p packet) (reply, error) {
		r, err := sendPacket(ctx, p)
		m.told = m.told || r.fate == tooBig
		m.echo = m.echo || r.fate == arrived
		return r, err
	}, f.collector.address)
	return m
}

// inTime waits for a disk no longer than diskPatience: a failing one can take minutes, and
// what asked it cannot be called back. That goroutine ends with the disk's answer, or with
// the program, which is about to end.
func inTime(folder string, needs int64, examine func(string, int64) disk) disk {
	done := make(chan disk, 1)
	go func() { done <- examine(folder, needs) }()
	timer := time.NewTimer(diskPatience)
	defer timer.Stop()
	select {
	case d := <-done:
		return d
	case <-timer.C:
		return disk{folder: folder, slow: true}
	}
}

// examineDisk writes a file and removes it.
func examineDisk(folder string, needs int64) disk {
	d := disk{folder: folder, needs: needs}
	if folder == "" {
		return d
	}
	file, err := os.CreateTemp(folder, ".check-*")
	if err != nil {
		d.err = err
		return d
	}
	defer os.Remove(file.Name())
	_, err = file.Write(make([]byte, 4096))
	d.err = errors.Join(err, file.Sync(), file.Close())
	d.free, err = freeBytes(folder)
	d.err = errors.Join(d.err, err)
	return d
}
