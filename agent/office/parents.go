package office

import (
	"net"
	"net/netip"

	"communewatch/collector/api"
)

// inferParents gives each target without a configured parent one, where there is a
// reason to; own are the networks that this machine is on. The rules:
//
//   - A gateway has none.
//   - An uplink target is behind the gateway, if exactly one is configured; not so if its
//     address is on an own network.
//   - A LAN target or a device at an address of no own network is behind that gateway too,
//     if the gateway itself is on one: then it is how other networks are reached.
//   - A device on an own network is behind the office's switch, if exactly one LAN target
//     is configured and that one is on an own network as well.
//   - All else has none: a name may stand for any address, and with two gateways or
//     switches it is not known which is whose.
//
// A wrong guess does little harm: what answers while its parent does not is no longer
// taken to be behind it (round/order.go). One that would close a circle is left out.
func inferParents(targets []api.Target, own []netip.Prefix) []api.Target {
	out := append([]api.Target(nil), targets...)
	gateway, lan := only(out, api.RoleGateway), only(out, api.RoleLAN)
	for i := range out {
		t := &out[i]
		if t.Parent != "" {
			continue
		}
		if parent := inferred(t, gateway, lan, own); parent != nil && parent != t {
			t.Parent = parent.Name
			if len(api.CheckParents(out)) > 0 {
				t.Parent = ""
			}
		}
	}
	return out
}

func inferred(t, gateway, lan *api.Target, own []netip.Prefix) *api.Target {
	here := place(t, own)
	switch t.Role {
	case api.RoleUplink:
		if here != onOwn {
			return gateway
		}
	case api.RoleLAN, api.RoleDevice:
		if here == elsewhere && gateway != nil && place(gateway, own) == onOwn {
			return gateway
		}
		if here == onOwn && t.Role == api.RoleDevice && lan != nil && place(lan, own) == onOwn {
			return lan
		}
	}
	return nil
}

// only gives the one target of a role, nil if there are none or several.
func only(targets []api.Target, role api.Role) *api.Target {
	var found *api.Target
	for i := range targets {
		if targets[i].Role != role {
			continue
		}
		if found != nil {
			return nil
		}
		found = &targets[i]
	}
	return found
}

type where uint8

const (
	unplaced where = iota // a name: it may stand for any address
	onOwn
	elsewhere
)

func place(t *api.Target, own []netip.Prefix) where {
	address, err := netip.ParseAddr(t.Address)
	if err != nil {
		return unplaced
	}
	address = address.Unmap()
	if address.IsLinkLocalUnicast() {
		return onOwn
	}
	for _, prefix := range own {
		if prefix.Contains(address.WithZone("")) {
			return onOwn
		}
	}
	return elsewhere
}

// ownNetworks are those of this machine's addresses, loopback included.
func ownNetworks() []netip.Prefix {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Prefix
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, prefix)
		}
	}
	return own
}
