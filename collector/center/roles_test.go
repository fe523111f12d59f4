package center

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running starts a center that runs until the test ends, or it is stopped.
func running(t *testing.T, cfg Config) (*Center, func()) {
	t.Helper()
	c, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-c.Up():
	case err := <-ended:
		cancel()
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		cancel()
		t.Fatal("not up")
	}
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return c, stop
}

// on is a machine with some roles. Its InfluxDB is not there: what is asked here needs none.
func on(t *testing.T, dir string, roles ...string) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen, cfg.Page, cfg.Roles = dir, "127.0.0.1:0", "127.0.0.1:0", roles
	cfg.InfluxDB.URL, cfg.InfluxDB.TokenFile = "http://127.0.0.1:1", filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(cfg.InfluxDB.TokenFile, []byte("u:p"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// pc is a machine at an office.
type pc struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert tls.Certificate
}

func newPC(t *testing.T) *pc {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &pc{t: t, key: key}
}

func (p *pc) post(c *Center, path string, body []byte) (int, string) {
	p.t.Helper()
	cfg := &tls.Config{InsecureSkipVerify: true} // by whom the server's is signed, other tests hold
	if p.cert.Leaf != nil {
		cfg.Certificates = []tls.Certificate{p.cert}
	}
	transport := &http.Transport{TLSClientConfig: cfg}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Post("https://"+c.Addr().String()+path, "", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// enrol asks with an invitation, or, without one, to renew.
func (p *pc) enrol(c *Center, token string) {
	p.t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := json.Marshal(api.EnrolRequest{Token: token, CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), Host: "PC-1", Machine: "m1", OS: "windows", Version: "1.0"})
	if err != nil {
		p.t.Fatal(err)
	}
	path := api.PathEnrol
	if token == "" {
		path = api.PathRenew
	}
	status, answer := p.post(c, path, body)
	var reply api.EnrolReply
	if err := json.Unmarshal([]byte(answer), &reply); status != http.StatusOK || err != nil {
		p.t.Fatalf("%d %s", status, answer)
	}
	if reply.Label != "Xã Canh Liên" {
		p.t.Errorf("label %q", reply.Label)
	}
	private, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.cert, err = tls.X509KeyPair([]byte(reply.Certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		p.t.Fatal(err)
	}
}

func codeIn(answer string) api.Code {
	var e api.Error
	_ = json.Unmarshal([]byte(answer), &e)
	return e.Code
}

func TestTheAuthoritysKeyIsOnTheMachineThatEnrolsAlone(t *testing.T) {
	office := on(t, filepath.Join(t.TempDir(), "office"), RoleEnrol)
	enrolling, _ := running(t, office)
	invitation, _, err := Invite(office, "bd-21997", "https://noc.example:8443", time.Hour, false)
	if err != nil {
		t.Fatal(err)
	}
	p := newPC(t)
	p.enrol(enrolling, invitation.Token)
	if status, answer := p.post(enrolling, api.PathWrite, nil); status != http.StatusNotFound || !strings.Contains(answer, "lack ingest") {
		t.Errorf("a write to the machine that enrols: %d %s", status, answer)
	}

	// The other machine gets three files.
	other := on(t, filepath.Join(t.TempDir(), "other"), RoleIngest)
	if err := os.MkdirAll(KeysDir(other.Data), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"agents", "keys/ca.crt", "keys/server.pem"} {
		data, err := os.ReadFile(filepath.Join(office.Data, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(other.Data, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ingesting, _ := running(t, other)
	if status, answer := p.post(ingesting, api.PathWrite, nil); codeIn(answer) == api.CodeUnauthorized || status == http.StatusForbidden {
		t.Errorf("its agent: %d %s", status, answer)
	}
	if _, answer := newPC(t).post(ingesting, api.PathWrite, nil); codeIn(answer) != api.CodeUnauthorized {
		t.Errorf("a stranger: %s", answer)
	}
	for _, path := range []string{api.PathEnrol, api.PathRenew} {
		if _, answer := p.post(ingesting, path, []byte("{}")); codeIn(answer) != api.CodeNotFound || !strings.Contains(answer, "lack enrol") {
			t.Errorf("%s: %s", path, answer)
		}
	}
	if _, err := os.Stat(filepath.Join(KeysDir(other.Data), "ca.key")); !os.IsNotExist(err) {
		t.Errorf("it made a key: %v", err)
	}
	if _, _, err := Invite(other, "bd-21997", "https://x", time.Hour, false); err != ErrNotEnrolling {
		t.Errorf("inviting there: %v", err)
	}
	if _, err := Revoke(other, "bd-21997", ""); err != ErrNotEnrolling {
		t.Errorf("revoking there: %v", err)
	}
}

func TestInvitingRevokingAndListingBesideARunningCollector(t *testing.T) {
	cfg := on(t, t.TempDir(), RoleEnrol)
	c, _ := running(t, cfg)
	states := func() (all []AgentState) {
		t.Helper()
		rows, unheard, err := Agents(t.Context(), cfg, labelled)
		if err != nil || unheard == nil {
			t.Fatal(err, unheard)
		}
		for _, r := range rows {
			if r.Label != "Xã Canh Liên" || r.Stored {
				t.Errorf("%+v", r)
			}
			all = append(all, r.State)
		}
		return all
	}
	invite := func(again bool) api.Invitation {
		t.Helper()
		i, _, err := Invite(cfg, "bd-21997", "https://noc.example:8443", time.Hour, again)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := api.ParseInvitation(i.String()); err != nil || back != i {
			t.Fatalf("%v, %v", back, err)
		}
		return i
	}
	var got [][]AgentState
	got = append(got, states())
	invitation := invite(false)
	got = append(got, states())
	p := newPC(t)
	p.enrol(c, invitation.Token)
	got = append(got, states())
	if _, _, err := Invite(cfg, "bd-21997", "https://x", time.Hour, false); err != ErrHasAgent {
		t.Errorf("a site with an agent: %v", err)
	}
	copied := *p // its disk, as it is now
	p.enrol(c, "")
	p.post(c, api.PathWrite, nil)
	if _, answer := copied.post(c, api.PathWrite, nil); codeIn(answer) != api.CodeTwin {
		t.Errorf("a copy of its disk: %s", answer)
	}
	got = append(got, states())
	again := invite(true)
	done, err := Revoke(cfg, "bd-21997", "lost")
	if err != nil || done != (Revoked{Certificate: true, Invitation: true}) {
		t.Errorf("%+v, %v", done, err)
	}
	got = append(got, states())
	time.Sleep(1100 * time.Millisecond)
	if status, answer := p.post(c, api.PathWrite, nil); codeIn(answer) != api.CodeRevoked {
		t.Errorf("a second after revoking: %d %s", status, answer)
	}
	if _, answer := p.post(c, api.PathEnrol, []byte(`{"token":"`+again.Token+`"}`)); codeIn(answer) != api.CodeUnauthorized {
		t.Errorf("the withdrawn invitation: %s", answer)
	}
	if _, err := Revoke(cfg, "bd-21550", ""); err != ErrNoAgent {
		t.Errorf("a site without anything: %v", err)
	}
	want := [][]AgentState{nil, {StateInvited}, {StateEnrolled}, {StateTwin}, {StateRevoked}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRolesThatAreNoneAreComplainedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "collector.yaml")
	if err := os.WriteFile(path, []byte("roles: [ingest, enroll]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadConfig(path)
	if err == nil || !strings.Contains(err.Error(), `:1:17: "enroll" is not known; want one of: ingest, judge, enrol, board`) {
		t.Errorf("%v", err)
	}
	all := DefaultConfig()
	for _, role := range Roles {
		if !all.Has(role) {
			t.Errorf("without roles a machine lacks %s", role)
		}
	}
}
