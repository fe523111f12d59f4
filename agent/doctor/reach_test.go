package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"communewatch/collector/api"
)

// names is a resolver on loopback that answers, denies, or keeps silent.
type names struct {
	mu     sync.Mutex
	answer string // "": the name does not exist; "silent": nothing is said
	conn   net.PacketConn
	asking []net.Conn // of the resolver, which waits for its own time-out whatever its caller does
}

func newNames(t *testing.T, answer string) (*names, *net.Resolver) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{answer: answer, conn: conn}
	done := make(chan struct{})
	go func() { defer close(done); n.serve() }()
	t.Cleanup(func() {
		conn.Close()
		<-done
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, c := range n.asking {
			c.Close()
		}
	})
	return n, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
		if err == nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.asking = append(n.asking, c)
		}
		return c, err
	}}
}

func (n *names) becomes(answer string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = answer
}

func (n *names) serve() {
	buffer := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		n.mu.Lock()
		answer := n.answer
		n.mu.Unlock()
		var m dnsmessage.Message
		if m.Unpack(buffer[:size]) != nil || answer == "silent" {
			continue
		}
		m.Response, m.Additionals = true, nil
		q := m.Questions[0]
		switch {
		case answer == "":
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(answer).To4())},
			}}
		}
		if packed, err := m.Pack(); err == nil {
			n.conn.WriteTo(packed, from)
		}
	}
}

func newDoctor(t *testing.T, url string, resolver *net.Resolver, judge func(tls.ConnectionState) error) *Doctor {
	t.Helper()
	d, err := New(Config{URL: url, TLS: &tls.Config{InsecureSkipVerify: true, VerifyConnection: judge}}, Deps{
		Now: time.Now, Lost: func() (bool, bool) { return false, true }, Resolver: resolver, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func trusted(tls.ConnectionState) error { return nil }

// quiet is a TLS server whose complaints about handshakes nobody needs.
func quiet(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestNameConnectionAndTLSOfAHealthyCollectorAreTimed(t *testing.T) {
	_, resolver := newNames(t, "127.0.0.1")
	server := quiet(t)
	var name string
	d := newDoctor(t, "https://collector.example:"+port(t, server.Listener.Addr().String()), resolver, func(s tls.ConnectionState) error {
		name = s.ServerName
		return nil
	})
	w := d.reach(t.Context())
	for what, s := range map[string]step{"dns": w.dns, "connect": w.connect, "tls": w.tls} {
		if !s.done || s.failure != "" || s.took <= 0 {
			t.Errorf("%s: %+v", what, s)
		}
	}
	if w.address.String() != "127.0.0.1" || name != "collector.example" {
		t.Errorf("address %s, name %q", w.address, name)
	}
}

func TestACollectorThatIsGivenByAddressNeedsNoName(t *testing.T) {
	d := newDoctor(t, quiet(t).URL, nil, trusted)
	if w := d.reach(t.Context()); w.dns != (step{}) || !w.tls.done {
		t.Errorf("%+v", w)
	}
}

func TestResolversThatFailAreToldApartAndTheLastKnownAddressIsLookedAt(t *testing.T) {
	server := quiet(t)
	dns, resolver := newNames(t, "127.0.0.1")
	d := newDoctor(t, "https://collector.example:"+port(t, server.Listener.Addr().String()), resolver, trusted)
	if w := d.reach(t.Context()); !w.dns.done {
		t.Fatalf("%+v", w)
	}
	fails := func(want string, within time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		if w := d.reach(ctx); w.dns.done || w.dns.failure != want || w.address.String() != "127.0.0.1" || want != api.PathTimeout && !w.tls.done {
			t.Errorf("%+v, want %s", w, want)
		}
	}
	dns.becomes("")
	fails(api.PathNoName, time.Minute)
	dns.becomes("silent")
	fails(api.PathTimeout, 200*time.Millisecond)
	dns.conn.Close()
	fails(api.PathOther, time.Minute)

	d.known = newDoctor(t, server.URL, nil, trusted).known // it never had one
	if w := d.reach(t.Context()); w.address.IsValid() || w.connect != (step{}) || w.tls != (step{}) {
		t.Errorf("%+v", w)
	}
}

func TestAConnectionThatIsRefusedIsNotTriedForTLS(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	d := newDoctor(t, "https://"+closed.Addr().String(), nil, trusted)
	if w := d.reach(t.Context()); w.connect.failure != api.PathRefused || w.connect.done || w.tls != (step{}) {
		t.Errorf("%+v", w)
	}
}

// answering is a TCP server that does one thing with each connection.
func answering(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); do(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); all.Wait() })
	return "https://" + listener.Addr().String()
}

func TestWhatIsNoTLSWithTheCollectorIsToldApart(t *testing.T) {
	stranger := func(tls.ConnectionState) error { return errors.New("somebody else's certificate") }
	for want, c := range map[string]struct {
		url    string
		judge  func(tls.ConnectionState) error
		within time.Duration
	}{
		api.PathCertificate: {quiet(t).URL, stranger, time.Minute},
		api.PathNotTLS:      {answering(t, func(c net.Conn) { io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n") }), trusted, time.Minute},
		api.PathReset:       {answering(t, func(c net.Conn) { c.Read(make([]byte, 1)); c.(*net.TCPConn).SetLinger(0) }), trusted, time.Minute},
		api.PathTimeout:     {answering(t, func(c net.Conn) { io.Copy(io.Discard, c) }), trusted, 300 * time.Millisecond},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), c.within)
		if w := newDoctor(t, c.url, nil, c.judge).reach(ctx); !w.connect.done || w.tls.done || w.tls.failure != want {
			t.Errorf("%+v, want %s", w, want)
		}
		cancel()
	}
}

func TestNothingButTheHandshakeIsSent(t *testing.T) {
	var got bytes.Buffer
	done := make(chan struct{})
	server := quiet(t)
	certificate := server.TLS.Certificates[0]
	url := answering(t, func(c net.Conn) {
		defer close(done)
		io.Copy(&got, tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}}))
	})
	if w := newDoctor(t, url, nil, trusted).reach(t.Context()); !w.tls.done {
		t.Fatalf("%+v", w)
	}
	if <-done; got.Len() > 0 {
		t.Errorf("sent %q", &got)
	}
}
