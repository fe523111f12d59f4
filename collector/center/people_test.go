package center

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"communewatch/collector/api"
)

// password is every person's in these tests.
const password = "con trâu đi trước"

// certify makes a certificate for the pages and gives what browsers trust.
func certify(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "pages"}, DNSNames: []string{"localhost", "giamsat.example.vn"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, data := range map[string][]byte{"pages.pem": cert, "pages.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

// office is a collector with users and TLS at its pages.
type office struct {
	*Center
	t     *testing.T
	dir   string
	trust *x509.CertPool
}

func guarded(t *testing.T, page string) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir()}
	o.trust = certify(t, o.dir, 1)
	cfg := on(t, filepath.Join(o.dir, "data"))
	cfg.Page, cfg.Users, cfg.PageCert, cfg.PageKey = page, filepath.Join(o.dir, "users"), filepath.Join(o.dir, "pages.pem"), filepath.Join(o.dir, "pages.key")
	var people strings.Builder
	for role := range strings.FieldsSeq(api.UserRoles) {
		// Cheap ones: how dear they are by right is the other room's.
		salt := []byte("salt of " + role + "........")
		sum := argon2.IDKey([]byte(password), salt, 1, 19<<10, 1, 32)
		fmt.Fprintf(&people, "%s %s $argon2id$v=19$m=%d,t=1,p=1$%s$%s\n", role, role, 19<<10, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
	}
	if err := os.WriteFile(cfg.Users, []byte(people.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Center, _ = running(t, cfg)
	return o
}

// browser keeps cookies and trusts the pages' certificate.
type browser struct {
	*office
	client *http.Client
	base   string
	token  string
}

func (o *office) browser() *browser {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(o.PageAddr().String())
	if err != nil {
		o.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: o.trust}}
	o.t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{
		Transport: transport, Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &browser{office: o, client: client, base: "https://127.0.0.1:" + port}
}

// answer is what came back; of a stream only that it began.
type answer struct {
	status int
	body   string
	http.Header
}

func (r *browser) ask(method, path string, form url.Values, change ...func(*http.Request)) answer {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(request)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, Header: response.Header}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return a
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	a.body = string(body)
	return a
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (r *browser) form(path string) string {
	r.t.Helper()
	a := r.ask(http.MethodGet, path, nil)
	m := tokenField.FindStringSubmatch(a.body)
	if m == nil {
		r.t.Fatalf("%s has no form: %d %s", path, a.status, a.body)
	}
	return m[1]
}

// signIn makes it a person's browser.
func (r *browser) signIn(name string) *browser {
	r.t.Helper()
	a := r.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {r.form("/sign-in")}, "name": {name}, "password": {password}, "to": {"/"}})
	if a.status != http.StatusSeeOther {
		r.t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
	r.token = r.form("/sign-out")
	return r
}
