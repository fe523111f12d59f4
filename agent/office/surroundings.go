package office

import (
	"net/netip"
	"slices"
)

// surroundings is what the system says of the network that this machine is on. It is
// looked at once a minute: a PC moves from cable to Wi-Fi, a router is replaced.
type surroundings struct {
	gateway netip.Addr     // invalid: there is none
	dns     []netip.Addr   // the system's DNS servers, not those on this machine
	own     []netip.Prefix // networks of this machine's addresses, loopback included
}

// maxDNS is as many servers as a resolver asks (resolv.conf(5): MAXNS).
const maxDNS = 3

// look asks the system. It reads a few files or makes two calls, and sends nothing.
func look() surroundings {
	s := surroundings{own: ownNetworks()}
	s.gateway, _ = defaultGateway()
	for _, server := range dnsServers() {
		server = server.Unmap()
		if len(s.dns) == maxDNS {
			break
		}
		if usableServer(server) && !slices.Contains(s.dns, server) {
			s.dns = append(s.dns, server)
		}
	}
	return s
}

// noServers are what Windows names as DNS servers where nobody configured any (an old
// draft of IPv6's; nothing answers there).
var noServers = netip.MustParsePrefix("fec0:0:0:ffff::/64")

func usableServer(a netip.Addr) bool {
	return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsMulticast() && !noServers.Contains(a.WithZone(""))
}

// after is what now holds, s being known from before. What the system does not say now
// stays as it was: with the cable out there is no gateway any more, and just then it
// matters that the gateway does not answer. Servers in another order are the same servers.
func (s surroundings) after(now surroundings) surroundings {
	if !now.gateway.IsValid() {
		return s
	}
	if len(now.dns) == 0 || sameServers(now.dns, s.dns) {
		now.dns = s.dns
	}
	return now
}

func sameServers(a, b []netip.Addr) bool {
	sorted := func(list []netip.Addr) []netip.Addr {
		return slices.SortedFunc(slices.Values(list), netip.Addr.Compare)
	}
	return slices.Equal(sorted(a), sorted(b))
}
