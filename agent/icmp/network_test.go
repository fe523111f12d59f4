//go:build integration

package icmp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"communewatch/collector/api"
)

// network is two namespaces and a cable: the agent's (10.44.0.1, fd44::1) and the
// office's (10.44.0.2, fd44::2). The kernel removes all of it when the handles close.
type network struct {
	t                    testing.TB
	agent, office        netns.NsHandle
	agentLink, otherLink *netlink.Handle
}

const (
	datagram = "0 0" // the root group may open datagram sockets
	raw      = "1 0" // nobody may: the kernel's default

	unicast = syscall.RTN_UNICAST
)

// newNetwork makes one in which echoes go through sockets of that kind.
func newNetwork(t testing.TB, kind string) *network {
	t.Helper()
	n := &network{t: t, agent: newNamespace(t), office: newNamespace(t)}
	n.agentLink, n.otherLink = handleAt(t, n.agent), handleAt(t, n.office)
	n.must("lay the cable", n.agentLink.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "lan"}, PeerName: "lan", PeerNamespace: netlink.NsFd(int(n.office)),
	}))
	for i, h := range []*netlink.Handle{n.agentLink, n.otherLink} {
		n.setUp(h, "lo")
		n.setUp(h, "lan")
		n.address(h, fmt.Sprintf("10.44.0.%d/24", i+1))
		n.address(h, fmt.Sprintf("fd44::%d/64", i+1))
	}
	n.inAgent(func() error { return os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(kind), 0) })
	return n
}

func newNamespace(t testing.TB) netns.NsHandle {
	t.Helper()
	var handle netns.NsHandle
	err := onOwnThread(func() (err error) {
		handle, err = netns.New()
		return err
	})
	if err != nil {
		t.Fatalf("make a network namespace: %v: these tests need root", err)
	}
	t.Cleanup(func() { handle.Close() })
	return handle
}

func handleAt(t testing.TB, ns netns.NsHandle) *netlink.Handle {
	t.Helper()
	h, err := netlink.NewHandleAt(ns)
	if err != nil {
		t.Fatalf("open netlink: %v", err)
	}
	t.Cleanup(h.Close)
	return h
}

// onOwnThread runs f on a thread that ends with it, whatever f makes of the thread.
func onOwnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// within runs f in a namespace. Sockets that f opens by itself are in it, also when
// other goroutines use them later; what f's goroutines open is not.
func within(ns netns.NsHandle, f func() error) error {
	return onOwnThread(func() error {
		if err := netns.Set(ns); err != nil {
			return err
		}
		return f()
	})
}

func (n *network) inAgent(f func() error) {
	n.t.Helper()
	n.must("work in the agent's namespace", within(n.agent, f))
}

func (n *network) must(what string, err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("%s: %v", what, err)
	}
}

func (n *network) link(h *netlink.Handle, name string) netlink.Link {
	n.t.Helper()
	link, err := h.LinkByName(name)
	n.must("find link "+name, err)
	return link
}

func (n *network) setUp(h *netlink.Handle, name string) {
	n.t.Helper()
	n.must("set link up", h.LinkSetUp(n.link(h, name)))
}

func (n *network) setDown(h *netlink.Handle, name string) {
	n.t.Helper()
	n.must("set link down", h.LinkSetDown(n.link(h, name)))
}

func (n *network) address(h *netlink.Handle, cidr string) {
	n.t.Helper()
	addr, err := netlink.ParseAddr(cidr)
	n.must("parse "+cidr, err)
	if addr.IP.To4() == nil {
		addr.Flags = syscall.IFA_F_NODAD
	}
	n.must("add "+cidr, h.AddrAdd(n.link(h, "lan"), addr))
}

func (n *network) noAddress(h *netlink.Handle, cidr string) {
	n.t.Helper()
	addr, err := netlink.ParseAddr(cidr)
	n.must("parse "+cidr, err)
	n.must("remove "+cidr, h.AddrDel(n.link(h, "lan"), addr))
}

// route adds a route of the agent's: through the office, or of a type that refuses.
func (n *network) route(cidr string, kind int) {
	n.t.Helper()
	_, to, err := net.ParseCIDR(cidr)
	n.must("parse "+cidr, err)
	r := &netlink.Route{Dst: to, Type: kind}
	if kind == unicast {
		r.Gw = net.IPv4(10, 44, 0, 2)
		if to.IP.To4() == nil {
			r.Gw = net.ParseIP("fd44::2")
		}
	}
	n.must("add route", n.agentLink.RouteAdd(r))
}

// answerFor makes every address of a net the office's own.
func (n *network) answerFor(cidr string) {
	n.t.Helper()
	_, to, err := net.ParseCIDR(cidr)
	n.must("parse "+cidr, err)
	n.must("answer for "+cidr, n.otherLink.RouteAdd(&netlink.Route{
		Dst: to, Type: syscall.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Table: syscall.RT_TABLE_LOCAL, LinkIndex: n.link(n.otherLink, "lo").Attrs().Index,
	}))
}

// nft runs nftables in a namespace and gives what it prints.
func (n *network) nft(ns netns.NsHandle, script string) string {
	n.t.Helper()
	var out []byte
	err := within(ns, func() (err error) {
		cmd := exec.Command("nft", "-f", "-") // forked from this thread, so in its namespace
		cmd.Stdin = strings.NewReader(script)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if out, err = cmd.Output(); err != nil {
			err = fmt.Errorf("nft: %w %s (make setup installs it)", err, &stderr)
		}
		return err
	})
	n.must("set a filter", err)
	return string(out)
}

// atOffice puts one rule before everything that reaches the office.
func (n *network) atOffice(rule string) {
	n.t.Helper()
	n.nft(n.office, "table inet cut {\ncounter hit { }\ncounter seen { }\nchain in {\ntype filter hook input priority 0\n"+rule+"\n}\n}\n")
}

var packets = regexp.MustCompile(`packets (\d+)`)

func (n *network) counted(name string) int {
	n.t.Helper()
	found := packets.FindStringSubmatch(n.nft(n.office, "list counter inet cut "+name+"\n"))
	if found == nil {
		n.t.Fatalf("nft prints no counter %s", name)
	}
	count, err := strconv.Atoi(found[1])
	n.must("read counter", err)
	return count
}

// withoutRoute counts the packets for which the agent's kernel found no route.
func (n *network) withoutRoute() int {
	n.t.Helper()
	var text []byte
	n.inAgent(func() (err error) {
		text, err = os.ReadFile("/proc/thread-self/net/snmp")
		return err
	})
	names, values, _ := strings.Cut(string(text), "\n")
	for i, name := range strings.Fields(names) {
		if name == "OutNoRoutes" {
			count, err := strconv.Atoi(strings.Fields(values)[i])
			n.must("read OutNoRoutes", err)
			return count
		}
	}
	n.t.Fatal("the kernel has no OutNoRoutes")
	return 0
}

// round makes one round in the agent's namespace.
func (n *network) round(ctx context.Context, probe func(context.Context) []*api.Point) []*api.Point {
	n.t.Helper()
	var points []*api.Point
	n.inAgent(func() error {
		points = probe(ctx)
		return nil
	})
	return points
}

// ping makes one round to an address with a new prober.
func (n *network) ping(cfg Config, address string) string {
	n.t.Helper()
	return fields(n.t, n.round(n.t.Context(), newProbe(n.t, cfg, address)))
}

// newProber makes a prober that takes no pause of a busy machine for a sleep: filters count.
func newProber(t testing.TB, cfg Config) *Prober {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.bears = time.Hour
	return p
}

func newProbe(t testing.TB, cfg Config, address string) func(context.Context) []*api.Point {
	t.Helper()
	return newProber(t, cfg).Target(api.Target{Name: "x", Address: address, Role: api.RoleUplink})
}

// number reads a count of a point; absent is 0.
func number(p *api.Point, field string) int {
	v, _ := p.FieldNamed(field)
	return int(v.Integer())
}
