package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
)

// A search goes through this machine's own networks only, at most a /22 of each and
// mostSubnets of them, with one packet each sweepPace, and is over within MaxDiscover.
const (
	MaxDiscover = 3 * time.Minute

	leastBits    = 22
	mostSubnets  = 4
	sweepPace    = 20 * time.Millisecond // 50 packets a second
	askEvery     = 3                     // paces to the next device that is asked over SNMP: each takes some packets
	namePatience = 2 * time.Second
	manyAsked    = 32 // at once
	standsFor    = 8  // addresses with one network card: something answers for others
)

// DiscoverConfig is what is looked for.
type DiscoverConfig struct {
	Subnet      netip.Prefix // invalid: the own ones
	Communities []string     // tried, in this order, at whoever is there
	Targets     []api.Target // that are configured already: asked as they are
}

// DiscoverDeps is what other rooms do.
type DiscoverDeps struct {
	// Ping tells whether an address answers one echo. An error says that none could be sent.
	Ping     func(ctx context.Context, to netip.Addr) (bool, error)
	Ask      func(context.Context, api.Target) Device
	Gateway  func() (netip.Addr, bool)
	Resolver *net.Resolver // of names; nil: net.DefaultResolver
}

// Host is one address that somebody answers at.
type Host struct {
	Address netip.Addr
	MAC     net.HardwareAddr
	Vendor  Vendor
	Name    string // sysName, or as DNS has it
	Kind    string // gateway, network, printer, ups, nas, camera, phone, pc, or empty
	Object  string // sysObjectID
	Descr   string // sysDescr
	Echoed  bool   // it answers pings
	Fresh   bool   // it answers ARP
	Self    bool   // this machine
	Known   string // the name of the target that it is configured as
	// SNMP is how it answered; nil: it did not.
	SNMP *api.SNMP
}

// Office is what was found.
type Office struct {
	Searched []netip.Prefix
	Notes    []Said
	Hosts    []Host // by address
	Complete bool   // false: the search was ended before its time
}

// ErrForeign: only what this machine is on is searched.
var ErrForeign = errors.New("not a network of this machine")

// ErrNowhere: there is nothing to search.
var ErrNowhere = errors.New("this machine is on no IPv4 network")

// Search is one, planned and not begun.
type Search struct {
	cfg        DiscoverConfig
	deps       DiscoverDeps
	machine    machine
	prefixes   []netip.Prefix
	notes      []Said
	neighbours func() ([]neighbour, error)
	names      func(ctx context.Context, address string) ([]string, error)

	mu    sync.Mutex
	hosts map[netip.Addr]*Host
	mute  int // echoes that could not be sent
}

// NewSearch plans a search.
func NewSearch(cfg DiscoverConfig, deps DiscoverDeps) (*Search, error) {
	if deps.Ping == nil || deps.Ask == nil || deps.Gateway == nil {
		return nil, errors.New("a search needs Ping, Ask and Gateway")
	}
	if deps.Resolver == nil {
		deps.Resolver = net.DefaultResolver
	}
	s := &Search{cfg: cfg, deps: deps, neighbours: neighbours, names: deps.Resolver.LookupAddr, hosts: map[netip.Addr]*Host{}}
	var err error
	if s.machine.interfaces, err = interfaces(); err != nil {
		return nil, err
	}
	s.machine.gateway, _ = deps.Gateway()
	s.prefixes, s.notes, err = planned(s.machine.ownPrefixes(), cfg.Subnet)
	return s, err
}

// ownPrefixes are those of the office's IPv4 addresses: the address with its network.
func (m machine) ownPrefixes() (own []netip.Prefix) {
	for _, i := range m.carriers() {
		for _, p := range i.addresses {
			if a := p.Addr(); a.Is4() && !a.IsLinkLocalUnicast() && p.Bits() <= 30 {
				own = append(own, p)
			}
		}
	}
	return own
}

// planned says what of the own networks is searched.
func planned(own []netip.Prefix, only netip.Prefix) (out []netip.Prefix, notes []Said, err error) {
	if len(own) == 0 {
		return nil, nil, ErrNowhere
	}
	for _, p := range own {
		whole := p
		if only.IsValid() {
			if only.Bits() < p.Bits() || !p.Contains(only.Addr()) {
				continue
			}
			whole = only
		}
		part := clamped(whole, p.Addr())
		if part.Bits() > whole.Bits() {
			notes = append(notes, said("discover_part", whole.Masked().String(), part.String()))
		}
		if !slices.ContainsFunc(out, part.Overlaps) {
			out = append(out, part)
		}
	}
	if len(out) == 0 {
		return nil, nil, ErrForeign
	}
	if len(out) > mostSubnets {
		notes = append(notes, said("discover_many", len(out), mostSubnets))
		out = out[:mostSubnets]
	}
	return out, notes, nil
}

// clamped is a network, or of a larger one the part around this machine's own address.
func clamped(whole netip.Prefix, self netip.Addr) netip.Prefix {
	if whole.Bits() >= leastBits {
		return whole.Masked()
	}
	if !whole.Contains(self) {
		self = whole.Masked().Addr()
	}
	return netip.PrefixFrom(self, leastBits).Masked()
}

// Plan says where it will look and how long that takes.
func (s *Search) Plan() Said {
	n := 0
	var nets []string
	for _, p := range s.prefixes {
		n += len(addressesIn(p))
		nets = append(nets, p.String())
	}
	about := time.Duration(n)*sweepPace + 10*time.Second // then those who are there are asked
	return said("discover_plan", strings.Join(nets, ", "), n, int(time.Second/sweepPace), int(about.Seconds()), int(MaxDiscover.Seconds()))
}

// addressesIn leaves out the network's own and the broadcast address.
func addressesIn(p netip.Prefix) (out []netip.Addr) {
	for a := p.Masked().Addr().Next(); p.Contains(a) && p.Contains(a.Next()); a = a.Next() {
		out = append(out, a)
	}
	return out
}

// Run searches. When ctx ends, what was found until then is given.
func (s *Search) Run(ctx context.Context) *Office {
	limited, cancel := context.WithTimeout(ctx, MaxDiscover)
	defer cancel()
	s.sweep(limited)
	s.readNeighbours()
	s.addSelf()
	s.markKnown()
	s.dropStandIns()
	s.askAll(limited)
	s.findNames(limited)
	o := &Office{Searched: s.prefixes, Notes: s.notes, Complete: limited.Err() == nil}
	for _, h := range s.hosts {
		h.Kind = kindOf(*h, s.machine.gateway)
		o.Hosts = append(o.Hosts, *h)
	}
	slices.SortFunc(o.Hosts, func(a, b Host) int { return a.Address.Compare(b.Address) })
	if s.mute > 0 {
		o.Notes = append(o.Notes, said("discover_mute"))
	}
	return o
}

// OwnNetworks are what may be searched, for people.
func OwnNetworks() string {
	all, err := interfaces()
	if err != nil {
		return ""
	}
	var own []string
	for _, p := range (machine{interfaces: all}).ownPrefixes() {
		own = append(own, p.Masked().String())
	}
	return list(own)
}
