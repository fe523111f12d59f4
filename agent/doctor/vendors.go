package doctor

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
)

// vendors.gz is made of the IEEE's public list of prefixes (MA-L, as Debian's package
// ieee-data 20220827.1 has it) and of vendors.txt: only makers that stand in offices. After
// an `apt-get install ieee-data`:
//
//go:generate go run vendors_make.go /usr/share/ieee-data/oui.csv
//go:embed vendors.gz
var vendorsZipped []byte

// Vendor is who made a network card, and what that maker is known for in offices.
type Vendor struct {
	Name string // empty: not known
	Kind string // network, printer, ups, nas, camera, phone or pc
	// Private: the address was made up (IEEE 802, the second lowest bit of the first
	// octet), as phones and new PCs do on Wi-Fi; it names no maker.
	Private bool
}

// VendorOf finds the maker by a MAC address's prefix.
func VendorOf(mac net.HardwareAddr) Vendor {
	if len(mac) != 6 {
		return Vendor{}
	}
	if mac[0]&2 != 0 {
		return Vendor{Private: true}
	}
	return prefixes()[[3]byte(mac)]
}

// prefixes is read when it is first needed: the running service never does.
var prefixes = sync.OnceValue(func() map[[3]byte]Vendor {
	all, err := readPrefixes(vendorsZipped)
	if err != nil {
		return nil // a test holds that it can be read
	}
	return all
})

// readPrefixes reads a line "name, kind" for each maker, and behind an empty one, for each
// again, how many prefixes it has and by how much each is more than the one before.
func readPrefixes(zipped []byte) (map[[3]byte]Vendor, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, fmt.Errorf("read the makers: %w", err)
	}
	in := bufio.NewReader(unzipped)
	var makers []Vendor
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("read the makers: %w", err)
		}
		if line == "\n" {
			break
		}
		name, kind, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		makers = append(makers, Vendor{Name: name, Kind: kind})
	}
	all := map[[3]byte]Vendor{}
	for _, maker := range makers {
		count, err := binary.ReadUvarint(in)
		prefix := uint64(0)
		for ; err == nil && count > 0; count-- {
			var more uint64
			more, err = binary.ReadUvarint(in)
			prefix += more
			all[[3]byte{byte(prefix >> 16), byte(prefix >> 8), byte(prefix)}] = maker
		}
		if err != nil {
			return nil, fmt.Errorf("read the prefixes of %s: %w", maker.Name, err)
		}
	}
	return all, nil
}
