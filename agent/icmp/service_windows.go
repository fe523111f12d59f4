package icmp

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows' own echo service (iphlpapi.dll) serves where an account may not open a raw
// socket: it needs no right at all. It has its own identifiers and payload check, gives
// ICMP errors, and knows neither duplicates nor replies after the time-out. Its round
// trips are whole milliseconds, so the time is taken around the call.
var (
	iphlpapi        = windows.NewLazySystemDLL("iphlpapi.dll")
	icmpCreateFile  = iphlpapi.NewProc("IcmpCreateFile")
	icmp6CreateFile = iphlpapi.NewProc("Icmp6CreateFile")
	icmpCloseHandle = iphlpapi.NewProc("IcmpCloseHandle")
	icmpSendEcho2   = iphlpapi.NewProc("IcmpSendEcho2")
	icmp6SendEcho2  = iphlpapi.NewProc("Icmp6SendEcho2")
)

// IP_STATUS codes (ipexport.h). Three ranges say that an echo was given up on the way.
const (
	statusSuccess   = 0
	statusNoNetwork = 11002 // IP_DEST_NET_UNREACHABLE, to
	statusNoPort    = 11005 // IP_DEST_PORT_UNREACHABLE
	statusTooBig    = 11009 // IP_PACKET_TOO_BIG
	statusTimedOut  = 11010 // IP_REQ_TIMED_OUT
	statusExpired   = 11013 // IP_TTL_EXPIRED_TRANSIT, to
	statusQuench    = 11016 // IP_SOURCE_QUENCH
	statusOther     = 11040 // IP_DEST_UNREACHABLE, to
	statusLastOther = 11044 // IP_ICMP_ERROR
)

// asked is what became of one echo.
type asked struct {
	sent, ended time.Duration
	status      uint32
	by          netip.Addr
	err         error // it did not leave
}

// askSystem makes a round through the echo service. done is false where there is none.
func askSystem(ctx context.Context, address netip.Addr, spacing time.Duration, books *account) (done bool, err error) {
	handle, err := openService(address)
	if err != nil {
		return false, err
	}
	echoes := make([]asked, 0, books.open())
	var waiting sync.WaitGroup
	for books.open() > len(echoes) && (len(echoes) == 0 || wait(ctx, spacing)) {
		echoes = append(echoes, asked{}) // never beyond its capacity, so e stays where it is
		e := &echoes[len(echoes)-1]
		waiting.Go(func() { e.send(handle, address, books.timeout+grain) })
	}
	waiting.Wait()
	icmpCloseHandle.Call(uintptr(handle))
	bookAll(echoes, books)
	return true, nil
}

func openService(address netip.Addr) (windows.Handle, error) {
	create := icmpCreateFile
	if !address.Is4() {
		create = icmp6CreateFile
	}
	if err := create.Find(); err != nil {
		return 0, err
	}
	handle, _, err := create.Call()
	if windows.Handle(handle) == windows.InvalidHandle {
		return 0, fmt.Errorf("open the system's echo service: %w", err)
	}
	return windows.Handle(handle), nil
}

// payload is as long as pro-bing's.
var payload [24]byte

// send blocks its thread until the reply is there or its time is over.
func (e *asked) send(handle windows.Handle, address netip.Addr, timeout time.Duration) {
	// ICMP_ECHO_REPLY or ICMPV6_ECHO_REPLY, the payload, 8 octets of an error, an IO_STATUS_BLOCK.
	var reply [40 + len(payload) + 8 + 64]byte
	ms := uintptr(timeout / time.Millisecond)
	e.sent = monotonic()
	var replies uintptr
	var err error
	if address.Is4() {
		to := address.As4()
		replies, _, err = icmpSendEcho2.Call(uintptr(handle), 0, 0, 0, uintptr(binary.NativeEndian.Uint32(to[:])),
			uintptr(unsafe.Pointer(&payload)), uintptr(len(payload)), 0, uintptr(unsafe.Pointer(&reply)), uintptr(len(reply)), ms)
	} else {
		from := windows.RawSockaddrInet6{Family: windows.AF_INET6}
		to := windows.RawSockaddrInet6{Family: windows.AF_INET6, Addr: address.As16(), Scope_id: scope(address)}
		replies, _, err = icmp6SendEcho2.Call(uintptr(handle), 0, 0, 0, uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&to)),
			uintptr(unsafe.Pointer(&payload)), uintptr(len(payload)), 0, uintptr(unsafe.Pointer(&reply)), uintptr(len(reply)), ms)
	}
	e.ended = monotonic()
	e.read(reply[:], address.Is4(), replies > 0, err)
}

// read understands the reply: for IPv4 the address and the status are its first two
// words, for IPv6 the address is 6 octets into it and the status 28.
func (e *asked) read(reply []byte, is4, answered bool, err error) {
	switch {
	case answered && is4:
		e.by, e.status = netip.AddrFrom4([4]byte(reply[:4])), binary.NativeEndian.Uint32(reply[4:])
	case answered:
		e.by, e.status = netip.AddrFrom16([16]byte(reply[6:22])), binary.NativeEndian.Uint32(reply[28:])
	default:
		number, ok := err.(windows.Errno)
		if e.status = uint32(number); !ok || !e.left() {
			e.err = fmt.Errorf("send an echo: %w", asSocketError(err))
		}
	}
}

// left tells whether the echo has left: the status says what became of it then.
func (e *asked) left() bool {
	return e.status == statusSuccess || e.status == statusTimedOut || e.givenUp()
}

func (e *asked) givenUp() bool {
	return e.status >= statusNoNetwork && e.status <= statusNoPort || e.status == statusTooBig ||
		e.status >= statusExpired && e.status <= statusQuench || e.status >= statusOther && e.status <= statusLastOther
}

// asSocketError gives those errors of the service that mean that there is no way the
// number which [noWay] knows.
func asSocketError(err error) error {
	switch err {
	case windows.ERROR_NETWORK_UNREACHABLE:
		return windows.WSAENETUNREACH
	case windows.ERROR_HOST_UNREACHABLE:
		return windows.WSAEHOSTUNREACH
	}
	return err
}

// bookAll books echoes in the order of their sending, then what came back in the order of
// its coming.
func bookAll(echoes []asked, books *account) {
	type reply struct {
		asked
		sequence int
	}
	var replies []reply
	for _, e := range echoes {
		if e.err != nil {
			books.failed(e.err)
			continue
		}
		replies = append(replies, reply{e, len(books.echoes)})
		books.left(e.sent)
	}
	slices.SortFunc(replies, func(a, b reply) int { return cmp.Compare(a.ended, b.ended) })
	for _, r := range replies {
		switch {
		case r.status == statusSuccess:
			books.replied(r.sequence, r.ended)
		case r.givenUp() && !ourOwn(r.by):
			books.noticed(notice{sequence: r.sequence, by: r.by})
		}
	}
}

// ourOwn tells whether this machine itself gave up: since a neighbour's hardware address
// was not found, which is silence like any other.
func ourOwn(by netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	return err == nil && (!by.IsValid() || slices.ContainsFunc(addresses, func(a net.Addr) bool {
		own, err := netip.ParsePrefix(a.String())
		return err == nil && own.Addr().WithZone("") == by
	}))
}

// scope is the number of the interface that a link-local address is on.
func scope(address netip.Addr) uint32 {
	if address.Zone() == "" {
		return 0
	}
	var index uint32
	if _, err := fmt.Sscan(address.Zone(), &index); err == nil {
		return index
	}
	if i, err := net.InterfaceByName(address.Zone()); err == nil {
		index = uint32(i.Index)
	}
	return index
}
