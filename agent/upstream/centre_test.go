package upstream

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

// centre is a collector that enrols, renews and has a document, and answers as the
// contract says. It is the test's own, since this room may not import the real one: that
// is what deploy/lab is for.
type centre struct {
	*collector
	t *testing.T

	mu     sync.Mutex
	life   time.Duration // of a certificate
	renew  time.Duration // after which it is to be renewed
	serial int64
	tokens map[string]*ecdsa.PublicKey // of the invitations; nil: not used yet
	asked  []asked                     // for certificates, enrolling and renewing
	issued []*x509.Certificate
	barred map[string]api.Code // by serial, or "" for all
	before func(w http.ResponseWriter, path string) (done bool)
	after  func(w http.ResponseWriter, path string) (lost bool) // a certificate is made, and not sent yet

	etag     string
	document []byte
	fetches  []string // If-None-Match of each
}

type asked struct {
	path string
	req  api.EnrolRequest
	key  *ecdsa.PublicKey
	peer *x509.Certificate
}

const invited = "cwi_test-token"

func newCentre(t *testing.T, hosts ...string) *centre {
	t.Helper()
	ca := newAuthority(t, past, future)
	return startCentre(t, ca, ca.server(t, past, future, append(hosts, "127.0.0.1")...), 0)
}

func startCentre(t *testing.T, ca *authority, cert tls.Certificate, ahead time.Duration) *centre {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := emptyCentre(t)
	c.collector = serveCollector(t, l, ca, cert, c.write, func(k *collector) {
		k.TLS.ClientAuth = tls.RequestClientCert // and its own checks, so that it can say what is wrong
		k.ahead = ahead
		k.routes = c.paths()
	})
	return c
}

func emptyCentre(t *testing.T) *centre {
	return &centre{
		t: t, life: 90 * 24 * time.Hour, renew: 30 * 24 * time.Hour, serial: 100,
		tokens: map[string]*ecdsa.PublicKey{invited: nil}, barred: map[string]api.Code{},
		before: func(http.ResponseWriter, string) bool { return false },
		after:  func(http.ResponseWriter, string) bool { return false },
	}
}

func (c *centre) paths() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		api.PathEnrol: c.certify, api.PathRenew: c.certify, api.PathDocument: c.tell,
	}
}

func (c *centre) now() time.Time { return time.Now().Add(c.ahead) }

// with changes how it answers.
func (c *centre) with(change func(*centre)) *centre {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
	return c
}

func (c *centre) requests() []asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]asked(nil), c.asked...)
}

func (c *centre) fetched() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.fetches...)
}

func say(w http.ResponseWriter, code api.Code) {
	(&api.Error{Code: code, Message: "because"}).WriteTo(w)
}

// barredFor is why a caller is not served; "" is not.
func (c *centre) barredFor(peer *x509.Certificate) api.Code {
	if peer == nil || peer.CheckSignatureFrom(c.ca.cert) != nil {
		return api.CodeUnauthorized
	}
	if code, all := c.barred[""]; all {
		return code
	}
	return c.barred[peer.SerialNumber.Text(16)]
}

func (c *centre) write(w http.ResponseWriter, got received) {
	c.mu.Lock()
	code := c.barredFor(got.peer)
	if code == "" && c.now().After(got.peer.NotAfter) {
		code = api.CodeExpired
	}
	c.mu.Unlock()
	if code != "" {
		say(w, code)
		return
	}
	stored(w, got)
}

// certify enrols and renews.
func (c *centre) certify(w http.ResponseWriter, r *http.Request) {
	var req api.EnrolRequest
	body, _ := io.ReadAll(r.Body)
	must(c.t, json.Unmarshal(body, &req))
	block, _ := pem.Decode([]byte(req.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	must(c.t, err)
	must(c.t, csr.CheckSignature())
	c.mu.Lock()
	defer c.mu.Unlock()
	key := csr.PublicKey.(*ecdsa.PublicKey)
	c.asked = append(c.asked, asked{r.URL.Path, req, key, shown(r)})
	if c.before(w, r.URL.Path) {
		return
	}
	if code := c.refuses(r, req.Token, key); code != "" {
		say(w, code)
		return
	}
	leaf := c.issue(key, c.now(), c.life)
	if c.after(w, r.URL.Path) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(api.EnrolReply{
		Certificate: pemOf(leaf, c.ca.cert), Site: "bd-21997", Agent: "a1", Label: "Xã Vĩnh Sơn",
		RenewAfter: c.now().Add(c.renew), NotAfter: leaf.NotAfter,
	})
}

func (c *centre) refuses(r *http.Request, token string, key *ecdsa.PublicKey) api.Code {
	if r.URL.Path == api.PathRenew {
		return c.barredFor(shown(r))
	}
	by, known := c.tokens[token]
	switch {
	case !known:
		return api.CodeUnauthorized
	case by != nil && !by.Equal(key):
		return api.CodeTokenUsed
	}
	c.tokens[token] = key
	return ""
}

func (c *centre) issue(key *ecdsa.PublicKey, now time.Time, life time.Duration) *x509.Certificate {
	c.serial++
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: "bd-21997"},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.ca.cert, key, c.ca.key)
	must(c.t, err)
	leaf, err := x509.ParseCertificate(der)
	must(c.t, err)
	c.issued = append(c.issued, leaf)
	return leaf
}

// tell gives the document.
func (c *centre) tell(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetches = append(c.fetches, r.Header.Get("If-None-Match"))
	if c.before(w, r.URL.Path) {
		return
	}
	if c.etag == "" {
		say(w, api.CodeNotFound)
		return
	}
	w.Header().Set("ETag", c.etag)
	if r.Header.Get("If-None-Match") == c.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(c.document)
}

func pemOf(certs ...*x509.Certificate) string {
	var b bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.String()
}

func (c *centre) invitation() api.Invitation {
	return api.Invitation{URL: c.URL, Site: "bd-21997", Pin: c.ca.pin(), Token: invited}
}

var machine = api.EnrolRequest{Machine: "marks", Host: "may-1", Version: "1.2.3"}

// enrolled gives the path of an identity that this centre gave out.
func (c *centre) enrolled() string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "identity.pem")
	id, err := newIdentity("a test")
	must(c.t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf := c.issue(&id.key.PublicKey, c.now(), c.life)
	id.chain, id.leaf, id.renewAfter = [][]byte{leaf.Raw, c.ca.cert.Raw}, leaf, c.now().Add(c.renew)
	must(c.t, id.save(path))
	return path
}

// office sends to the centre under an identity.
func (c *centre) office(q Queue, path string, log slog.Handler, docs *Documents) *Sender {
	c.t.Helper()
	cfg := Config{URL: c.URL, Identity: path, Who: machine, Session: session, Pin: c.ca.pin(), FirstWait: time.Millisecond, MaxWait: 5 * time.Millisecond}
	s, err := New(cfg, Deps{Queue: q, Clock: &watch{}, Log: slog.New(log), Documents: docs})
	must(c.t, err)
	c.t.Cleanup(s.remote.close)
	return s
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
