package office

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// defaultGateway asks for the first gateway of an adapter that is up
// (GetAdaptersAddresses; an adapter may have none).
func defaultGateway() (netip.Addr, bool) {
	size := uint32(16 << 10)
	for range 3 { // the list may grow between two calls
		buffer := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		err := windows.GetAdaptersAddresses(windows.AF_INET, windows.GAA_FLAG_INCLUDE_GATEWAYS, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size <= 1<<20 {
			continue
		}
		if err != nil {
			return netip.Addr{}, false
		}
		return gatewayOf(first)
	}
	return netip.Addr{}, false
}

func gatewayOf(adapter *windows.IpAdapterAddresses) (netip.Addr, bool) {
	for ; adapter != nil; adapter = adapter.Next {
		if adapter.OperStatus != windows.IfOperStatusUp || adapter.FirstGatewayAddress == nil {
			continue
		}
		if a, ok := netip.AddrFromSlice(adapter.FirstGatewayAddress.Address.IP().To4()); ok {
			return a, true
		}
	}
	return netip.Addr{}, false
}
