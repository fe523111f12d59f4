package office

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"sync"
	"time"
)

// certificate knows whose the agent's certificate is, and until when. Its file is read
// again when it has changed: renewing writes it anew.
type certificate struct {
	file string

	mu      sync.Mutex
	changed time.Time
	size    int64
	known   identity
}

type identity struct {
	name string    // "bd-21997 a1"
	ends time.Time // zero: not known
}

// maxIdentity bounds what is read of an identity: a key and a few certificates.
const maxIdentity = 64 << 10

func (c *certificate) now() identity {
	if c.file == "" {
		return identity{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.file)
	if err != nil {
		return identity{}
	}
	if !info.ModTime().Equal(c.changed) || info.Size() != c.size {
		c.changed, c.size, c.known = info.ModTime(), info.Size(), readIdentity(c.file)
	}
	return c.known
}

// readIdentity reads the first certificate in a file, which is the agent's own.
func readIdentity(file string) identity {
	f, err := os.Open(file)
	if err != nil {
		return identity{}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxIdentity))
	if err != nil {
		return identity{}
	}
	defer clear(data) // the key stands in it
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return identity{}
		}
		return identity{cert.Subject.CommonName, cert.NotAfter}
	}
	return identity{}
}

// certificateLeft is how long it is good, by the collector's clock: this PC's may be
// years off.
func (o *Office) certificateLeft() (time.Duration, bool) {
	ends := o.certificate.now().ends
	now, known := o.session.Collector()
	return ends.Sub(now), known && !ends.IsZero()
}
