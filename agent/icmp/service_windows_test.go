package icmp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

func TestTheSystemsEchoServiceMeasuresFractionsOfAMillisecond(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			books := newAccount(10, 3*time.Second)
			if done, err := askSystem(t.Context(), netip.MustParseAddr(address), 10*ms, books); !done || err != nil {
				t.Fatalf("%s: done %v, %v", address, done, err)
			}
			o := books.settle(monotonic())
			if o.sent != 10 || len(o.rtts) != 10 {
				t.Fatalf("%s: %+v, %d refused for %v", address, o, books.refused, books.reason)
			}
			t.Logf("%s: %s to %s", address, slices.Min(o.rtts), slices.Max(o.rtts))
			if !slices.ContainsFunc(o.rtts, func(rtt time.Duration) bool { return rtt > 0 && rtt%ms != 0 }) {
				t.Errorf("whole milliseconds only: %v", o.rtts)
			}
		})
	}
}

func TestWhatTheSystemsEchoServiceSaysIsBookedAsWhatItMeans(t *testing.T) {
	router := netip.MustParseAddr("203.0.113.7")
	books := newAccount(5, 3*time.Second)
	bookAll([]asked{
		{sent: 1 * ms, ended: 90 * ms, by: router},
		{err: asSocketError(windows.ERROR_NETWORK_UNREACHABLE)},
		{sent: 2 * ms, ended: 3002 * ms, status: statusTimedOut},
		{sent: 3 * ms, ended: 13 * ms, status: statusExpired, by: router},
		{sent: 4 * ms, ended: 24 * ms, by: router},
		{sent: 5 * ms, ended: 25 * ms, status: statusNoNetwork, by: netip.MustParseAddr("127.0.0.1")},
	}, books)
	o := books.settle(4000 * ms)
	if o.sent != 5 || len(o.rtts) != 2 || o.returned != 1 || books.unreachable != 1 || books.reordered != 1 {
		t.Errorf("%+v, %+v", o, books)
	}
}

// What a plain account gets without any right of its own.
func TestARoundGoesThroughTheServiceWhereNoSocketMayBeOpened(t *testing.T) {
	p, err := New(Config{Packets: 3, Spacing: 10 * ms, Now: func() time.Time { return time.Unix(0, 7) }})
	if err != nil {
		t.Fatal(err)
	}
	p.ipv4.raw = "ip4:no-such-protocol"
	probe := &target{prober: p}
	probe.Name, probe.Address, probe.Role = "x", "127.0.0.1", "lan"
	point := probe.probe(t.Context())[0]
	if received, _ := point.FieldNamed("received"); received.Integer() != 3 {
		t.Errorf("%v", point.Fields)
	}
}
