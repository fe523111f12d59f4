package doctor

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

func TestDevicesForWhichThereWasNoTimeAreSaidToBeNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := make([]api.Target, 1000)
		for i := range targets {
			targets[i] = api.Target{Name: "d", Address: "192.168.1.30", SNMP: asked.SNMP}
		}
		began := time.Now()
		got := askDevices(t.Context(), targets, CheckDeps{
			Ask: func(ctx context.Context, _ api.Target) Device {
				if !pause(ctx, 5*time.Second) {
					return Device{Fault: FaultOther, Descr: "the time is over"}
				}
				return Device{Fault: FaultSilent}
			},
			Ping: func(ctx context.Context, _ netip.Addr) (bool, error) { return false, wait(ctx, 1800*time.Millisecond) },
		})
		if took := time.Since(began); took > deviceLimit+time.Second {
			t.Errorf("took %s", took)
		}
		count := map[Fault]int{}
		for _, d := range got {
			count[d.device.Fault]++
		}
		if count[FaultSilent] < 256 || count[faultNotAsked] < 300 || len(count) != 2 {
			t.Errorf("%v", count)
		}
	})
}

func TestACheckNeedsAllThatItIsToBeGiven(t *testing.T) {
	deps := CheckDeps{
		Ping:    func(context.Context, netip.Addr) (bool, error) { return false, nil },
		Ask:     func(context.Context, api.Target) Device { return Device{} },
		Gateway: func() (netip.Addr, bool) { return netip.Addr{}, false },
		Servers: func() []netip.Addr { return nil },
	}
	if _, err := Check(t.Context(), CheckConfig{URL: "https://c"}, deps); err == nil {
		t.Error("nobody judges the collector")
	}
	deps.Servers = nil
	if _, err := Check(t.Context(), CheckConfig{}, deps); err == nil {
		t.Error("nobody knows the servers")
	}
}

func TestWhatWindowsInventsIsNoServer(t *testing.T) {
	servers := []netip.Addr{netip.MustParseAddr("fec0:0:0:ffff::1%1"), router, router, netip.MustParseAddr("::ffff:192.168.1.1"), netip.MustParseAddr("fe80::1%2")}
	if got := askable(servers); len(got) != 2 || got[0] != router || got[1] != servers[4] {
		t.Errorf("%v", got)
	}
}
