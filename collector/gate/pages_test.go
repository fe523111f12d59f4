package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// browserKeys writes a certificate for the pages and its key.
func browserKeys(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"giamsat.example.vn"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "pages.pem"), filepath.Join(dir, "pages.key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// abroad is a gate whose pages are open beyond loopback.
func abroad(t *testing.T, change func(*Config, *Deps)) *house {
	t.Helper()
	cert, key := browserKeys(t, t.TempDir(), 1)
	return start(t, func(c *Config, d *Deps) {
		c.PageListen, c.PageCert, c.PageKey, c.PageUsers = "0.0.0.0:0", cert, key, true
		if change != nil {
			change(c, d)
		}
	})
}

// reader is a browser; who signed the certificate is not looked at.
func (h *house) reader() *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func (h *house) pageURL(path string) string {
	_, port, _ := net.SplitHostPort(h.PageAddr().String())
	return "https://127.0.0.1:" + port + path
}

// asks is one request for a page, under a name.
func (h *house) asks(client *http.Client, path, host string) reply {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, h.pageURL(path), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	request.Host = host
	return h.do(client, request)
}

func TestBeyondLoopbackPagesWithoutUsersOrTLSAreNotOpened(t *testing.T) {
	h := start(t, nil)
	cert, key := browserKeys(t, t.TempDir(), 1)
	for what, change := range map[string]func(*Config){
		"neither":      func(c *Config) {},
		"no TLS":       func(c *Config) { c.PageUsers = true },
		"no users":     func(c *Config) { c.PageCert, c.PageKey = cert, key },
		"half the TLS": func(c *Config) { c.PageUsers, c.PageCert = true, cert },
		"no such key":  func(c *Config) { c.PageUsers, c.PageCert, c.PageKey = true, cert, key+"x" },
	} {
		cfg, deps := h.cfg, h.deps
		cfg.PageListen, deps.Registry = "0.0.0.0:0", prometheus.NewRegistry()
		change(&cfg)
		g, err := New(cfg, deps)
		if err == nil {
			err = g.Listen()
		}
		if err == nil {
			t.Errorf("%s: opened", what)
			continue
		}
		if g != nil && (g.Addr() != nil || g.PageAddr() != nil) {
			t.Errorf("%s: a door is open", what)
		}
	}
	if err := os.Chmod(key, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := CheckPageKeys(cert, key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that everybody can read: %v", err)
	}
}

func TestBeyondLoopbackThePagesSpeakTLSOnlyAndOnlyTheNewer(t *testing.T) {
	h := abroad(t, nil)
	got := h.asks(h.reader(), "/", "giamsat.example.vn")
	if got.status != http.StatusOK || got.body != "board" || !strings.HasPrefix(got.header.Get("Strict-Transport-Security"), "max-age=") {
		t.Errorf("%d %s, %q", got.status, got.body, got.header.Get("Strict-Transport-Security"))
	}
	plain, err := http.Get(strings.Replace(h.pageURL("/"), "https", "http", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Body.Close()
	if body, _ := io.ReadAll(plain.Body); plain.StatusCode != http.StatusBadRequest || strings.Contains(string(body), "board") {
		t.Errorf("without TLS: %d %s", plain.StatusCode, body)
	}
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(h.pageURL(""), "https://"), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != ok {
			t.Errorf("TLS %#x: %v", version, err)
		}
		if err == nil {
			conn.Close()
		}
	}
	if start(t, nil).page("/").header.Get("Strict-Transport-Security") != "" {
		t.Error("loopback without TLS asks for TLS")
	}
}

func TestTheMetricsStayOnThisMachine(t *testing.T) {
	h := abroad(t, nil)
	_, port, _ := net.SplitHostPort(h.PageAddr().String())
	for host, want := range map[string]int{"localhost:" + port: 200, "127.0.0.1:" + port: 200, "giamsat.example.vn": 403, "10.0.0.5:" + port: 403} {
		if got := h.asks(h.reader(), api.PathMetrics, host); got.status != want || want == 403 && strings.Contains(got.body, "communewatch_") {
			t.Errorf("under %s: %d", host, got.status)
		}
	}
	// From another machine the name does not help.
	other := "203.0.113.9:4711"
	w := &answer{ResponseWriter: nowhere{http.Header{}}}
	r, err := http.NewRequest(http.MethodGet, api.PathMetrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.RemoteAddr = "localhost:"+port, other
	h.measures(w, r)
	if w.status != http.StatusForbidden {
		t.Errorf("from another machine: %d", w.status)
	}
	for _, path := range []string{api.PathHealth, api.PathReady} {
		if got := h.asks(h.reader(), path, "giamsat.example.vn"); got.status != http.StatusOK {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestAStrangerIsNotToldWhereTheDatabaseIs(t *testing.T) {
	away := func(_ *Config, d *Deps) {
		d.Ready = func(context.Context) error { return errors.New("http://10.1.2.3:8086 is away") }
	}
	h := abroad(t, away)
	if got := h.asks(h.reader(), api.PathReady, "giamsat.example.vn"); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "10.1.2.3") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := start(t, away).page(api.PathReady); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "10.1.2.3") {
		t.Errorf("on this machine: %d %s", got.status, got.body)
	}
}

// nowhere takes an answer that nobody reads.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

func TestAnAddressThatReadsTooMuchIsHeldOff(t *testing.T) {
	h := abroad(t, func(c *Config, _ *Deps) { c.PageRate, c.PageBurst = 1, 5 })
	client := h.reader()
	statuses := map[int]int{}
	for range 20 {
		got := h.asks(client, "/", "giamsat.example.vn")
		statuses[got.status]++
		if got.status == http.StatusTooManyRequests && (got.code(t) != api.CodeTooMany || got.header.Get("Retry-After") == "") {
			t.Errorf("%s", got.body)
		}
	}
	if statuses[200] < 5 || statuses[200] > 10 || statuses[429] != 20-statuses[200] {
		t.Errorf("%v", statuses)
	}
	if got := h.asks(client, api.PathHealth, "giamsat.example.vn"); got.status != http.StatusOK {
		t.Errorf("health: %d", got.status)
	}
	// On loopback nobody is: a proxy's readers all have its address.
	here := start(t, func(c *Config, _ *Deps) { c.PageRate, c.PageBurst = 1, 1 })
	for range 10 {
		if got := here.page("/"); got.status != http.StatusOK {
			t.Errorf("on loopback: %d", got.status)
		}
	}
}

func TestOneAddressTakesNeitherAllPlacesNorAllConnections(t *testing.T) {
	held := newHold()
	h := abroad(t, func(c *Config, d *Deps) { c.PageRequests, c.PageConnections, d.Board = 2, 6, held })
	client, replies := h.reader(), make(chan reply, 8)
	for range 2 {
		go func() { replies <- h.asks(client, "/", "giamsat.example.vn") }()
		<-held.in
	}
	if got := h.asks(client, "/", "giamsat.example.vn"); got.status != http.StatusTooManyRequests {
		t.Errorf("a third request of one address: %d", got.status)
	}
	close(held.out)
	for range 2 {
		<-replies
	}
	client.CloseIdleConnections()
	// Connections that say nothing: what is too much is closed at once.
	var open []net.Conn
	closed := 0
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.pageURL(""), "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
	}
	for _, conn := range open {
		if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil && !os.IsTimeout(err) {
			closed++
		}
		if closed >= 14 {
			break
		}
	}
	if closed < 14 {
		t.Errorf("%d of 20 were closed", closed)
	}
	for _, conn := range open {
		conn.Close()
	}
	for range 100 { // the places come back
		if response, err := h.reader().Get(h.pageURL(api.PathHealth)); err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("nobody is let in any more")
}

func TestThePagesCertificateIsFollowedAndABrokenOneIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	cert, key := browserKeys(t, dir, 1)
	h := start(t, func(c *Config, _ *Deps) { c.PageCert, c.PageKey = cert, key }) // TLS on loopback too
	shown := func() int64 {
		t.Helper()
		h.pageKeys.mu.Lock()
		h.pageKeys.looked = time.Time{}
		h.pageKeys.mu.Unlock()
		conn, err := tls.Dial("tcp", h.PageAddr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := shown(); n != 1 {
		t.Errorf("certificate %d", n)
	}
	if !strings.Contains(h.log.String(), "ends soon or is over") {
		t.Error("a certificate of one day is not spoken of")
	}
	browserKeys(t, dir, 2)
	if n := shown(); n != 2 {
		t.Errorf("certificate %d after a change", n)
	}
	if err := os.WriteFile(key, []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n := shown(); n != 2 {
			t.Errorf("certificate %d, its key broken", n)
		}
	}
	if n := strings.Count(h.log.String(), "certificate cannot be read"); n != 1 {
		t.Errorf("said %d times", n)
	}
	browserKeys(t, dir, 3)
	if n := shown(); n != 3 {
		t.Errorf("certificate %d after it was mended", n)
	}
}
