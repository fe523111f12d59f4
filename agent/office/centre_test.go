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
	"encoding/json"
	"encoding/pem"
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
	goodbyes []string                                      // of each write; empty: none
	answer   func(http.ResponseWriter, *http.Request) bool // nil, or false: as usual

	ca      *x509.Certificate
	key     *ecdsa.PrivateKey
	invited map[string]string // site of an invitation's token
	used    map[string]string // public key by which a token was used
	revoked bool              // every certificate up to now is
	issued  int64
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
	c := &centre{ca: ca, key: key, invited: map[string]string{}, used: map[string]string{}, pin: "sha256:" + hex.EncodeToString(sum[:])}
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
	switch r.URL.Path {
	case api.PathWrite:
		if c.refuses(r) {
			refuse(w, api.CodeRevoked, "revoked")
			return
		}
		c.goodbyes = append(c.goodbyes, r.Header.Get(api.HeaderGoodbye))
		w.Header().Set(api.HeaderStored, r.Header.Get(api.HeaderBatches))
		w.WriteHeader(http.StatusNoContent)
	case api.PathEnrol:
		c.enrol(w, r)
	case api.PathDocument:
		if c.refuses(r) {
			refuse(w, api.CodeRevoked, "revoked")
			return
		}
		refuse(w, api.CodeNotFound, "no document")
	}
}

// refuses one whose certificate was revoked.
func (c *centre) refuses(r *http.Request) bool {
	return c.revoked && len(r.TLS.PeerCertificates) > 0
}

func refuse(w http.ResponseWriter, code api.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(api.Answers[code].Status)
	_ = json.NewEncoder(w).Encode(api.Error{Code: code, Message: message})
}

// invite gives the line for a site.
func (c *centre) invite(site, token string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invited[token] = site
	return "communewatch-agent install " + api.Invitation{URL: c.url(), Site: site, Pin: c.pin, Token: token}.String()
}

func (c *centre) enrol(w http.ResponseWriter, r *http.Request) {
	var ask api.EnrolRequest
	if json.NewDecoder(r.Body).Decode(&ask) != nil || c.invited[ask.Token] == "" {
		refuse(w, api.CodeUnauthorized, "the invitation is not known")
		return
	}
	block, _ := pem.Decode([]byte(ask.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		refuse(w, api.CodeUnreadable, err.Error())
		return
	}
	if by := c.used[ask.Token]; by != "" && by != string(csr.RawSubjectPublicKeyInfo) {
		refuse(w, api.CodeTokenUsed, "the invitation was used")
		return
	}
	c.used[ask.Token] = string(csr.RawSubjectPublicKeyInfo)
	c.issued++
	c.revoked = false
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1000 + c.issued), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, Subject: pkix.Name{CommonName: c.invited[ask.Token]}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, c.ca, csr.PublicKey, c.key)
	if err != nil {
		refuse(w, api.CodeUnavailable, err.Error())
		return
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.ca.Raw})...)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(api.EnrolReply{Certificate: string(chain), Site: c.invited[ask.Token], Agent: "a1", Label: "Xã Vĩnh Sơn",
		RenewAfter: time.Now().Add(30 * time.Minute), NotAfter: leaf.NotAfter})
}

func (c *centre) enrolments() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issued
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
