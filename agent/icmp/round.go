package icmp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"time"

	probing "github.com/prometheus-community/pro-bing"

	"communewatch/collector/api"
)

// target is one target for as long as it is configured.
type target struct {
	api.Target
	prober  *Prober
	trouble complaint
}

// probe is one round.
func (t *target) probe(ctx context.Context) []*api.Point {
	cfg := &t.prober.cfg
	p := api.NewPoint("ping", cfg.Now()).Tag(api.TagTarget, t.Name).Tag(api.TagRole, string(t.Role))
	address, err := t.prober.resolve(ctx, t.Address)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		notProbed(p, api.ResultNotProbed)
	case err != nil:
		notProbed(p, api.ResultNoName)
		t.trouble.say(cfg.Log, "name does not resolve", "target", t.Name, "address", t.Address, "error", err)
	case t.prober.wide != nil:
		t.prober.wide.measure(ctx, t, address, p)
	default:
		t.measure(ctx, address, p)
	}
	return []*api.Point{p}
}

// measure makes a round and writes it into its point. One in which this machine stood
// still is not made anew: behind a sleep the network card is only about to wake as well.
func (t *target) measure(ctx context.Context, address netip.Addr, p *api.Point) {
	cfg := &t.prober.cfg
	books := newAccount(cfg.Packets, cfg.Timeout)
	awake, end := whileAwake(ctx, t.prober.bears)
	t.round(awake, address, books)
	ended := monotonic()
	if end() {
		cfg.Log.Info("round is void", "target", t.Name, "error", errStoodStill)
		notProbed(p, api.ResultNotProbed)
		return
	}
	books.addTo(p, ended)
}

func notProbed(p *api.Point, result string) {
	p.Int("sent", 0).Int("received", 0).Text("result", result)
}

// maxLookup bounds a lookup where ctx does not: two servers, each asked twice.
const maxLookup = 20 * time.Second

// resolve looks a name up again in every round: it may appear, and it may move.
func (p *Prober) resolve(ctx context.Context, address string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(address); err == nil {
		return ip.Unmap(), nil
	}
	limited, cancel := context.WithTimeout(ctx, maxLookup)
	defer cancel()
	// The resolver's order (RFC 6724) puts addresses that cannot be reached from here last.
	found, err := p.cfg.Resolver.LookupNetIP(limited, "ip", address)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(found) == 0 {
		return netip.Addr{}, errors.New("name has no address")
	}
	return found[0].Unmap(), nil
}

// round sends until every echo was tried. A pinger gives up when its first send
// fails; the link may be back for the next, so another one goes on.
func (t *target) round(ctx context.Context, address netip.Addr, books *account) {
	family := t.prober.sockets(address)
	for ctx.Err() == nil {
		tried := books.attempts()
		err := t.run(ctx, address, books)
		if books.attempts() == tried {
			family.complain(t.prober.cfg.Log, err)
			return
		}
		family.trouble.over()
		if ctx.Err() == nil {
			t.explain(books, err)
		}
		if len(books.echoes) > 0 || books.open() <= 0 || !wait(ctx, t.prober.cfg.Spacing) {
			return
		}
	}
}

// explain logs what the point cannot say. That there is no way to the target is
// a finding, in the point, and not worth a line.
func (t *target) explain(books *account, cutShort error) {
	log := t.prober.cfg.Log
	switch {
	case books.reason != nil:
		t.trouble.say(log, "echo requests are refused by this machine", "target", t.Name, "error", books.reason)
	case books.last != nil:
		t.trouble.say(log, "echoes are given up on the way", "target", t.Name, "by", books.last)
	case cutShort != nil && len(books.echoes) > 0:
		t.trouble.say(log, "round of echoes was cut short", "target", t.Name, "error", cutShort)
	default:
		t.trouble.over()
	}
}

// grain is how much later than the last deadline a run is stopped: timers and
// [monotonic] are two clocks on Windows, and a reply is judged by the second.
const grain = 20 * time.Millisecond

// run has one pinger send what is left of the round, and waits for the replies. All
// callbacks come from one goroutine of the pinger's, which has ended when run returns.
func (t *target) run(ctx context.Context, address netip.Addr, books *account) error {
	cfg, family := &t.prober.cfg, t.prober.sockets(address)
	raw, refused := family.kind(cfg.Log)
	if refused != nil {
		done, err := askSystem(ctx, address, cfg.Spacing, books)
		if done {
			family.served(cfg.Log, refused)
			return nil
		}
		return errors.Join(refused, err)
	}
	id, free := t.prober.ids.take()
	if !free {
		return errors.New("all 65,536 echo identifiers are taken")
	}
	defer t.prober.ids.release(id)
	heard := t.witness(address, raw, id)
	err := t.pinger(address, raw, id, books).RunWithContext(ctx)
	for _, n := range heard.close() {
		books.noticed(n)
	}
	return err
}

// witness hears the ICMP errors of one run; none where they cannot be heard.
func (t *target) witness(address netip.Addr, raw bool, id int) *witness {
	mine := ownsDatagramIdentifier
	if raw {
		mine = func(quoted int) bool { return quoted == id }
	}
	w, err := hear(address, mine)
	t.prober.sockets(address).deaf(t.prober.cfg.Log, err)
	return w
}

// pinger makes the pinger of one run. It never ends by itself: Stop ends it one spacing
// after the last reply, which is the time in which a duplicate of any other would
// come, or with the last echo's deadline; or ctx does.
//
// An echo's time is read when its send has returned, so a round trip is short by what
// the send took: some 0.03 ms, and up to 0.1 ms where the whole way is within the call
// (measured between two namespaces on a busy machine).
func (t *target) pinger(address netip.Addr, raw bool, id int, books *account) *probing.Pinger {
	cfg := &t.prober.cfg
	p := probing.New(t.Address)
	p.SetIPAddr(&net.IPAddr{IP: address.AsSlice(), Zone: address.Zone()})
	p.SetPrivileged(raw)
	p.SetID(id)
	p.RecordRtts, p.RecordTTLs = false, false
	p.Count, p.Interval = books.open(), cfg.Spacing

	closeAfterLast := func() {
		if books.open() == 0 {
			time.AfterFunc(books.timeout+grain, p.Stop)
		}
	}
	refuse := func(err error) {
		books.failed(err)
		// pro-bing would try again beyond Count. Never 0, which means endless: a run
		// whose first send fails ends by itself.
		p.Count = max(1, p.Count-1)
		closeAfterLast()
	}
	p.OnSend = func(*probing.Packet) {
		books.left(monotonic())
		closeAfterLast()
	}
	p.OnSendError = func(_ *probing.Packet, err error) { refuse(err) }
	receive := func(reply *probing.Packet) {
		at := monotonic()
		p.PacketsRecv = 0 // or pro-bing would end the run
		if !from(reply, address) {
			books.disowned()
			return
		}
		books.replied(reply.Seq, at)
	}
	p.OnRecv = func(reply *probing.Packet) {
		if receive(reply); books.complete() {
			time.AfterFunc(cfg.Spacing, p.Stop)
		}
	}
	p.OnDuplicateRecv = receive
	p.SetLogger(spinBreaker{refuse: refuse})
	return p
}

// from tells whether a reply comes from the address that was asked.
func from(reply *probing.Packet, address netip.Addr) bool {
	source, ok := netip.AddrFromSlice(reply.IPAddr.IP)
	return ok && source.Unmap() == address.WithZone("")
}

// spinBreaker is pro-bing's logger: it says nothing (what goes wrong is counted or
// returned), and ends a send that would never end. On EACCES pro-bing takes the
// target for a broadcast address and tries again at once, without a look at the
// context; behind a prohibiting route (ip route add prohibit …) that is for ever, at
// full load. Its only call on that way is Infof; Goexit runs the deferred calls that
// end the run. Broadcast addresses are no targets, so nothing is lost.
type spinBreaker struct {
	probing.NoopLogger
	refuse func(error)
}

func (s spinBreaker) Infof(string, ...any) {
	s.refuse(syscall.EACCES)
	runtime.Goexit()
}

// wait is false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
