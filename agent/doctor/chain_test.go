//go:build integration

package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// chain is five namespaces in a row: near – r1 – r2 – r3 – far. Between the n-th and the
// next lies the net 198.18.n.0/24 (fd18:n::/64), .1 (::1) to the left and .2 to the right.
type chain struct {
	t     *testing.T
	names []string
}

var chains atomic.Int64

const (
	far4 = "198.18.3.2"
	far6 = "fd18:3::2"
)

// newChain makes one in which the agent may send echoes, or only UDP.
func newChain(t *testing.T, echoes bool) *chain {
	t.Helper()
	c := &chain{t: t}
	number := chains.Add(1)
	for _, name := range []string{"near", "r1", "r2", "r3", "far"} {
		name = fmt.Sprintf("cwdoc%d-%d-%s", os.Getpid(), number, name)
		c.names = append(c.names, name)
		c.run("", "ip", "netns", "add", name)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
		c.run("", "ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.dad_transmits=0")
	}
	for i := range 4 {
		c.run("", "ip", "-n", c.names[i], "link", "add", "right", "type", "veth", "peer", "name", "left", "netns", c.names[i+1])
		c.address(i, "right", i, 1)
		c.address(i+1, "left", i, 2)
	}
	for i, name := range c.names {
		var routes strings.Builder
		for net := range 4 {
			if net < i-1 {
				fmt.Fprintf(&routes, "route add 198.18.%d.0/24 via 198.18.%d.1\nroute add fd18:%d::/64 via fd18:%d::1\n", net, i-1, net, i-1)
			}
			if net > i {
				fmt.Fprintf(&routes, "route add 198.18.%d.0/24 via 198.18.%d.2\nroute add fd18:%d::/64 via fd18:%d::2\n", net, i, net, i)
			}
		}
		c.run("link set lo up\n"+routes.String(), "ip", "-n", name, "-batch", "-")
		// What routers say is limited to one a second else, which a test cannot wait for.
		c.run("", "ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
			"net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
	}
	c.echoes(echoes)
	c.settle()
	return c
}

// settle waits until packets pass: a new link has no neighbours yet.
func (c *chain) settle() {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		passed := 0
		c.inside(0, func() {
			for _, to := range []string{far4, far6} {
				if r, err := brisk(c.t.Context(), packet{to: netip.MustParseAddr(to), hops: 9, size: smallest, wait: patience}); err == nil && r.fate == arrived {
					passed++
				}
			}
		})
		if passed == 2 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal("no packet passes the chain")
		}
	}
}

// echoes lets the agent open sockets for them, or not.
func (c *chain) echoes(may bool) {
	c.t.Helper()
	group := map[bool]string{true: "0 0", false: "1 0"}[may]
	c.run("", "ip", "netns", "exec", c.names[0], "sysctl", "-qw", "net.ipv4.ping_group_range="+group)
}

func (c *chain) address(at int, device string, net, last int) {
	c.t.Helper()
	c.run(fmt.Sprintf("addr add 198.18.%d.%d/24 dev %s\naddr add fd18:%d::%d/64 dev %s nodad\nlink set %s up\n", net, last, device, net, last, device, device),
		"ip", "-n", c.names[at], "-batch", "-")
}

// run runs one program of iproute2 or nftables.
func (c *chain) run(input, name string, args ...string) {
	c.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%s %s: %v\n%s(needs root, and `make setup` once)", name, strings.Join(args, " "), err, out)
	}
}

// filter puts rules before what a namespace's kernel does with packets at a hook.
func (c *chain) filter(at int, hook, rules string) {
	c.t.Helper()
	c.run("table inet cut {\nchain "+hook+" {\ntype filter hook "+hook+" priority 0\n"+rules+"\n}\n}\n", "ip", "netns", "exec", c.names[at], "nft", "-f", "-")
}

// inside runs f on a thread that is in a namespace and ends with f.
func (c *chain) inside(at int, f func()) {
	c.t.Helper()
	handle, err := os.Open("/var/run/netns/" + c.names[at])
	if err != nil {
		c.t.Fatal(err)
	}
	defer handle.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(handle.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		c.t.Fatal(err)
	}
}

// brisk waits less for each answer than a real look does.
func brisk(ctx context.Context, p packet) (reply, error) {
	p.wait = min(p.wait, 300*time.Millisecond)
	return sendPacket(ctx, p)
}

// trace follows the way from near, and writes the routers as numbers: "1 2 3".
func (c *chain) trace(to string) (numbers string, found trace) {
	c.t.Helper()
	c.inside(0, func() { found = findHops(c.t.Context(), brisk, netip.MustParseAddr(to)) })
	for _, h := range found.hops {
		want4, want6 := fmt.Sprintf("198.18.%d.2", h.number-1), fmt.Sprintf("fd18:%d::2", h.number-1)
		if h.address != netip.MustParseAddr(want4) && h.address != netip.MustParseAddr(want6) {
			c.t.Errorf("hop %d is %s", h.number, h.address)
		}
		if h.rtt <= 0 || h.rtt > patience*tries {
			c.t.Errorf("hop %d took %s", h.number, h.rtt)
		}
		numbers += fmt.Sprint(h.number, " ")
	}
	return strings.TrimSpace(numbers), found
}

// mtu finds the largest packet, and counts how many it takes.
func (c *chain) mtu(to string) (found mtu, sent int) {
	c.t.Helper()
	counting := func(ctx context.Context, p packet) (reply, error) {
		sent++
		return sendPacket(ctx, p)
	}
	c.inside(0, func() { found = findMTU(c.t.Context(), counting, netip.MustParseAddr(to)) })
	return found, sent
}
