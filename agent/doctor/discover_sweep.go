package doctor

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// sweep sends an echo to each address, one a pace. This alone makes the kernel ask who
// has the address, so that those who answer no echo are in the table of neighbours then.
func (s *Search) sweep(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	ticker := time.NewTicker(sweepPace)
	defer ticker.Stop()
	sent := 0
	for _, a := range s.nearestFirst() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		all.Go(func() { s.echo(ctx, a) })
		if sent++; sent%int(time.Second/sweepPace) == 0 {
			s.readNeighbours() // a full table forgets
		}
	}
}

// nearestFirst are all addresses, and before the others those around this machine's own:
// who ends the search early has seen what is most likely there.
func (s *Search) nearestFirst() (near []netip.Addr) {
	var far []netip.Addr
	around := func(a netip.Addr) bool {
		return slices.ContainsFunc(s.machine.ownPrefixes(), func(p netip.Prefix) bool {
			return netip.PrefixFrom(p.Addr(), max(p.Bits(), 24)).Contains(a)
		})
	}
	for _, p := range s.prefixes {
		for _, a := range addressesIn(p) {
			if around(a) {
				near = append(near, a)
			} else {
				far = append(far, a)
			}
		}
	}
	return append(near, far...)
}

func (s *Search) echo(ctx context.Context, a netip.Addr) {
	answered, err := s.deps.Ping(ctx, a)
	if err != nil && ctx.Err() == nil {
		knock(a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case answered:
		s.host(a).Echoed = true
	case err != nil && ctx.Err() == nil:
		s.mute++
	}
}

// knock sends a byte to where nobody listens: without a right to echoes, at least the
// kernel asks who has the address.
func knock(a netip.Addr) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, discardPort)))
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte{0}) // nobody answers
}

const discardPort = 9 // RFC 863

// host finds or makes one; s.mu is held.
func (s *Search) host(a netip.Addr) *Host {
	h := s.hosts[a]
	if h == nil {
		h = &Host{Address: a}
		s.hosts[a] = h
	}
	return h
}

func (s *Search) readNeighbours() {
	table, err := s.neighbours()
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range table {
		if len(n.mac) != 6 || n.dead || !s.inside(n.address) {
			continue
		}
		h := s.host(n.address)
		h.MAC, h.Vendor, h.Fresh = n.mac, VendorOf(n.mac), h.Fresh || n.fresh
	}
}

func (s *Search) inside(a netip.Addr) bool {
	return slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (s *Search) addSelf() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.machine.carriers() {
		for _, p := range i.addresses {
			if s.inside(p.Addr()) {
				h := s.host(p.Addr())
				h.Self, h.MAC, h.Vendor = true, i.mac, VendorOf(i.mac)
			}
		}
	}
}

// markKnown finds what is configured already.
func (s *Search) markKnown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.cfg.Targets {
		if a, err := netip.ParseAddr(t.Address); err == nil && s.hosts[a.Unmap()] != nil {
			s.hosts[a.Unmap()].Known = t.Name
		}
	}
}

// dropStandIns forgets addresses that something answers for (a router with proxy ARP, RFC
// 1027; a filter): so many with one network card are no devices. The gateway stays, and
// of the others the first.
func (s *Search) dropStandIns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	cards := map[string][]netip.Addr{}
	for a, h := range s.hosts {
		if len(h.MAC) > 0 && !h.Self {
			cards[h.MAC.String()] = append(cards[h.MAC.String()], a)
		}
	}
	for mac, all := range cards {
		if len(all) < standsFor {
			continue
		}
		slices.SortFunc(all, netip.Addr.Compare)
		stays := all[0]
		if slices.Contains(all, s.machine.gateway) {
			stays = s.machine.gateway
		}
		for _, a := range all {
			if a != stays {
				delete(s.hosts, a)
			}
		}
		s.notes = append(s.notes, said("discover_stand_in", mac, len(all), stays.String()))
	}
}
