package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/goleak"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a gate that runs, with a real authority and real tokens behind it.
type house struct {
	*Gate
	t           *testing.T
	keys        string // folder of the authority
	authority   *enrol.Authority
	tokens      *enrol.Tokens
	registry    *enrol.Registry
	invitations *enrol.Invitations
	enroller    *enrol.Enroller
	client      *http.Client // pinned to the authority
	log         *buffer
	stop        func() error
}

// start runs a gate on free ports until the test ends.
func start(t *testing.T, change func(*Config, *Deps)) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, keys: filepath.Join(dir, "keys"), log: &buffer{}}
	var err error
	if h.authority, err = enrol.OpenAuthority(h.keys); err != nil {
		t.Fatal(err)
	}
	certificate, err := h.authority.ServerCertificate([]string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if h.tokens, err = enrol.OpenTokens(filepath.Join(dir, "tokens")); err != nil {
		t.Fatal(err)
	}
	h.openEnroller(dir)
	registry := prometheus.NewRegistry()
	cfg := DefaultConfiguration()
	cfg.Listen, cfg.PageListen = "127.0.0.1:0", "127.0.0.1:0"
	deps := Deps{
		Certificate: certificate,
		Identify:    h.tokens.Identify,
		Certify:     h.enroller.Verifier().Certify,
		Enrol:       h.enroller.EnrolHandler(),
		Renewal:     h.enroller.RenewHandler(),
		Document:    http.HandlerFunc(document),
		Write:       http.HandlerFunc(store),
		Board:       http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "board") }),
		Metrics:     promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Ready:       func(context.Context) error { return nil },
		Log:         slog.New(slog.NewTextHandler(h.log, nil)),
		Registry:    registry,
	}
	if change != nil {
		change(&cfg, &deps)
	}
	if h.Gate, err = New(cfg, deps); err != nil {
		t.Fatal(err)
	}
	if err := h.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	h.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	transport := &http.Transport{TLSClientConfig: pinned(h.authority.Pin())}
	h.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		if err := h.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return h
}

// store answers with who wrote what.
func store(w http.ResponseWriter, r *http.Request) {
	id, ok := api.IdentityFrom(r.Context())
	body, err := io.ReadAll(r.Body)
	if err != nil || !ok {
		(&api.Error{Code: api.CodeTooLarge, Message: "cannot read"}).WriteTo(w)
		return
	}
	w.Header().Set("Who", id.Site+" "+id.Agent+" "+id.Via)
	w.Header().Set("Secret", r.Header.Get("Authorization"))
	if len(body) < 1000 { // what is larger is no header
		w.Header().Set(api.HeaderStored, string(body))
	}
	w.WriteHeader(http.StatusNoContent)
}

// pinned verifies as an agent does: the chain must end in the key it was given.
func pinned(pin string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // replaced by what stands below
		VerifyConnection: func(state tls.ConnectionState) error {
			roots := x509.NewCertPool()
			for _, c := range state.PeerCertificates {
				if sum := sha256.Sum256(c.RawSubjectPublicKeyInfo); pin == "sha256:"+hex.EncodeToString(sum[:]) {
					roots.AddCert(c)
				}
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: "127.0.0.1"})
			return err
		},
	}
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func (h *house) issue(site string) string {
	h.t.Helper()
	token, err := h.tokens.Issue(site, "a1")
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) code(t *testing.T) api.Code {
	t.Helper()
	var e api.Error
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || e.Message == "" {
		t.Errorf("the body is %q: %v", r.body, err)
	}
	return e.Code
}

func (h *house) do(client *http.Client, request *http.Request) reply {
	h.t.Helper()
	response, err := client.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

func (h *house) write(authorization string, body io.Reader) reply {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathWrite, body)
	if err != nil {
		h.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return h.do(h.client, request)
}

func (h *house) get(url string) reply {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.do(h.client, request)
}

func (h *house) agents(path string) reply {
	h.t.Helper()
	return h.get("https://" + h.Addr().String() + path)
}
func (h *house) page(path string) reply {
	h.t.Helper()
	return h.get("http://" + h.PageAddr().String() + path)
}

// counted is whether the metrics have a line.
func (h *house) counted(line string) bool {
	h.t.Helper()
	return strings.Contains("\n"+h.page(api.PathMetrics).body, "\n"+line+"\n")
}

// eventually waits for what happens in other goroutines.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

func TestAWriteIsTheTokensSitesAndNobodyElses(t *testing.T) {
	h := start(t, nil)
	mountain, town := h.issue("bd-21997"), h.issue("bd-21550")
	for authorization, want := range map[string]string{
		"Token " + mountain:  "bd-21997 a1 token",
		"Bearer " + mountain: "bd-21997 a1 token",
		"bearer " + mountain: "bd-21997 a1 token",
		"Token " + town:      "bd-21550 a1 token",
	} {
		got := h.write(authorization, strings.NewReader("ping,site=bd-00000 x=1"))
		if got.status != http.StatusNoContent || got.header.Get("Who") != want {
			t.Errorf("%.12s…: %d, %q", authorization, got.status, got.header.Get("Who"))
		}
		if got.header.Get("Secret") != "" {
			t.Error("the token went on into the house")
		}
		if got.header.Get(api.HeaderStored) != "ping,site=bd-00000 x=1" {
			t.Error("the body did not arrive")
		}
	}
}

func TestAStrangerIsToldSoInTheContractsWords(t *testing.T) {
	h := start(t, nil)
	token := h.issue("bd-21997")
	for _, authorization := range []string{"", "Token", "Token ", "Token cw_" + strings.Repeat("A", 43), "Basic " + token, token, "Token " + token + "x"} {
		got := h.write(authorization, strings.NewReader("x"))
		if got.status != http.StatusUnauthorized || got.code(t) != api.CodeUnauthorized || got.header.Get("Retry-After") != "60" {
			t.Errorf("%.12q: %d %s Retry-After %q", authorization, got.status, got.body, got.header.Get("Retry-After"))
		}
		if got.header.Get("Who") != "" || strings.Contains(got.body, token) {
			t.Errorf("%.12q: it got through, or the token came back", authorization)
		}
	}
	request, _ := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathWrite, nil)
	request.Header["Authorization"] = []string{"Token " + token, "Token " + h.issue("bd-21550")}
	if got := h.do(h.client, request); got.status != http.StatusUnauthorized {
		t.Errorf("with two identities: %d", got.status)
	}
	h.issue("bd-21997") // replaces the first
	if got := h.write("Token "+token, nil); got.status != http.StatusUnauthorized {
		t.Errorf("a replaced token: %d", got.status)
	}
}

func TestAClientPinnedToAnotherAuthorityDoesNotConnect(t *testing.T) {
	h := start(t, nil)
	other, err := enrol.OpenAuthority(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: pinned(other.Pin())}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + h.Addr().String() + api.PathHealth)
	if err == nil {
		response.Body.Close()
		t.Fatal("connected")
	}
	eventually(t, "the handshake is counted", func() bool { return h.counted("communewatch_gate_tls_errors_total 1") })
	if strings.Contains(h.log.String(), "handshake") {
		t.Errorf("each one is logged: %s", h.log)
	}
}

func TestEachDoorLeadsToItsOwnRoomsOnly(t *testing.T) {
	h := start(t, nil)
	got := map[string]int{}
	for _, path := range []string{api.PathWrite, api.PathHealth, api.PathReady, api.PathMetrics, "/", "/query", "//api/v2/write", "/api/v2/write/"} {
		got["agents "+path] = h.agents(path).status
		got["page "+path] = h.page(path).status
	}
	want := map[string]int{
		"agents " + api.PathWrite: 401, "page " + api.PathWrite: 200, // the board's to say
		"agents " + api.PathHealth: 200, "page " + api.PathHealth: 200,
		"agents " + api.PathReady: 200, "page " + api.PathReady: 200,
		"agents " + api.PathMetrics: 404, "page " + api.PathMetrics: 200,
		"agents /": 404, "page /": 200,
		"agents /query": 404, "page /query": 200,
		"agents //api/v2/write": 404, "page //api/v2/write": 200,
		"agents /api/v2/write/": 404, "page /api/v2/write/": 200,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if code := h.agents("/").code(t); code != api.CodeNotFound {
		t.Errorf("an unknown path is %s", code)
	}
	if body := h.page("/").body; body != "board" {
		t.Errorf("the page is %q", body)
	}
	if body := h.page(api.PathMetrics).body; !strings.Contains(body, `communewatch_gate_requests_total{code="404",path="other"}`) {
		t.Errorf("no count of requests in %s", body)
	}
}

func TestNotReadyIsSaidWithItsReasonAndAskedOnceASecond(t *testing.T) {
	asked := 0
	h := start(t, func(_ *Config, d *Deps) {
		d.Ready = func(context.Context) error { asked++; return io.ErrUnexpectedEOF }
	})
	for range 20 {
		got := h.agents(api.PathReady)
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "unexpected EOF") || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	h.ready.mu.Lock()
	defer h.ready.mu.Unlock()
	if asked >= 20 {
		t.Errorf("asked %d times", asked)
	}
}
