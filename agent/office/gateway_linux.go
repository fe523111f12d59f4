package office

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// defaultGateway reads the kernel's IPv4 routes (/proc/net/route, proc(5)).
func defaultGateway() (netip.Addr, bool) {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return netip.Addr{}, false
	}
	defer f.Close()
	return gatewayOf(f)
}

// gatewayOf finds the rows whose destination and mask are zero and whose gateway is
// not, and of these the one with the lowest metric, as the kernel does. Addresses stand
// in it as hexadecimal in the machine's byte order; all machines we build for are
// little-endian.
func gatewayOf(routes io.Reader) (found netip.Addr, ok bool) {
	best := uint64(0)
	lines := bufio.NewScanner(io.LimitReader(routes, 1<<20))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" || f[2] == "00000000" {
			continue
		}
		b, err := hex.DecodeString(f[2])
		metric, err2 := strconv.ParseUint(f[6], 10, 32)
		if err != nil || err2 != nil || len(b) != 4 || ok && metric >= best {
			continue
		}
		found, ok, best = netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}), true, metric
	}
	return found, ok
}
