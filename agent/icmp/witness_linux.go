package icmp

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// witness hears the ICMP errors that quote echoes to one target, for one round.
// pro-bing hides its socket, and would end its run if that had an error queue
// (IP_RECVERR): an error then comes out of the next read as the read's own. So the
// witness has a raw socket of its own, which needs CAP_NET_RAW; the kernel lets
// nothing but errors through to it.
type witness struct {
	conn   *icmp.PacketConn
	target netip.Addr
	mine   func(id int) bool
	known  int // an identifier that was found to be ours; -1 for none yet
	ended  chan struct{}
	heard  []notice // the listener's until ended is closed
}

// maxNotices bounds what a storm of errors makes the witness keep in one round: three
// for each of 100 echoes, and some forged.
const maxNotices = 400

// hear starts a witness. mine tells whether an echo's identifier is one of ours.
func hear(target netip.Addr, mine func(id int) bool) (*witness, error) {
	conn, err := listenForErrors(target)
	if err != nil {
		return nil, err
	}
	w := &witness{conn: conn, target: target.WithZone(""), mine: mine, known: -1, ended: make(chan struct{})}
	go w.listen()
	return w, nil
}

// close ends the witness and gives what it heard. Nothing is heard by none.
func (w *witness) close() []notice {
	if w == nil {
		return nil
	}
	w.conn.Close()
	<-w.ended
	return w.heard
}

// isOurs looks only once for an identifier of ours: that may be costly, and in a storm
// of errors the others have the same.
func (w *witness) isOurs(id int) bool {
	if id != w.known && w.mine(id) {
		w.known = id
	}
	return id == w.known
}

func listenForErrors(target netip.Addr) (*icmp.PacketConn, error) {
	if target.Is4() {
		conn, err := icmp.ListenPacket("ip4:icmp", "")
		if err != nil {
			return nil, err
		}
		var only ipv4.ICMPFilter
		only.SetAll(true)
		for kind := range 256 {
			if isError(byte(kind), false) {
				only.Accept(ipv4.ICMPType(kind))
			}
		}
		return orClose(conn, conn.IPv4PacketConn().SetICMPFilter(&only))
	}
	conn, err := icmp.ListenPacket("ip6:ipv6-icmp", "")
	if err != nil {
		return nil, err
	}
	var only ipv6.ICMPFilter
	only.SetAll(true)
	for kind := range 256 {
		if isError(byte(kind), true) {
			only.Accept(ipv6.ICMPType(kind))
		}
	}
	return orClose(conn, conn.IPv6PacketConn().SetICMPFilter(&only))
}

func orClose(conn *icmp.PacketConn, err error) (*icmp.PacketConn, error) {
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (w *witness) listen() {
	defer close(w.ended)
	message := make([]byte, 1500)
	for {
		size, from, err := w.conn.ReadFrom(message)
		if err != nil {
			return // closed
		}
		n, ok := w.read(message[:size], from)
		if ok && len(w.heard) < maxNotices {
			w.heard = append(w.heard, n)
		}
	}
}

// read understands one ICMP error; false if it is not about an echo of ours to the
// target. What this machine tells itself is left out: that a neighbour's hardware
// address was not found is silence like any other.
func (w *witness) read(packet []byte, from net.Addr) (notice, bool) {
	m, ok := parse(packet, w.target.Is6())
	if !ok || !m.quoted || m.asked != w.target || !w.isOurs(int(m.id)) {
		return notice{}, false
	}
	sender, ok := from.(*net.IPAddr)
	if !ok {
		return notice{}, false
	}
	by, _ := netip.AddrFromSlice(sender.IP)
	if by = by.Unmap(); by == m.asker {
		return notice{}, false
	}
	return notice{sequence: int(m.number), redirect: m.redirect, kind: m.kind, code: m.code, by: by}, true
}
