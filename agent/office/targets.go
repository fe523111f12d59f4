package office

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"communewatch/collector/api"
)

// DefaultAnchors are two addresses beyond the provider: if they answer and the collector
// does not, the line is well. They are public resolvers of two operators (Cloudflare,
// Google), so that neither one's fault is taken for the line's; anycast, so near from
// every province; and have answered echoes for years. An office that may not reach
// them names others in agent.yaml, or none.
var DefaultAnchors = []string{"1.1.1.1", "8.8.8.8"}

// maxAnchors bounds what agent.yaml may name.
const maxAnchors = 5

// defaultTargets is what an office measures when nobody said what: its router, the
// system's DNS servers, the collector and the anchors. Each address is measured once, under
// the first name that it has in this order. The names stay when the addresses change, so
// that an office that gets another router goes on in the same series.
func defaultTargets(around surroundings, collector string, anchors []string) []api.Target {
	var out []api.Target
	add := func(name, address string, role api.Role) {
		known := slices.ContainsFunc(out, func(t api.Target) bool { return t.Address == address })
		if !known && api.CheckAddress(address) == nil {
			out = append(out, api.Target{Name: name, Address: address, Role: role})
		}
	}
	if around.gateway.IsValid() {
		add("gateway", around.gateway.String(), api.RoleGateway)
	}
	name := numbered("dns")
	for _, server := range around.dns {
		if server != around.gateway {
			add(name(), server.String(), around.roleOf(server))
		}
	}
	if u, err := url.Parse(collector); err == nil {
		add("collector", u.Hostname(), api.RoleUplink)
	}
	for i, anchor := range anchors {
		add("anchor-"+strconv.Itoa(i+1), anchor, api.RoleUplink)
	}
	return out
}

// numbered gives "dns", "dns-2", "dns-3".
func numbered(name string) func() string {
	n := 0
	return func() string {
		if n++; n == 1 {
			return name
		}
		return name + "-" + strconv.Itoa(n)
	}
}

// roleOf: a server on a network of this machine is the office's own, others lie beyond
// the router.
func (s surroundings) roleOf(server netip.Addr) api.Role {
	if place(&api.Target{Address: server.String()}, s.own) == onOwn {
		return api.RoleLAN
	}
	return api.RoleUplink
}
