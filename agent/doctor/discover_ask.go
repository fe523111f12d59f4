package doctor

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
)

// askAll asks over SNMP whoever is there. Those that are configured are asked as they are
// configured; secrets of one device go to no other.
func (s *Search) askAll(ctx context.Context) {
	s.each(ctx, func(h *Host) {
		for _, how := range s.ways(h) {
			if ctx.Err() != nil {
				return
			}
			d := s.deps.Ask(ctx, api.Target{Name: "discover", Address: h.Address.String(), Role: api.RoleDevice, SNMP: how})
			if d.Fault == "" {
				h.SNMP, h.Object, h.Descr = how, d.Object, shown(d.Descr)
				if name := shown(d.Name); name != "" {
					h.Name = name
				}
				return
			}
			if d.Fault == FaultClosed || d.Fault == FaultNoRoute {
				return // another community changes nothing
			}
		}
	})
}

// ways are how a host is asked: version 1 is all that some printers and UPS speak.
func (s *Search) ways(h *Host) (ways []*api.SNMP) {
	for _, t := range s.cfg.Targets {
		if t.Address == h.Address.String() && t.SNMP != nil {
			return []*api.SNMP{t.SNMP}
		}
	}
	if h.Self {
		return nil
	}
	for _, version := range []string{"2c", "1"} {
		for _, c := range s.cfg.Communities {
			ways = append(ways, &api.SNMP{Version: version, Community: c})
		}
	}
	return ways
}

// each does something with every host, so many at once, and at the sweep's pace.
func (s *Search) each(ctx context.Context, do func(*Host)) {
	turns := make(chan struct{}, manyAsked)
	ticker := time.NewTicker(askEvery * sweepPace)
	defer ticker.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for _, a := range slices.SortedFunc(maps.Keys(s.hosts), netip.Addr.Compare) {
		h := s.hosts[a]
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		select {
		case <-ctx.Done():
			return
		case turns <- struct{}{}:
		}
		all.Go(func() {
			defer func() { <-turns }()
			do(h)
		})
	}
}

// findNames asks DNS for those that did not say theirs.
func (s *Search) findNames(ctx context.Context) {
	s.each(ctx, func(h *Host) {
		if h.Name != "" {
			return
		}
		limited, cancel := context.WithTimeout(ctx, namePatience)
		defer cancel()
		names, err := s.names(limited, h.Address.String())
		if err == nil && len(names) > 0 {
			h.Name = shown(strings.TrimSuffix(names[0], "."))
		}
	})
}

// kindOf goes by what the host said it is, else by who made its network card. Software that
// many devices run says less than the card.
func kindOf(h Host, gateway netip.Addr) string {
	if h.Address == gateway {
		return "gateway"
	}
	m, known := makeOf(h.Object, nil)
	switch {
	case h.Object == "":
		return h.Vendor.Kind
	case known && m.name == "linux" && h.Vendor.Kind != "":
		return h.Vendor.Kind
	case known:
		return m.kind
	}
	return h.Vendor.Kind
}
