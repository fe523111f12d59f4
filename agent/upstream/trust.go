package upstream

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// CertificateError is the refusal of the collector's certificate. Waiting does not
// mend it: the pin is wrong, the certificate has expired, or this is somebody else.
type CertificateError struct {
	Err error
	// Foreign: what signed it is not the CA that we know; Issuer names that, as it calls
	// itself, and Named tells whether the certificate is for the collector's name all
	// the same: then somebody on the way opens the line and closes it again.
	Foreign, Named bool
	Issuer         string
}

func (e *CertificateError) Error() string { return "certificate refused: " + e.Err.Error() }
func (e *CertificateError) Unwrap() error { return e.Err }

// trust knows by what CA the collector's certificate is signed, and for what name.
type trust struct {
	host  string // as in the address; a name or an IP
	pin   []byte // SHA-256 of the CA's SubjectPublicKeyInfo, nil if roots are given
	roots []*x509.Certificate

	collector func() (time.Time, bool) // its time, if known
	asking    atomic.Bool              // the connection is for asking that, without a secret
}

// config lets the trust judge a connection instead of the PC's clock.
func (t *trust) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Not unverified: VerifyConnection checks chain and name, and is called for
		// resumed sessions too. Only the dates must wait until the time is known.
		InsecureSkipVerify: true,
		VerifyConnection:   t.handshake,
		ClientSessionCache: tls.NewLRUClientSessionCache(2),
		// Without the hybrid of ML-KEM, which adds 2.4 KB to each handshake, more than all
		// the rest of it: what is kept secret here are round trips, and a token.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256},
	}
}

// TLS is how those judge a collector who only try a connection, and know no time: by its
// key and its name.
func TLS(address, pin string) (*tls.Config, error) {
	base, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	t, err := newTrust(base.Hostname(), pin, "")
	if err != nil {
		return nil, err
	}
	t.collector = func() (time.Time, bool) { return time.Time{}, false }
	return t.config(), nil
}

func newTrust(host, pin, caFile string) (*trust, error) {
	switch {
	case (pin == "") == (caFile == ""):
		return nil, errors.New("give either the CA's pin or its file")
	case pin != "":
		sum, err := parsePin(pin)
		return &trust{host: host, pin: sum}, err
	}
	data, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read CA: %w", err)
	}
	roots, err := parsePEM(data)
	if err != nil {
		return nil, fmt.Errorf("read CA %s: %w", caFile, err)
	}
	return &trust{host: host, roots: roots}, nil
}

func parsePin(pin string) ([]byte, error) {
	digits, ok := strings.CutPrefix(pin, "sha256:")
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != sha256.Size {
		return nil, errors.New("pin must be sha256: and 64 hexadecimal digits")
	}
	return sum, nil
}

// handshake is the check before anything is sent. By whom the certificate is signed
// and for what name always counts, its dates only once the collector's time is known;
// a question for that time is let through, and its answer dates the certificate.
func (t *trust) handshake(cs tls.ConnectionState) error {
	now, known := t.collector()
	if !known || t.asking.Load() {
		now = time.Time{}
	}
	return t.verify(cs.PeerCertificates, now)
}

// verify checks what a server presented at a time; at zero, only that there is one
// at which it is valid.
func (t *trust) verify(presented []*x509.Certificate, at time.Time) error {
	if len(presented) == 0 {
		return &CertificateError{Err: errors.New("none was presented")}
	}
	roots := t.roots
	if t.pin != nil {
		if roots = t.pinned(presented); roots == nil {
			return t.foreign(presented, errors.New("the pinned CA is not in the chain: another server, or the collector has a new CA"))
		}
	}
	var err error
	for _, root := range roots {
		if err = t.verifyFrom(root, presented, at); err == nil {
			return nil
		}
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return t.foreign(presented, err)
	}
	return &CertificateError{Err: err}
}

// foreign says who signed what was presented: a proxy that reads along has a CA of its
// own, and its name tells an office where to ask.
func (t *trust) foreign(presented []*x509.Certificate, err error) error {
	leaf := presented[0]
	return &CertificateError{Err: err, Foreign: true, Issuer: issuerName(leaf), Named: leaf.VerifyHostname(t.host) == nil}
}

// issuerName is for people: a stranger wrote it.
func issuerName(c *x509.Certificate) string {
	name := c.Issuer.CommonName
	if of := strings.Join(c.Issuer.Organization, ", "); of != "" && of != name {
		name = strings.TrimSpace(name + " (" + of + ")")
	}
	if name = api.CleanText(name); name == "" {
		return "?"
	}
	if runes := []rune(name); len(runes) > 120 {
		name = string(runes[:120]) + "…"
	}
	return name
}

// pinned finds the CA among what was presented: the pin names its key alone.
func (t *trust) pinned(presented []*x509.Certificate) []*x509.Certificate {
	for _, c := range presented {
		if sum := sha256.Sum256(c.RawSubjectPublicKeyInfo); c.IsCA && string(sum[:]) == string(t.pin) {
			return []*x509.Certificate{c}
		}
	}
	return nil
}

func (t *trust) verifyFrom(root *x509.Certificate, presented []*x509.Certificate, at time.Time) error {
	leaf := presented[0]
	if at.IsZero() {
		at = leaf.NotBefore
		if root.NotBefore.After(at) {
			at = root.NotBefore
		}
	}
	options := x509.VerifyOptions{
		DNSName: t.host, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	options.Roots.AddCert(root)
	for _, c := range presented[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := leaf.Verify(options)
	return err
}

func parsePEM(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate in it")
	}
	return certs, nil
}
