package office

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

// giver is a collector on loopback that stores all and gives a document.
type giver struct {
	*httptest.Server
	pin string

	mu      sync.Mutex
	etag    string
	doc     api.Document
	session string // of the newest write
}

func newGiver(t *testing.T) *giver {
	t.Helper()
	c := &giver{}
	c.Server = httptest.NewUnstartedServer(c)
	c.TLS = &tls.Config{Certificates: []tls.Certificate{c.certificate(t)}}
	c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

func (c *giver) certificate(t *testing.T) tls.Certificate {
	t.Helper()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(parsed.RawSubjectPublicKeyInfo)
	c.pin = "sha256:" + hex.EncodeToString(sum[:])
	return tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}
}

func (c *giver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UnixNano()
	w.Header().Set(api.HeaderTime, fmt.Sprintf("%d %d", now, now))
	_, _ = io.Copy(io.Discard, r.Body)
	switch r.URL.Path {
	case api.PathWrite:
		c.session = r.Header.Get(api.HeaderSession)
		w.Header().Set(api.HeaderStored, r.Header.Get(api.HeaderBatches))
		w.WriteHeader(http.StatusNoContent)
	case api.PathDocument:
		if r.Header.Get("If-None-Match") == c.etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", c.etag)
		_ = json.NewEncoder(w).Encode(c.doc)
	}
}

func (c *giver) gives(etag string, doc api.Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.etag, c.doc = etag, doc
}

// office runs the real thing against it: real probes of this machine alone, a round a second.
func (c *giver) office(t *testing.T, folder string) (*Office, func()) {
	t.Helper()
	o, err := New(Config{
		Document: api.Document{Interval: time.Second, Packets: 1}, URL: c.URL, Pin: c.pin, Token: "x",
		Folder: folder, SpoolDir: filepath.Join(folder, "spool"), SpoolBytes: 1 << 20, Anchors: []string{"127.0.0.3"}, Version: "1.2.3",
	}, Deps{Log: slog.New(slog.DiscardHandler), look: func() surroundings { return surroundings{own: ownNetworks()} }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	return o, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// within waits for what must come true soon.
func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestWhatTheCentreGivesIsFetchedFollowedAndKeptOverARestart(t *testing.T) {
	c, folder := newGiver(t), t.TempDir()
	doc := api.Document{Interval: time.Second, Packets: 1, Targets: []api.Target{{Name: "from the centre", Address: "127.0.0.2", Role: api.RoleLAN}}}
	c.gives(`"one"`, doc)
	o, stop := c.office(t, folder)
	within(t, "the first document works", func() bool {
		s, err := ReadStatus(folder)
		return err == nil && s.Document.ETag == `"one"` && !s.Document.Trial && s.Line.Stored != nil && s.Line.Trouble == ""
	})
	stop()
	if counts := o.Counts(); counts.Measured == 0 || counts.Stored+counts.Pending != counts.Measured {
		t.Errorf("the books do not agree: %+v", counts)
	}
	if c.session != o.session.ID() {
		t.Errorf("session %q sent, is %q", c.session, o.session.ID())
	}
	if who := o.who(); who.Host == "" || who.OS == "" || who.Arch == "" || who.Machine != Fingerprint(Machine()) || who.Version != "1.2.3" {
		t.Errorf("a renewal says %+v", who)
	}
	c.gives(`"two"`, api.Document{Interval: time.Second, Packets: 1, Profiles: []api.Profile{{Name: "x.yaml", YAML: "about: [\n"}}})
	_, stop = c.office(t, folder)
	defer stop()
	within(t, "the second is refused and the first holds", func() bool {
		s, err := ReadStatus(folder)
		return err == nil && s.Document.ETag == `"one"` && strings.Contains(s.Document.Problem, "x.yaml") && !s.Stopped && len(s.Targets) == 1
	})
	if data, err := os.ReadFile(filepath.Join(folder, refusedFile)); err != nil || !strings.Contains(string(data), "two") {
		t.Errorf("refused: %s, %v", data, err)
	}
}
