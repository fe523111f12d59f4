package icmp

import (
	"fmt"
	"net/netip"
)

// notice is one ICMP error about one echo.
type notice struct {
	sequence   int
	redirect   bool       // IPv4's: the echo went on
	kind, code uint8      // as on the wire
	by         netip.Addr // who sent it
}

func (n notice) String() string {
	return fmt.Sprintf("%s, ICMP type %d code %d", n.by, n.kind, n.code)
}
