package gate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
)

func (h *house) openEnroller(dir string) {
	h.t.Helper()
	var err [3]error
	h.registry, err[0] = enrol.OpenRegistry(filepath.Join(dir, "agents"))
	h.invitations, err[1] = enrol.OpenInvitations(filepath.Join(dir, "invitations"))
	h.enroller, err[2] = enrol.NewEnroller(enrol.EnrollerDeps{Authority: h.authority, Registry: h.registry, Invitations: h.invitations, Tokens: h.tokens,
		Label: func(site string) string { return site }, Log: slog.New(slog.NewTextHandler(h.log, nil))})
	for _, err := range err {
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// document answers with whose it is.
func document(w http.ResponseWriter, r *http.Request) {
	id, ok := api.IdentityFrom(r.Context())
	if !ok {
		panic("a stranger reads a document")
	}
	w.Header().Set("Who", id.Site+" "+id.Agent+" "+id.Via)
	io.WriteString(w, "{}")
}

// asks is what a PC sends to enrol or renew.
func asks(t *testing.T, key *ecdsa.PrivateKey, token string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(api.EnrolRequest{Token: token, CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), Machine: "m2", Host: "PC-2"})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (h *house) invite(site string, again bool) string {
	h.t.Helper()
	token, _, err := h.invitations.Issue(site, "a1", time.Hour, again)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// enrolled is a certificate that came over the line, by the door for strangers.
func (h *house) enrolled(site string) tls.Certificate {
	h.t.Helper()
	key := newKey(h.t)
	got := h.post(h.client, api.PathEnrol, "", asks(h.t, key, h.invite(site, true)))
	return h.certificateOf(got, key)
}

func (h *house) certificateOf(got reply, key *ecdsa.PrivateKey) tls.Certificate {
	h.t.Helper()
	var r api.EnrolReply
	if err := json.Unmarshal([]byte(got.body), &r); err != nil || got.status != http.StatusOK {
		h.t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(r.Certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		h.t.Fatal(err)
	}
	return pair
}

// with is a client that shows a certificate, whether the server would want it or not.
func (h *house) with(certificate tls.Certificate) *http.Client {
	cfg := pinned(h.authority.Pin())
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	transport := &http.Transport{TLSClientConfig: cfg}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func (h *house) post(client *http.Client, path, authorization string, body []byte) reply {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return h.do(client, request)
}

// dated is that certificate with other dates, signed by the same authority.
func (h *house) dated(c tls.Certificate, notAfter time.Time) tls.Certificate {
	h.t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(h.keys, "ca.crt"), filepath.Join(h.keys, "ca.key"))
	if err != nil {
		h.t.Fatal(err)
	}
	template := *c.Leaf
	template.NotBefore, template.NotAfter = notAfter.Add(-37*24*time.Hour), notAfter
	der, err := x509.CreateCertificate(rand.Reader, &template, pair.Leaf, c.Leaf.PublicKey, pair.PrivateKey)
	if err != nil {
		h.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.PrivateKey}
}

func selfSigned(t *testing.T, like *x509.Certificate) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CommuneWatch CA"}, URIs: like.URIs,
		NotBefore: like.NotBefore, NotAfter: like.NotAfter, ExtKeyUsage: like.ExtKeyUsage, KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestEveryRouteAnswersEveryIdentityByTheTable(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.EnrolBurst, c.EnrolRate = 1000, 1000 })
	other := start(t, nil)
	const mine = "bd-21997"
	type caller struct {
		certificate *tls.Certificate
		token       string
	}
	certificate := func(c tls.Certificate) caller { return caller{certificate: &c} }
	token := func(s string) caller { return caller{token: "Token " + s} }
	both := func(c tls.Certificate, s string) caller { return caller{&c, "Token " + s} }
	renewed := func(site string, used bool) tls.Certificate {
		old := h.enrolled(site)
		key := newKey(t)
		next := h.certificateOf(h.post(h.with(old), api.PathRenew, "", asks(t, key, "")), key)
		if used {
			h.post(h.with(next), api.PathWrite, "", nil)
		}
		return old
	}
	revoked := func(site string) tls.Certificate {
		c := h.enrolled(site)
		if _, err := h.registry.Revoke(enrol.Holder{Site: site, Agent: "a1"}, "lost"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	anew := h.enrolled("bd-9")
	h.enrolled("bd-9")
	good := h.enrolled(mine)
	server, err := h.authority.ServerCertificate([]string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	pass := func(who string) [3]string { return [3]string{"204 " + who, "200 " + who, "200 " + mine} }
	refused := func(code api.Code) [3]string {
		all := strconv.Itoa(api.Answers[code].Status) + " " + string(code)
		return [3]string{all, all, all}
	}
	unknown := refused(api.CodeUnauthorized)
	byToken := func(who string) [3]string { return [3]string{"204 " + who, "200 " + who, unknown[0]} }
	for what, of := range map[string]struct {
		caller caller
		want   [3]string // write, document, renew
	}{
		"none":                          {caller{}, unknown},
		"an unknown token":              {token("cw_" + strings.Repeat("A", 43)), unknown},
		"an invitation as a token":      {token(h.invite("bd-33", false)), unknown},
		"a good token":                  {token(h.issue("bd-2")), byToken("bd-2 a1 token")},
		"the token of another site":     {token(h.issue("bd-3")), byToken("bd-3 a1 token")},
		"a good certificate":            {certificate(good), pass(mine + " a1 certificate")},
		"one of another site":           {certificate(h.enrolled("bd-4")), [3]string{"204 bd-4 a1 certificate", "200 bd-4 a1 certificate", "200 bd-4"}},
		"one of another authority":      {certificate(other.enrolled(mine)), unknown},
		"a self-signed one":             {certificate(selfSigned(t, good.Leaf)), unknown},
		"the server's":                  {certificate(server), unknown},
		"a revoked one":                 {certificate(revoked("bd-5")), refused(api.CodeRevoked)},
		"one of before an enrolment":    {certificate(anew), refused(api.CodeRevoked)},
		"one that expired yesterday":    {certificate(h.dated(h.enrolled("bd-6"), time.Now().Add(-24*time.Hour))), [3]string{"403 certificate_expired", "403 certificate_expired", "200 bd-6"}},
		"one that expired 399 days ago": {certificate(h.dated(h.enrolled("bd-7"), time.Now().Add(-399*24*time.Hour))), [3]string{"403 certificate_expired", "403 certificate_expired", "200 bd-7"}},
		"one that expired 401 days ago": {certificate(h.dated(h.enrolled("bd-8"), time.Now().Add(-401*24*time.Hour))), refused(api.CodeExpired)},
		"one that begins next year":     {certificate(h.dated(h.enrolled("bd-10"), time.Now().Add(400*24*time.Hour))), [3]string{"204 bd-10 a1 certificate", "200 bd-10 a1 certificate", "200 bd-10"}},
		"the one before, unused":        {certificate(renewed("bd-11", false)), [3]string{"204 bd-11 a1 certificate", "200 bd-11 a1 certificate", "200 bd-11"}},
		"the one before, used":          {certificate(renewed("bd-12", true)), refused(api.CodeTwin)},
		"an expired and revoked one":    {certificate(h.dated(revoked("bd-13"), time.Now().Add(-time.Hour))), refused(api.CodeRevoked)},
		"both, of one agent":            {both(h.enrolled("bd-14"), h.issue("bd-14")), [3]string{"204 bd-14 a1 certificate", "200 bd-14 a1 certificate", "200 bd-14"}},
		"both, of two sites":            {both(h.enrolled("bd-15"), h.issue("bd-16")), refused(api.CodeForbidden)},
		"an unknown token beside":       {both(h.enrolled("bd-17"), "cw_"+strings.Repeat("A", 43)), unknown},
		"a good token beside a revoked": {both(revoked("bd-18"), h.issue("bd-18")), refused(api.CodeRevoked)},
		"a good token beside a foreign": {both(other.enrolled("bd-19"), h.issue("bd-19")), unknown},
	} {
		client := h.client
		if of.caller.certificate != nil {
			client = h.with(*of.caller.certificate)
		}
		key := newKey(t)
		got := [3]string{
			said(h.post(client, api.PathWrite, of.caller.token, []byte("x"))),
			said(h.fetch(client, api.PathDocument, of.caller.token)),
			said(h.post(client, api.PathRenew, of.caller.token, asks(t, key, ""))),
		}
		if d := cmp.Diff(of.want, got); d != "" {
			t.Errorf("%s: %s", what, d)
		}
		// These doors do not ask who comes.
		open := map[string]string{
			"enrol":  said(h.post(client, api.PathEnrol, of.caller.token, asks(t, key, "cwi_"+strings.Repeat("A", 43)))),
			"health": said(h.fetch(client, api.PathHealth, of.caller.token)),
			"ready":  said(h.fetch(client, api.PathReady, of.caller.token)),
			"other":  said(h.fetch(client, "/api/v1/agents", of.caller.token)),
		}
		if d := cmp.Diff(map[string]string{"enrol": "401 unauthorized", "health": "200", "ready": "200", "other": "404 not_found"}, open); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	secret, err := os.ReadFile(filepath.Join(h.keys, "ca.key"))
	if err != nil || strings.Contains(h.log.String(), "cw_") || strings.Contains(h.log.String(), "cwi_") || strings.Contains(h.log.String(), string(secret[60:100])) {
		t.Errorf("a secret stands in the log: %s", h.log)
	}
}

// said is an answer in a line: its status, and its code or whom it took the caller for.
func said(r reply) string {
	var e api.Error
	var enrolled api.EnrolReply
	_ = json.Unmarshal([]byte(r.body), &e)
	_ = json.Unmarshal([]byte(r.body), &enrolled)
	return strings.TrimSpace(strconv.Itoa(r.status) + " " + string(e.Code) + r.header.Get("Who") + enrolled.Site)
}

func (h *house) fetch(client *http.Client, path, authorization string) reply {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "https://"+h.Addr().String()+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return h.do(client, request)
}
