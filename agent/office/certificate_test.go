package office

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// writeIdentity makes a key and a certificate, and a file of them as enrolment does.
func writeIdentity(t *testing.T, path string, ends time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bd-21997 a1"}, NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	data := slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestACertificatesEndIsKnownAlsoAfterItWasRenewed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.pem")
	c := &certificate{file: path}
	if got := c.now(); got != (identity{}) {
		t.Errorf("without a file: %+v", got)
	}
	ends := time.Now().Add(time.Hour).Truncate(time.Second)
	for _, end := range []time.Time{ends, ends.Add(720 * time.Hour)} {
		writeIdentity(t, path, end)
		if err := os.Chtimes(path, time.Time{}, end); err != nil { // a file system may count whole seconds
			t.Fatal(err)
		}
		if got := c.now(); got.name != "bd-21997 a1" || !got.ends.Equal(end) {
			t.Errorf("got %+v, want %s", got, end)
		}
	}
	for _, text := range []string{"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := (&certificate{file: path}).now(); got != (identity{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestTheTimeThatACertificateHasLeftIsByTheCollectorsClock(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "identity.pem")
	writeIdentity(t, path, time.Now().Add(time.Hour))
	b := newBench(t, folder, func(c *Config) { c.Token, c.Identity = "", path })
	b.deps.machine = func() []string { return nil }
	b.build()
	defer b.Close()
	if _, known := b.certificateLeft(); known {
		t.Error("known before any time is")
	}
	learn(b.session, 2*time.Hour)
	if left, known := b.certificateLeft(); !known || left > -59*time.Minute {
		t.Errorf("left %s, %v", left, known)
	}
	if s := b.status(); s.Site != "bd-21997" || s.Agent != "a1" || *s.Left > 0 || !slices.Contains(s.Problems(), CertificateOver) {
		t.Errorf("status %+v", s)
	}
}
