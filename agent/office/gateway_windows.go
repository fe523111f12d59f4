package office

import (
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// adapters lists what the machine is connected with (GetAdaptersAddresses). The list
// lies in memory that lives as long as it.
func adapters() *windows.IpAdapterAddresses {
	size := uint32(16 << 10)
	for range 3 { // the list may grow between two calls
		buffer := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_GATEWAYS, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size <= 1<<20 {
			continue
		}
		if err != nil {
			return nil
		}
		return first
	}
	return nil
}

// defaultGateway is the IPv4 gateway of the adapter that the system prefers: the one with
// the lowest metric of those that are up.
func defaultGateway() (netip.Addr, bool) { return gatewayOf(adapters()) }

func gatewayOf(adapter *windows.IpAdapterAddresses) (found netip.Addr, ok bool) {
	best := uint32(0)
	for ; adapter != nil; adapter = adapter.Next {
		if adapter.OperStatus != windows.IfOperStatusUp || ok && adapter.Ipv4Metric >= best {
			continue
		}
		for gateway := adapter.FirstGatewayAddress; gateway != nil; gateway = gateway.Next {
			if a, is4 := netip.AddrFromSlice(gateway.Address.IP().To4()); is4 {
				found, ok, best = a, true, adapter.Ipv4Metric
				break
			}
		}
	}
	return found, ok
}

// dnsServers are those of the adapters that are up and have a gateway; without such, of
// all that are up.
func dnsServers() []netip.Addr {
	var with, without []netip.Addr
	for adapter := adapters(); adapter != nil; adapter = adapter.Next {
		if adapter.OperStatus != windows.IfOperStatusUp {
			continue
		}
		for server := adapter.FirstDnsServerAddress; server != nil; server = server.Next {
			a, ok := netip.AddrFromSlice(server.Address.IP())
			if a = a.Unmap(); !ok {
				continue
			}
			if a.IsLinkLocalUnicast() && a.Is6() {
				a = a.WithZone(strconv.Itoa(int(adapter.Ipv6IfIndex)))
			}
			if adapter.FirstGatewayAddress != nil {
				with = append(with, a)
			} else {
				without = append(without, a)
			}
		}
	}
	if len(with) > 0 {
		return with
	}
	return without
}
