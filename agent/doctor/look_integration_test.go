//go:build integration

package doctor

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// collector is a TLS server at the far end; only handshakes are made with it.
func (c *chain) collector() (url string) {
	c.t.Helper()
	certificate := quiet(c.t).TLS.Certificates[0]
	c.inside(4, func() {
		listener, err := tls.Listen("tcp", far4+":0", &tls.Config{Certificates: []tls.Certificate{certificate}})
		if err != nil {
			c.t.Error(err)
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				conn.(*tls.Conn).Handshake()
				conn.Close()
			}
		}()
		c.t.Cleanup(func() { listener.Close(); <-done })
		url = "https://" + listener.Addr().String()
	})
	return url
}

// turns makes rounds of the uplink target, with a turn of the doctor after each, and writes
// what its points say: figures that differ from run to run left out.
func (c *chain) turns(d *Doctor, target api.Target, rounds string) (said []string) {
	c.t.Helper()
	for _, mark := range rounds {
		d.Heard(target, []*api.Point{ping(mark)})
		c.inside(0, func() {
			for _, p := range d.Path(c.t.Context()) {
				said = append(said, written(c.t, p))
			}
		})
	}
	return said
}

func written(t *testing.T, p *api.Point) string {
	t.Helper()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	out := []string{p.Measurement, p.TagNamed("target"), p.TagNamed("hop")}
	for _, f := range p.Fields {
		if strings.HasSuffix(f.Name, "_ms") {
			out = append(out, f.Name)
			continue
		}
		out = append(out, f.Name+"="+f.Value.String())
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

func hops(target string, numbers ...int) (want []string) {
	for _, n := range numbers {
		want = append(want, fmt.Sprintf("path_hop %s %d address=198.18.%d.2 rtt_ms", target, n, n-1))
	}
	return want
}

func TestAnIncidentsPointsSayWhereItHurts(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	d := newDoctor(t, c.collector(), nil, trusted)
	provider := api.Target{Name: "provider", Address: "198.18.2.2", Role: api.RoleUplink}

	well := []string{"path collector cause=start address=198.18.3.2 connect_ms tls_ms reached=1 hops=4 last_hop=198.18.3.2 last_hop_number=4 mtu_bytes=1500"}
	if diff := cmp.Diff(append(well, hops("collector", 1, 2, 3, 4)...), c.turns(d, provider, "AAA")); diff != "" {
		t.Errorf("at the start: %s", diff)
	}

	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "down")
	cut := []string{"path collector cause=uplink_down address=198.18.3.2 connect_error=no_route reached=0 last_hop=198.18.1.2 last_hop_number=2 trace_error=unreachable"}
	cut = append(cut, hops("collector", 1, 2)...)
	cut = append(cut, "path provider cause=uplink_down address=198.18.2.2 reached=0 last_hop=198.18.1.2 last_hop_number=2 trace_error=unreachable")
	if diff := cmp.Diff(append(cut, hops("provider", 1, 2)...), c.turns(d, provider, "xxxxx")); diff != "" {
		t.Errorf("cut: %s", diff)
	}

	c.run("link set right up\nroute add 198.18.3.0/24 via 198.18.2.2\n", "ip", "-n", c.names[2], "-batch", "-")
	over := c.turns(d, provider, "AAAAAAAAAA")
	if len(over) == 0 || !strings.HasPrefix(over[0], "path collector cause=recovered") {
		t.Errorf("over: %q", over)
	}
}

func TestFirewallsThatHideTheWayDoNotHideThatItWorks(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.filter(1, "output", "meta l4proto icmp drop")
	c.filter(1, "forward", "meta l4proto icmp drop")
	w := &way{}
	d := newDoctor(t, c.collector(), nil, trusted)
	c.inside(0, func() {
		w = d.reach(t.Context())
		w.trace = findHops(t.Context(), brisk, w.address)
	})
	got := written(t, w.points("collector", api.CauseUplinkLoss, d.deps.Now())[0])
	want := "path collector cause=uplink_loss address=198.18.3.2 connect_ms tls_ms reached=0 trace_error=no_answer"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
