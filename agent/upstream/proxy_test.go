package upstream

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// connectProxy lets through to one address, whatever name is asked for, unless it says no.
type connectProxy struct {
	*httptest.Server
	to     string
	status int // of a refusal; 0: lets through

	mu    sync.Mutex
	asked []string
	login []string
	bytes int64
	over  bool
	group sync.WaitGroup
}

func newProxy(t *testing.T, to string, status int) *connectProxy {
	t.Helper()
	p := &connectProxy{to: to, status: status}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.mu.Lock()
		p.over = true
		p.mu.Unlock()
		p.Close()
		p.group.Wait()
	})
	return p
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked, p.login = append(p.asked, r.Method+" "+r.Host), append(p.login, r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	if p.status != 0 {
		w.Header().Set("Proxy-Authenticate", `Basic realm="x"`)
		http.Error(w, "<html>", p.status)
		return
	}
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, early, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	pass := func(to io.Writer, from io.Reader) {
		n, _ := io.Copy(to, from)
		p.mu.Lock()
		p.bytes += n
		p.mu.Unlock()
		there.Close()
		here.Close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		there.Close()
		here.Close()
		return
	}
	p.group.Go(func() { pass(there, early) })
	p.group.Go(func() { pass(here, there) })
}

func (p *connectProxy) seen() (asked, login []string, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.login, p.bytes
}

const behindProxy = "https://collector.example:8443"

func TestAMachineBehindAProxyEnrolsAndSendsAndItsBytesAreCounted(t *testing.T) {
	c := newCentre(t, "collector.example")
	p := newProxy(t, c.Listener.Addr().String(), 0)
	proxy := strings.Replace(p.URL, "http://", "http://user:hidden@", 1)
	inv := c.invitation()
	inv.URL = behindProxy
	path := filepath.Join(t.TempDir(), "identity.pem")
	_, err := Enrol(soon(t), inv, machine, path, EnrolDeps{Proxy: proxy})
	must(t, err)
	reached, err := Reach(soon(t), behindProxy, inv.Pin, EnrolDeps{Proxy: proxy})
	must(t, err)
	if reached.Proxy != p.Listener.Addr().String() {
		t.Errorf("reached by %q", reached.Proxy)
	}
	_, _, before := p.seen()
	q := newMemory(200)
	s, err := New(Config{URL: behindProxy, Pin: inv.Pin, Identity: path, Proxy: proxy}, Deps{Queue: q, Clock: &watch{}, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	drain(t, s, q, 50)
	s.remote.close()
	if len(q.Sequences()) > 0 {
		t.Fatalf("not sent: %+v", s.Stats())
	}
	eventually(t, "the bytes are counted", func() bool {
		_, _, passed := p.seen()
		wire := s.WireBytes()
		return passed > before && wire > passed-before && wire < 2*(passed-before)+2000
	})
	asked, login, _ := p.seen()
	for i := range asked {
		if asked[i] != "CONNECT collector.example:8443" || login[i] != "Basic dXNlcjpoaWRkZW4=" {
			t.Errorf("the proxy was asked %q with %q", asked[i], login[i])
		}
	}
}

func TestWhatAProxyDoesIsToldApart(t *testing.T) {
	ca := newAuthority(t, past, future)
	bluecoat := namedAuthority(t, "Proxy SG Sở TTTT")
	reading := startCollector(t, bluecoat, bluecoat.server(t, past, future, "collector.example"), stored)
	for name, c := range map[string]struct {
		proxy func(t *testing.T) string
		want  Problem
		who   string // "proxy": its address
		line  Reason // as a sender has it
	}{
		"wants a password":          {func(t *testing.T) string { return newProxy(t, "", 407).URL }, ProblemProxyLogin, "proxy", ReasonProxy},
		"does not let through":      {func(t *testing.T) string { return newProxy(t, "", 403).URL }, ProblemProxy, "proxy", ReasonProxy},
		"cannot get there":          {func(t *testing.T) string { return newProxy(t, "127.0.0.1:1", 0).URL }, ProblemProxy, "proxy", ReasonProxy},
		"is not there":              {func(t *testing.T) string { return "http://127.0.0.1:1" }, ProblemProxy, "127.0.0.1:1", ReasonUnreachable},
		"has a name that is none":   {func(t *testing.T) string { return "http://proxy.invalid:3128" }, ProblemProxy, "proxy.invalid:3128", ReasonUnreachable},
		"reads along":               {func(t *testing.T) string { return newProxy(t, reading.Listener.Addr().String(), 0).URL }, ProblemIntercepted, "Proxy SG Sở TTTT", ReasonCertificate},
		"is not of a form we speak": {func(t *testing.T) string { return "https://user:hidden@proxy:3128" }, ProblemProxy, "", ""},
		"speaks no HTTP":            {func(t *testing.T) string { return "http://" + listening(t, func(c net.Conn) { c.Close() }) }, ProblemCut, "", ReasonUnreachable},
		"is SOCKS and not there":    {func(t *testing.T) string { return "socks5://127.0.0.1:1" }, ProblemProxy, "127.0.0.1:1", ReasonUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := c.proxy(t)
			_, err := Enrol(soon(t), api.Invitation{URL: behindProxy, Pin: ca.pin(), Token: invited}, machine, filepath.Join(t.TempDir(), "identity.pem"), EnrolDeps{Proxy: proxy})
			f := asFailure(t, err)
			who := c.who
			if who == "proxy" {
				who = strings.TrimPrefix(proxy, "http://")
			}
			if f.Problem != c.want || who != "" && f.Who != who || strings.Contains(f.Error(), "hidden") {
				t.Errorf("%s (%s): %v; want %s (%s)", f.Problem, f.Who, f.Err, c.want, who)
			}
			if c.line == "" {
				return
			}
			s, err := New(Config{URL: behindProxy, Pin: ca.pin(), Token: "t", Proxy: proxy}, Deps{Queue: newMemory(1), Clock: &watch{}, Log: slog.New(slog.DiscardHandler)})
			must(t, err)
			defer s.remote.close()
			s.once(t.Context())
			if got := s.Stats().Trouble; got != c.line || !got.Line() {
				t.Errorf("a sender's trouble is %q, want %q", got, c.line)
			}
		})
	}
}

// The environment is read once in a process's life: each case is a process.
func TestTheEnvironmentNamesTheProxy(t *testing.T) {
	if address := os.Getenv("COMMUNEWATCH_TEST_PROXY_FOR"); address != "" {
		proxy, err := ProxyFor(address)
		if err != nil {
			t.Fatalf("failed: %v", err)
		}
		t.Logf("by %v.", proxy)
		return
	}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, "by <nil>."},
		{[]string{"HTTPS_PROXY=http://a:3128"}, "by http://a:3128."},
		{[]string{"https_proxy=a:3128"}, "by http://a:3128."},
		{[]string{"HTTP_PROXY=http://a:3128"}, "by <nil>."},
		{[]string{"HTTPS_PROXY=socks5://a:1080"}, "by socks5://a:1080."},
		{[]string{"HTTPS_PROXY=http://a:3128", "NO_PROXY=.example"}, "by <nil>."},
		{[]string{"HTTPS_PROXY=https://u:hidden@a:3128"}, "failed: " + errProxyForm.Error()},
		{[]string{"HTTPS_PROXY=http://u:hidden@a b:3128"}, "failed: " + errProxyForm.Error()},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(c.env, "COMMUNEWATCH_TEST_PROXY_FOR="+behindProxy)
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), c.want) || strings.Contains(string(out), "hidden") {
			t.Errorf("%v: want %q in\n%s", c.env, c.want, out)
		}
	}
}

func TestHowWindowsWritesProxiesIsRead(t *testing.T) {
	for _, c := range []struct {
		server, override, host, want string // want: "" is direct
	}{
		{"proxy:8080", "", "collector.example", "http://proxy:8080"},
		{"http://proxy:8080", "", "collector.example", "http://proxy:8080"},
		{"proxy", "", "collector.example", "http://proxy:80"},
		{"http=a:80;https=b:8080;ftp=c:21", "", "collector.example", "http://b:8080"},
		{"http=a:80", "", "collector.example", ""},
		{"socks=c:1080", "", "collector.example", "socks5://c:1080"},
		{"", "", "collector.example", ""},
		{"proxy:8080", "*.example;10.*", "collector.example", ""},
		{"proxy:8080", "*.example;10.*", "10.1.2.3", ""},
		{"proxy:8080", "*.example;10.*", "110.1.2.3", "http://proxy:8080"},
		{"proxy:8080", "https://collector.example", "COLLECTOR.example.", ""},
		{"proxy:8080", "collector.example:8443", "collector.example", ""},
		{"proxy:8080", "<local>", "collector", ""},
		{"proxy:8080", "<local>", "collector.example", "http://proxy:8080"},
		{"proxy:8080", "<local>", "fd00::1", "http://proxy:8080"},
		{"proxy:8080", "*a*b*c*d*e*f*g*h*i*j", strings.Repeat("abcdefghi", 25), "http://proxy:8080"},
		{"proxy:8080", "", "127.0.0.1", ""},
		{"proxy:8080", "", "localhost", ""},
	} {
		p := newSystemProxy(c.server, c.override)
		got := ""
		if p.server != "" && !p.bypassed(c.host) {
			u, err := parseProxy(p.server)
			must(t, err)
			got = u.String()
		}
		if got != c.want {
			t.Errorf("%q but for %q: to %s by %q, want %q", c.server, c.override, c.host, got, c.want)
		}
	}
}

func TestTheMachinesOwnSettingOfWindowsIsRead(t *testing.T) {
	text := func(b []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	head := func(flags byte) []byte { return []byte{0x28, 0, 0, 0, 1, 0, 0, 0, flags, 0, 0, 0} }
	whole := text(text(head(3), "proxy:8080"), "<local>;*.vn")
	got, err := parseWinHTTP(whole)
	must(t, err)
	want := systemProxy{server: "proxy:8080", override: []string{"<local>", "*.vn"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(systemProxy{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := parseWinHTTP(text(text(head(1), ""), "")); err != nil || got.server != "" {
		t.Errorf("direct: %+v, %v", got, err)
	}
	for n := range whole {
		if _, err := parseWinHTTP(whole[:n]); err == nil {
			t.Errorf("the first %d bytes are taken", n)
		}
	}
	if _, err := parseWinHTTP(append(head(3), 0xff, 0xff, 0xff, 0xff, 'x')); err == nil {
		t.Error("a length beyond the end is taken")
	}
}
