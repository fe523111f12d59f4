package enrol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

// world is an office that enrols, with real files.
type world struct {
	*Enroller
	t        testing.TB
	dir      string
	log      *safeBuffer
	verifier *Verifier
}

type safeBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return openWorld(t, t.TempDir())
}

// openWorld is another process on the same folder, or the same after a restart.
func openWorld(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{t: t, dir: dir, log: &safeBuffer{}}
	deps := EnrollerDeps{Label: func(site string) string { return "Xã " + site }, Log: slog.New(slog.NewTextHandler(w.log, nil))}
	var err [5]error
	deps.Authority, err[0] = OpenAuthority(filepath.Join(dir, "keys"))
	deps.Registry, err[1] = OpenRegistry(filepath.Join(dir, "agents"))
	deps.Invitations, err[2] = OpenInvitations(filepath.Join(dir, "invitations"))
	deps.Tokens, err[3] = OpenTokens(filepath.Join(dir, "tokens"))
	for _, err := range err {
		if err != nil {
			t.Fatal(err)
		}
	}
	if w.Enroller, err[4] = NewEnroller(deps); err[4] != nil {
		t.Fatal(err[4])
	}
	w.verifier = w.Verifier()
	return w
}

func (w *world) invite(site string, again bool) string {
	w.t.Helper()
	token, _, err := w.deps.Invitations.Issue(site, "a1", InvitationLife, again)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// machine is a PC with its key.
type machine struct {
	key  *ecdsa.PrivateKey
	mark string
	host string
}

func newMachine(t testing.TB, mark string) machine {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return machine{key, mark, "PC-" + mark}
}

// asks is what the machine sends. Its CSR claims to be another site, and an authority.
func (m machine) asks(t testing.TB, token string) api.EnrolRequest {
	t.Helper()
	return api.EnrolRequest{Token: token, CSR: csrOf(t, m.key), Machine: m.mark, Host: m.host, OS: "windows", Arch: "amd64", Version: "1.0"}
}

func csrOf(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "bd-00000 a1", Organization: []string{"CommuneWatch CA"}}, DNSNames: []string{"localhost"},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func (w *world) enrol1(m machine, token string) api.EnrolReply {
	w.t.Helper()
	reply, problem := w.Enrol(m.asks(w.t, token), "192.0.2.7")
	if problem != nil {
		w.t.Fatal(problem)
	}
	return reply
}

// show gives a certificate to the verifier, and the code of its answer.
func (w *world) show(reply api.EnrolReply, renewing bool) api.Code {
	w.t.Helper()
	_, problem := w.verifier.Certify(chainOf(w.t, reply), renewing)
	return codeOf(problem)
}

// renew does as an agent: the certificate first, then the request.
func (w *world) renew1(reply api.EnrolReply, m machine) (api.EnrolReply, api.Code) {
	w.t.Helper()
	id, problem := w.verifier.Certify(chainOf(w.t, reply), true)
	if problem != nil {
		return api.EnrolReply{}, problem.Code
	}
	next, problem := w.Renew(id, m.asks(w.t, ""), "192.0.2.8")
	return next, codeOf(problem)
}

func codeOf(problem *api.Error) api.Code {
	if problem == nil {
		return ""
	}
	return problem.Code
}

func chainOf(t testing.TB, reply api.EnrolReply) []*x509.Certificate {
	t.Helper()
	var chain []*x509.Certificate
	for rest := []byte(reply.Certificate); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return chain
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
}

func (w *world) agent(site string) Agent {
	w.t.Helper()
	a, ok := w.deps.Registry.Agent(Holder{site, "a1"})
	if !ok {
		w.t.Fatalf("%s is not in the registry", site)
	}
	return a
}

const daysLong = 24 * time.Hour
