package enrol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Life of the server's certificate. 397 days is what clients that are not ours
// accept at most; it begins a week ago, for PCs whose clock is some days behind.
const (
	serverLife = 397 * 24 * time.Hour
	serverBack = 7 * 24 * time.Hour
)

// sortHosts parts hosts into names and addresses, each sorted and once.
func sortHosts(hosts []string) (names []string, addresses []net.IP) {
	var ips []netip.Addr
	for _, host := range hosts {
		if ip, err := netip.ParseAddr(host); err == nil {
			ips = append(ips, ip.WithZone("").Unmap())
		} else if api.CheckAddress(host) == nil {
			names = append(names, strings.ToLower(strings.TrimSuffix(host, ".")))
		}
	}
	slices.Sort(names)
	slices.SortFunc(ips, netip.Addr.Compare)
	for _, ip := range slices.Compact(ips) {
		addresses = append(addresses, ip.AsSlice())
	}
	return slices.Compact(names), addresses
}

// stillGood tells whether a certificate from disk can serve: ours, for exactly
// these hosts, and with a third of its life left.
func (a *Authority) stillGood(old tls.Certificate, names []string, addresses []net.IP) bool {
	leaf := old.Leaf
	now := time.Now()
	return leaf.CheckSignatureFrom(a.certificate) == nil &&
		len(old.Certificate) == 2 && bytes.Equal(old.Certificate[1], a.certificate.Raw) &&
		slices.Equal(leaf.DNSNames, names) &&
		slices.EqualFunc(leaf.IPAddresses, addresses, net.IP.Equal) &&
		!now.Before(leaf.NotBefore) &&
		leaf.NotAfter.Sub(now) >= leaf.NotAfter.Sub(leaf.NotBefore)/3
}

func (a *Authority) makeServer(path string, names []string, addresses []net.IP) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make server certificate: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return tls.Certificate{}, err
	}
	from := time.Now().Add(-serverBack)
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "CommuneWatch collector"},
		NotBefore:    from,
		NotAfter:     from.Add(serverLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
		IPAddresses:  addresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make server certificate: %w", err)
	}
	data, err := encodeKey(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make server certificate: %w", err)
	}
	for _, der := range [][]byte{der, a.certificate.Raw} {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	if err := replace(path, data); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(data, data)
}

// newSerial has 127 random bits (RFC 5280 §4.1.2.2: positive, at most 20 octets).
func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func parseKey(data []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("holds no private key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("holds no readable private key: %w", err)
	}
	if ec, ok := key.(*ecdsa.PrivateKey); ok && ec.Curve == elliptic.P256() {
		return ec, nil
	}
	return nil, errors.New("holds a key that is not ECDSA P-256")
}

func parseCertificate(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("holds no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
