//go:build integration

package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"communewatch/collector/api"
)

// network is an office (10.1.0.2) behind its router, which translates addresses as
// a provider's box does, and the province (10.2.0.2). The kernel removes all of it when
// the handles close.
type network struct {
	t                        *testing.T
	office, router, province netns.NsHandle
	uplink                   func() *netlink.LinkStatistics // of the office
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, office: newNamespace(t), router: newNamespace(t), province: newNamespace(t)}
	office, router, province := handleAt(t, n.office), handleAt(t, n.router), handleAt(t, n.province)
	for _, ns := range []netns.NsHandle{n.office, n.router, n.province} {
		n.sysctl(ns, "net/ipv6/conf/default/disable_ipv6", "1") // its neighbour discovery would be counted
	}
	cable := func(near *netlink.Handle, address string, far netns.NsHandle, h *netlink.Handle, name, peer string) {
		n.must(near.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name, PeerNamespace: netlink.NsFd(int(far)),
		}))
		n.up(near, name, address)
		n.up(h, name, peer)
	}
	cable(office, "10.1.0.2/24", n.router, router, "lan", "10.1.0.1/24")
	cable(province, "10.2.0.2/24", n.router, router, "wan", "10.2.0.1/24")
	n.must(office.RouteAdd(&netlink.Route{Gw: net.IPv4(10, 1, 0, 1)}))
	n.sysctl(n.router, "net/ipv4/ip_forward", "1")
	n.nft(`table ip nat {
		chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }
		chain through { type filter hook forward priority 0; ct state invalid drop; }
	}`)
	// A connection that the table has forgotten is no longer known by its packets.
	n.sysctl(n.router, "net/netfilter/nf_conntrack_tcp_loose", "0")
	n.uplink = func() *netlink.LinkStatistics {
		l, err := office.LinkByName("lan")
		n.must(err)
		return l.Attrs().Statistics
	}
	return n
}

// forget makes the router forget a connection after so long a silence.
func (n *network) forget(seconds int) {
	n.t.Helper()
	n.sysctl(n.router, "net/netfilter/nf_conntrack_tcp_timeout_established", fmt.Sprint(seconds))
}

func newNamespace(t *testing.T) netns.NsHandle {
	t.Helper()
	var ns netns.NsHandle
	err := within(netns.None(), func() (err error) {
		ns, err = netns.New()
		return err
	})
	if err != nil {
		t.Fatalf("make a network namespace: %v: this test needs root", err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

func handleAt(t *testing.T, ns netns.NsHandle) *netlink.Handle {
	t.Helper()
	h, err := netlink.NewHandleAt(ns)
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

// within runs f in a namespace, on a thread that ends with it. The sockets that f opens
// stay there.
func within(ns netns.NsHandle, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if ns.IsOpen() {
			if err := netns.Set(ns); err != nil {
				done <- err
				return
			}
		}
		done <- f()
	}()
	return <-done
}

func (n *network) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("make a network: %v: this test needs root and nftables (make setup)", err)
	}
}

func (n *network) up(h *netlink.Handle, name, address string) {
	n.t.Helper()
	link, err := h.LinkByName(name)
	n.must(err)
	a, err := netlink.ParseAddr(address)
	n.must(err)
	// Otherwise a link counts 64 KB in one packet, which no real one carries.
	n.must(h.LinkSetGSOMaxSegs(link, 1))
	n.must(errors.Join(h.AddrAdd(link, a), h.LinkSetUp(link)))
}

func (n *network) sysctl(ns netns.NsHandle, name, value string) {
	n.t.Helper()
	n.must(within(ns, func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0) }))
}

func (n *network) nft(script string) {
	n.t.Helper()
	n.must(within(n.router, func() error {
		nft := exec.Command("nft", "-f", "-")
		nft.Stdin = strings.NewReader(script)
		var said bytes.Buffer
		nft.Stderr = &said
		if err := nft.Run(); err != nil {
			return fmt.Errorf("nft: %w: %s", err, &said)
		}
		return nil
	}))
}

// collector starts a server in the province.
func (n *network) collector() *collector {
	n.t.Helper()
	var l net.Listener
	n.must(within(n.province, func() (err error) {
		l, err = net.Listen("tcp", "10.2.0.2:0")
		return err
	}))
	ca := newAuthority(n.t, past, future)
	return serveCollector(n.t, l, ca, ca.server(n.t, past, future, "10.2.0.2"), stored)
}

// sender sends from the office. Whoever waits for a time-out waits in vain.
func (n *network) sender(c *collector, q Queue, change func(*Config)) *Sender {
	n.t.Helper()
	s := senderWith(n.t, c, q, &watch{}, slog.DiscardHandler, func(cfg *Config) {
		cfg.DialTimeout, cfg.TLSTimeout, cfg.AnswerTimeout, cfg.RequestTimeout = time.Hour, time.Hour, time.Hour, time.Hour
		change(cfg)
	})
	dial := s.remote.dial
	s.remote.dial = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = within(n.office, func() error {
			conn, err = dial(ctx, network, address)
			return err
		})
		return conn, err
	}
	return s
}

func TestANATThatForgetsSilentConnectionsCostsNoFailure(t *testing.T) {
	t.Parallel()
	const seconds = 2 // of silence, then it forgets
	offices := map[string]*struct {
		keep   keepAlive
		dialed int // connections it is to have made
		c      *collector
		q      *memory
		s      *Sender
	}{
		"the probes keep it from forgetting":        {keep: keepAlive{idle: time.Second, interval: time.Second, unacked: time.Minute}, dialed: 1},
		"it forgot: what is sent is given up again": {keep: keepAlive{idle: time.Hour, interval: time.Hour, unacked: time.Second}, dialed: 2},
	}
	for _, o := range offices {
		n := newNetwork(t)
		n.forget(seconds)
		o.c, o.q = n.collector(), newMemory(1)
		o.s = n.sender(o.c, o.q, func(c *Config) { c.keep = o.keep })
		run(t, o.s)
		eventually(t, "sent", func() bool { return len(o.q.Sequences()) == 0 })
	}
	time.Sleep((2*seconds - 1) * time.Second) // the silence that this is about
	for _, o := range offices {
		o.q.put(2, api.ClockSynced, "x v=2i 2\n")
	}
	for name, o := range offices {
		eventually(t, "sent: "+name, func() bool { return len(o.q.Sequences()) == 0 })
		if dialed, _ := o.c.connections(); dialed != o.dialed {
			t.Errorf("%s: %d connections, want %d", name, dialed, o.dialed)
		}
		if st := o.s.Stats(); st.Attempts != 3 || st.Trouble != "" {
			t.Errorf("%s: %+v, want three attempts without a failure", name, st)
		}
	}
}

// What the meter counts, headers by estimate, against what the office's link carried.
func TestTheMeterCountsWhatALinkCarries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Config)
		size   int
		times  int
	}{
		"one connection, empty nearly":    {func(*Config) {}, 10, 20},
		"one connection, rounds":          {func(*Config) {}, 2_000, 20},
		"one connection, large bodies":    {func(*Config) {}, 70_000, 5},
		"a connection each":               {func(c *Config) { c.Every = 10 * time.Millisecond }, 2_000, 20},
		"a connection each, empty nearly": {func(c *Config) { c.Every = 10 * time.Millisecond }, 10, 20},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			server, q := n.collector(), filled(1, func(seq uint64) string { return noise(1, c.size) })
			s := n.sender(server, q, c.change)
			run(t, s)
			sent := func() bool { return len(q.Sequences()) == 0 && (s.cfg.Every == 0 || server.open() == 0) }
			eventually(t, "sent", sent)
			link, meter := carried(n), s.WireBytes()
			for i := range c.times {
				q.put(uint64(i+2), api.ClockSynced, noise(int64(i), c.size))
				eventually(t, "sent", sent)
			}
			eventually(t, "all acknowledged", settled(n))
			link, meter = carried(n)-link, s.WireBytes()-meter
			t.Logf("the link carried %d bytes a time, the meter counted %d (%+.1f %%)", link/int64(c.times), meter/int64(c.times), 100*float64(meter-link)/float64(link))
			if meter < link*92/100 || meter > link*120/100 {
				t.Errorf("the meter counted %d, the link carried %d", meter, link)
			}
		})
	}
}

// carried is in bytes of IP: a link also counts Ethernet's header.
func carried(n *network) int64 {
	st := n.uplink()
	return int64(st.RxBytes+st.TxBytes) - 14*int64(st.RxPackets+st.TxPackets)
}

// settled is true when nothing has come for a tenth of a second.
func settled(n *network) func() bool {
	last, since := int64(-1), time.Now()
	return func() bool {
		if now := carried(n); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 100*time.Millisecond
	}
}
