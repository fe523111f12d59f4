package doctor

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"communewatch/collector/api"
)

// signed makes a certificate, signed by parent or, if that is nil, by itself.
func signed(t *testing.T, subject pkix.Name, until time.Time, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		IsCA: parent == nil, BasicConstraintsValid: true, DNSNames: []string{"cw.example"},
	}
	signer, by := any(key), template
	chain := [][]byte{nil}
	if parent != nil {
		signer, by = parent.PrivateKey, parent.Leaf
		chain = append(chain, parent.Certificate...)
	}
	if chain[0], err = x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer); err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}
}

func pinOf(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestWhoeverOpensTLSIsNamed(t *testing.T) {
	until := time.Unix(1e9, 0).Add(time.Hour)
	ca := func(org, name string) *tls.Certificate {
		return signed(t, pkix.Name{CommonName: name, Organization: []string{org}}, until, nil)
	}
	ours := ca("", "CommuneWatch CA")
	leaf := func(by *tls.Certificate) []*x509.Certificate {
		return []*x509.Certificate{signed(t, pkix.Name{CommonName: "x"}, until, by).Leaf, by.Leaf}
	}
	for name, c := range map[string]struct {
		presented []*x509.Certificate
		refused   error
		proxy     string
		want      string
	}{
		"ours, for another name":   {leaf(ours), x509.HostnameError{}, "", "!tls_name"},
		"ours, wrong otherwise":    {leaf(ours), x509.CertificateInvalidError{}, "", "!tls_chain"},
		"another collector's":      {leaf(ca("", "CommuneWatch CA")), nil, "", "!tls_other_ca"},
		"Kaspersky":                {leaf(ca("AO Kaspersky Lab", "Root")), nil, "", "!tls_opened_guard"},
		"ESET":                     {leaf(ca("", "ESET SSL Filter CA")), nil, "", "!tls_opened_guard"},
		"no ESET, but a reset":     {leaf(ca("", "Reset Ltd")), nil, "", "!tls_opened"},
		"somebody":                 {leaf(ca("Province", "Inspection")), nil, "", "!tls_opened"},
		"somebody, by a proxy":     {leaf(ca("Province", "Inspection")), nil, "p:1", "!tls_opened_proxy"},
		"a router's own":           {leaf(ca("", "DrayTek"))[1:], nil, "", "!tls_other_device"},
		"our CA's key in a leaf":   {[]*x509.Certificate{signed(t, pkix.Name{}, until, ours).Leaf}, nil, "", "!tls_other_ca"},
		"nothing was presented":    {nil, nil, "", "!tls_broken"},
		"ours shown by a stranger": {append(leaf(ca("Province", "Inspection")), ours.Leaf), x509.UnknownAuthorityError{}, "", "!tls_opened"},
	} {
		f := well()
		f.cfg.Pin = pinOf(ours)
		if name == "our CA's key in a leaf" {
			f.cfg.Pin = pinOf(&tls.Certificate{Leaf: c.presented[0]})
		}
		f.collector.failed, f.collector.failure, f.collector.timed = stageTLS, api.PathCertificate, false
		f.collector.presented, f.collector.refused, f.collector.proxy = c.presented, c.refused, c.proxy
		if got := found(decide(f), CheckTLS); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestACertificateThatHasEndedByTheCollectorsTimeIsSaid(t *testing.T) {
	f := well()
	leaf := signed(t, pkix.Name{}, f.collector.now.Add(-time.Second), nil).Leaf
	f.collector.presented = []*x509.Certificate{leaf}
	if got := found(decide(f), CheckTLS); got != "!tls_dates" {
		t.Error(got)
	}
	f.collector.now = f.collector.now.Add(-time.Hour)
	if got := found(decide(f), CheckTLS); got != "+tls_ok" {
		t.Error(got)
	}
}

func TestWhatAStrangerCallsItselfDoesNoHarmOnAScreen(t *testing.T) {
	name := pkix.Name{CommonName: "\x1b[31mevil\n\u202e" + string(bytes.Repeat([]byte("x"), 200))}
	got := issuerOf(signed(t, name, time.Now(), nil).Leaf)
	for _, r := range got {
		if r < ' ' || r == '\u202e' {
			t.Errorf("%q", got)
		}
	}
	if n := len([]rune(got)); n > 81 {
		t.Errorf("%d characters", n)
	}
}

func TestWhatBecameOfAnIdentity(t *testing.T) {
	ended := signed(t, pkix.Name{CommonName: "bd-1/a1"}, time.Unix(1e9, 0).Add(-time.Minute), nil)
	valid := signed(t, pkix.Name{CommonName: "bd-1/a1"}, time.Unix(1e9, 0).Add(time.Hour), nil)
	held := func(c *tls.Certificate) identityFacts { return identityFacts{path: "p", certificate: c, leaf: c.Leaf} }
	says := func(code api.Code) func(*facts) {
		return func(f *facts) { f.collector.code, f.collector.status = code, api.Answers[code].Status }
	}
	for name, c := range map[string]struct {
		identity identityFacts
		change   func(*facts)
		want     string
	}{
		"taken":                   {held(valid), func(*facts) {}, "+identity_ok"},
		"unchanged":               {held(valid), func(f *facts) { f.collector.status = 304 }, "+identity_ok"},
		"a token":                 {identityFacts{}, func(f *facts) { f.cfg.Identity, f.cfg.Token = "", "x" }, "+identity_token"},
		"none":                    {identityFacts{}, func(f *facts) { f.cfg.Identity = "" }, "!identity_none"},
		"not installed":           {identityFacts{}, func(f *facts) { f.cfg.URL = "" }, "!identity_none"},
		"ended":                   {held(ended), func(*facts) {}, "!identity_expired"},
		"ended by the PC's clock": {held(valid), func(f *facts) { f.at = f.at.Add(2 * time.Hour) }, "+identity_ok"},
		"ended, nobody to ask":    {held(ended), func(f *facts) { f.collector = collectorFacts{failed: stageConnect, failure: api.PathTimeout} }, "!identity_expired"},
		"nobody to ask":           {held(valid), func(f *facts) { f.collector = collectorFacts{failed: stageConnect, failure: api.PathTimeout} }, "-identity_unasked"},
		"revoked":                 {held(valid), says(api.CodeRevoked), "!identity_revoked"},
		"revoked and ended":       {held(ended), says(api.CodeRevoked), "!identity_revoked"},
		"a twin, by its sending":  {held(valid), func(f *facts) { f.cfg.Twin = true }, "!identity_twin"},
		"a copied disk":           {held(valid), func(f *facts) { f.cfg.Copied = true }, "!identity_copied"},
		"a twin":                  {held(valid), says(api.CodeTwin), "!identity_twin"},
		"ended, it says":          {held(valid), says(api.CodeExpired), "!identity_refused_expired"},
		"unknown":                 {held(valid), says(api.CodeUnauthorized), "!identity_unauthorized"},
		"forbidden":               {held(valid), says(api.CodeForbidden), "!identity_forbidden"},
		"an old collector":        {held(valid), says(api.CodeNotFound), "-identity_unknown"},
		"too busy":                {held(valid), says(api.CodeUnavailable), "-identity_unknown"},
		"a stranger's revoked":    {held(valid), func(f *facts) { f.collector.code, f.collector.status = api.CodeRevoked, 502 }, "-identity_unknown"},
	} {
		f := well()
		f.cfg.Identity, f.cfg.Token, f.identity = "p", "", c.identity
		c.change(f)
		if got := found(decide(f), CheckIdentity); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAnIdentitysFileIsReadAsFarAsItGoes(t *testing.T) {
	folder := t.TempDir()
	c := signed(t, pkix.Name{CommonName: "bd-1/a1"}, time.Now().Add(time.Hour), nil)
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	other := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed(t, pkix.Name{}, time.Now(), nil).Certificate[0]})
	for name, want := range map[string]struct {
		data []byte
		held string
	}{
		"both":        {append(bytes.Clone(key), chain...), "+identity_ok"},
		"key alone":   {key, "!identity_pending"},
		"chain alone": {chain, "!identity_broken"},
		"another key": {append(bytes.Clone(key), other...), "!identity_broken"},
		"empty":       {nil, "!identity_broken"},
		"half":        {key[:len(key)/2], "!identity_broken"},
	} {
		path := filepath.Join(folder, "identity.pem")
		if err := os.WriteFile(path, want.data, 0o600); err != nil {
			t.Fatal(err)
		}
		f := well()
		f.cfg.Identity, f.cfg.Token, f.identity = path, "", readIdentity(path)
		f.collector.now = time.Now()
		if got := found(decide(f), CheckIdentity); got != want.held {
			t.Errorf("%s: %s, want %s", name, got, want.held)
		}
	}
	f := well()
	f.cfg.Identity = filepath.Join(folder, "gone")
	f.identity = readIdentity(f.cfg.Identity)
	if got := found(decide(f), CheckIdentity); got != "!identity_missing" {
		t.Error(got)
	}
}
