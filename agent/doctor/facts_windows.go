package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	iphlpapi        = windows.NewLazySystemDLL("iphlpapi.dll")
	getIPNetTable2  = iphlpapi.NewProc("GetIpNetTable2")
	freeMibTable    = iphlpapi.NewProc("FreeMibTable")
	sendARP         = iphlpapi.NewProc("SendARP")
	icmpCreateFile  = iphlpapi.NewProc("IcmpCreateFile")
	icmpCloseHandle = iphlpapi.NewProc("IcmpCloseHandle")
)

// Kinds of interfaces (ipifcons.h) that are made of metal.
var metal = map[uint32]bool{
	windows.IF_TYPE_ETHERNET_CSMACD: true,
	windows.IF_TYPE_IEEE80211:       true,
	243:                             true, // IF_TYPE_WWANPP
	244:                             true, // IF_TYPE_WWANPP2
}

func nature(i net.Interface) (hardware, wireless bool) {
	eachAdapter(func(a *windows.IpAdapterAddresses) {
		if int(a.IfIndex) == i.Index {
			hardware, wireless = metal[a.IfType], a.IfType == windows.IF_TYPE_IEEE80211
		}
	})
	return hardware, wireless
}

func eachAdapter(do func(*windows.IpAdapterAddresses)) {
	size := uint32(16 << 10)
	for range 3 { // the list may grow between two calls
		buffer := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_GATEWAYS, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size <= 1<<20 {
			continue
		}
		if err != nil {
			return
		}
		for a := first; a != nil; a = a.Next {
			do(a)
		}
		return
	}
}

// row is a MIB_IPNET_ROW2 (netioapi.h).
type row struct {
	address windows.RawSockaddrInet6 // or the shorter one of IPv4
	index   uint32
	luid    uint64
	mac     [32]byte
	length  uint32
	state   uint32 // NL_NEIGHBOR_STATE
	flags   uint32
	seen    uint32
}

// States of a neighbour (nldef.h).
const (
	stateUnreachable = 0
	stateReachable   = 5
	statePermanent   = 6
)

const maxNeighbours = 64 << 10

// neighbours reads both tables. One alone is better than none.
func neighbours() ([]neighbour, error) {
	four, err := neighboursOf(windows.AF_INET)
	six, err6 := neighboursOf(windows.AF_INET6)
	if err != nil && err6 != nil {
		return nil, err
	}
	return append(four, six...), nil
}

func neighboursOf(family uintptr) ([]neighbour, error) {
	var table *struct {
		count uint32
		_     uint32 // rows begin at a multiple of 8, also on 32-bit machines
		first row
	}
	if status, _, _ := getIPNetTable2.Call(family, uintptr(unsafe.Pointer(&table))); status != 0 {
		return nil, fmt.Errorf("read the neighbours: %w", windows.Errno(status))
	}
	defer freeMibTable.Call(uintptr(unsafe.Pointer(table)))
	var out []neighbour
	for _, r := range unsafe.Slice(&table.first, min(table.count, maxNeighbours)) {
		if n, ok := r.neighbour(); ok {
			out = append(out, n)
		}
	}
	return out, nil
}

func (r *row) neighbour() (n neighbour, ok bool) {
	switch r.address.Family {
	case windows.AF_INET:
		n.address = netip.AddrFrom4((*windows.RawSockaddrInet4)(unsafe.Pointer(&r.address)).Addr)
	case windows.AF_INET6:
		n.address = netip.AddrFrom16(r.address.Addr)
	default:
		return n, false
	}
	if n.address.IsMulticast() || r.length > uint32(len(r.mac)) {
		return n, false
	}
	n.mac = cardOf(r.mac[:r.length])
	n.fresh = r.state == stateReachable || r.state == statePermanent
	n.dead = r.state == stateUnreachable
	return n, true
}

// confirm asks by ARP at once, which takes some seconds where nobody answers.
func confirm(a netip.Addr) (net.HardwareAddr, bool) {
	if !a.Is4() {
		return nil, false
	}
	to, mac, length := a.As4(), [8]byte{}, uint32(8)
	status, _, _ := sendARP.Call(uintptr(*(*uint32)(unsafe.Pointer(&to))), 0, uintptr(unsafe.Pointer(&mac)), uintptr(unsafe.Pointer(&length)))
	if status != 0 || length != 6 {
		return nil, false
	}
	return net.HardwareAddr(slices.Clone(mac[:6])), true
}

func pingRights() (r pingRight) {
	if handle, _, _ := icmpCreateFile.Call(); windows.Handle(handle) != windows.InvalidHandle {
		r.system = true
		icmpCloseHandle.Call(handle)
	}
	return r
}

func freeBytes(folder string) (int64, error) {
	path, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return 0, err
	}
	return int64(free), nil
}

// segment is not to be had here.
func segment(net.Conn) int { return 0 }

// forbidden: a firewall or antivirus on this machine lets nothing out there (WSAEACCES).
func forbidden(err error) bool { return oneOf(err, 10013) }

// full tells that the disk has no room.
func full(err error) bool { return oneOf(err, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL) }

const onWindows = true
