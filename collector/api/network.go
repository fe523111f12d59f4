package api

import "net/netip"

// Network is by whom limits go: an address of IPv4, or the 64 bits of IPv6 that one
// subscriber has. remote is as [net/http.Request] has it.
func Network(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{} // no address of the network's: they share one limit
	}
	ip := at.Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, _ := ip.Prefix(bits) // the bits fit
	return prefix
}
