package doctor

import (
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"communewatch/collector/api"
)

// machine is what this computer says of itself, without a packet sent.
type machine struct {
	interfaces []iface
	gateway    netip.Addr // invalid: there is none
	resolvers  []netip.Addr
}

// iface is a network interface, loopback left out.
type iface struct {
	name      string
	up        bool // by its owner
	carrier   bool // a cable with somebody at its other end, or a Wi-Fi that it joined
	wireless  bool
	hardware  bool // not made up by software, as Docker's bridges are
	mtu       int
	mac       net.HardwareAddr
	addresses []netip.Prefix
}

// neighbour is a row of the system's table of neighbours.
type neighbour struct {
	address netip.Addr
	mac     net.HardwareAddr
	// fresh: it answered (ARP, RFC 826; for IPv6 RFC 4861) within the last seconds. One that
	// is not has been there, and may be gone.
	fresh bool
	// dead: it was asked just now and did not answer.
	dead bool
}

func interfaces() ([]iface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []iface
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		one := iface{name: i.Name, up: i.Flags&net.FlagUp != 0, carrier: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0, mtu: i.MTU, mac: i.HardwareAddr}
		one.hardware, one.wireless = nature(i)
		addresses, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				one.addresses = append(one.addresses, prefix)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// office are the interfaces by which this machine is in an office: hardware, if there is
// any, and whatever the gateway is reached by (a bridge is software); else all.
func (m machine) office() []iface {
	real := slices.ContainsFunc(m.interfaces, func(i iface) bool { return i.hardware })
	var out []iface
	for _, i := range m.interfaces {
		if !real || i.hardware || i.reaches(m.gateway) {
			out = append(out, i)
		}
	}
	return out
}

func (i iface) reaches(a netip.Addr) bool {
	return slices.ContainsFunc(i.addresses, func(p netip.Prefix) bool { return p.Contains(a) })
}

// own tells whether an address is on a network of this machine's.
func (m machine) own(a netip.Addr) bool {
	return a.IsLoopback() || slices.ContainsFunc(m.interfaces, func(i iface) bool { return i.carrier && i.reaches(a.WithZone("")) })
}

// cardOf is a network card's address; nil for one of zeros, which stands where none is
// known yet.
func cardOf(data []byte) net.HardwareAddr {
	if !slices.ContainsFunc(data, func(b byte) bool { return b != 0 }) {
		return nil
	}
	return net.HardwareAddr(slices.Clone(data))
}

// neighbourAt finds an address in a table.
func neighbourAt(table []neighbour, a netip.Addr) (neighbour, bool) {
	i := slices.IndexFunc(table, func(n neighbour) bool { return n.address == a })
	if i < 0 {
		return neighbour{}, false
	}
	return table[i], true
}

// disk is the state folder.
type disk struct {
	folder string
	err    error // it cannot be written
	slow   bool  // it did not answer in time
	free   int64
	needs  int64 // what the spool may still take
}

// pingRight is by which ways this account may send echoes.
type pingRight struct {
	datagram, raw, system bool
}

// gatewayFacts is what became of asking the gateway.
type gatewayFacts struct {
	echoed    bool
	neighbour neighbour
	listed    bool // the neighbour is set
}

// resolverFacts is what one DNS server said.
type resolverFacts struct {
	server    netip.Addr
	took      time.Duration
	failure   string // api.Path…; empty: it answered
	code      string // of DNS, if not success: "NXDOMAIN"
	addresses []netip.Addr
	invented  []netip.Addr // its answer for a name that cannot exist
}

// oneOf tells whether an error is one of the system's numbers.
func oneOf(err error, numbers ...syscall.Errno) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(numbers, number)
}

// stage is how far the way to the collector was gone.
type stage uint8

const (
	stageNothing stage = iota // it was not tried
	stageName
	stageConnect
	stageProxy
	stageTLS
	stageAnswer
	stageDone
)

// collectorFacts is what came of doing what sending does.
type collectorFacts struct {
	host, port string
	proxy      string // host:port of the one in use
	proxyWrong string // a proxy is set that cannot be understood: why

	failed  stage  // where it went wrong; stageDone: nowhere
	failure string // api.Path…
	local   bool   // this machine itself forbade it

	address     netip.Addr
	took        time.Duration // to TLS
	segment     int           // of TCP, largest; 0: not known
	proxyStatus int           // of the proxy's answer, if it has not let us through
	presented   []*x509.Certificate
	refused     error // why the certificate is not the collector's
	portal      portalFacts

	timed         bool // the collector said its time
	offset, doubt time.Duration
	now           time.Time // the collector's
	stranger      int       // the status of an answer without the collector's signs
	status        int       // of the answer to who we are; 0: not asked
	code          api.Code
}
