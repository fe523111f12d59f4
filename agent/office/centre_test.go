package office

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

// centre is a collector that stores everything and remembers who said goodbye, and why.
type centre struct {
	*httptest.Server
	pin string

	mu       sync.Mutex
	goodbyes []string // of each write; empty: none
	answer   func(http.ResponseWriter, *http.Request) bool
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CommuneWatch CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	ca, err := x509.ParseCertificate(der)
	must(t, err)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: template.NotBefore, NotAfter: template.NotAfter, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, ca, own.Public(), key)
	must(t, err)
	sum := sha256.Sum256(ca.RawSubjectPublicKeyInfo)
	c := &centre{pin: "sha256:" + hex.EncodeToString(sum[:])}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed, der}, PrivateKey: own}}, ClientAuth: tls.RequestClientCert}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

func (c *centre) url() string {
	return "https://localhost:" + c.Listener.Addr().String()[len("127.0.0.1:"):]
}

func (c *centre) serve(w http.ResponseWriter, r *http.Request) {
	now := time.Now().UnixNano()
	w.Header().Set(api.HeaderTime, fmt.Sprintf("%d %d", now, now))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil && c.answer(w, r) {
		return
	}
	if r.URL.Path == api.PathWrite {
		c.goodbyes = append(c.goodbyes, r.Header.Get(api.HeaderGoodbye))
		w.Header().Set(api.HeaderStored, r.Header.Get(api.HeaderBatches))
		w.WriteHeader(http.StatusNoContent)
	}
}

func (c *centre) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.goodbyes...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
