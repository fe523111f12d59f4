package doctor

import (
	"context"
	"net/netip"
	"sync"

	"communewatch/collector/api"
)

// askDevices asks all that are configured, so many at once.
func askDevices(ctx context.Context, targets []api.Target, deps CheckDeps) []deviceFacts {
	ctx, cancel := context.WithTimeout(ctx, deviceLimit)
	defer cancel()
	var out []deviceFacts
	for _, t := range targets {
		if t.SNMP != nil {
			out = append(out, deviceFacts{target: t})
		}
	}
	turns := make(chan struct{}, manyDevices)
	var all sync.WaitGroup
	for i := range out {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			out[i].ask(ctx, deps)
		})
	}
	all.Wait()
	return out
}

func (d *deviceFacts) ask(ctx context.Context, deps CheckDeps) {
	if ctx.Err() != nil {
		d.device.Fault = faultNotAsked
		return
	}
	d.device = deps.Ask(ctx, d.target)
	switch {
	case d.device.Fault == FaultOther && ctx.Err() != nil: // it was cut short, which says nothing of the device
		d.device = Device{Fault: faultNotAsked}
		return
	case d.device.Fault != FaultSilent:
		return
	}
	if a, err := netip.ParseAddr(d.target.Address); err == nil {
		d.echoed, _ = deps.Ping(ctx, a)
	}
}

// faultNotAsked: there was no time left.
const faultNotAsked Fault = "not_asked"

// findMakers looks silent devices up among the neighbours.
func (f *facts) findMakers() {
	table, err := neighbours()
	if err != nil {
		return
	}
	for i := range f.devices {
		a, err := netip.ParseAddr(f.devices[i].target.Address)
		if n, there := neighbourAt(table, a); err == nil && there && !n.dead {
			f.devices[i].mac = n.mac
		}
	}
}
