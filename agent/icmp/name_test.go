//go:build integration

package icmp

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"communewatch/collector/api"
)

const officeName = "router.office.test."

// A name is a state of its own while it does not resolve, is looked up again in every
// round, and is followed when it moves; the tag stays the configured name.
func TestANameIsLookedUpAgainInEveryRound(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	names := newNameServer(t)
	var out lines
	prober := newProber(n.t, Config{Packets: 3, Spacing: 10 * ms, Timeout: 3 * time.Second, Now: fixed, Resolver: names.resolver(), Log: out.log()})
	probe := prober.Target(api.Target{Name: "Bộ-định-tuyến", Address: officeName, Role: api.RoleGateway})

	for _, step := range []struct{ address, want string }{
		{"", `sent=0i,received=0i,result="no_name" 7`},
		{"", `sent=0i,received=0i,result="no_name" 7`},
		{"10.44.0.2", "sent=3i,received=3i,"},
		{"10.44.0.99", `sent=3i,received=0i,result="timeout" 7`}, // moved to where nobody is
		{"fd44::2", "sent=3i,received=3i,"},
		{"", `sent=0i,received=0i,result="no_name" 7`},
	} {
		names.set(step.address)
		points := n.round(t.Context(), probe)
		if got := fields(t, points); !strings.HasPrefix(got, step.want) {
			t.Errorf("name is at %q: got %s, want %s", step.address, got, step.want)
		}
		if tag := points[0].TagNamed(api.TagTarget); tag != "Bộ-định-tuyến" {
			t.Errorf("tag is %q", tag)
		}
	}
	if said := strings.Count(strings.Join(out.all(), "\n"), "does not resolve"); said != 2 {
		t.Errorf("said %d times that the name does not resolve, want 2: %q", said, out.all())
	}
}

func TestAResolverThatIsDownIsNoNameWithinTheContext(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	names := newNameServer(t)
	names.fallSilent()
	ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
	defer cancel()
	probe := newProbe(t, Config{Now: fixed, Resolver: names.resolver()}, officeName)
	if got, want := fields(t, n.round(ctx, probe)), `sent=0i,received=0i,result="no_name" 7`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// nameServer answers for officeName, over UDP on loopback.
type nameServer struct {
	conn   net.PacketConn
	mu     sync.Mutex
	at     net.IP // nil: there is no such name
	silent bool
	asking []net.Conn // of resolvers; nil once closed is true
	closed bool
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn}
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		s.hangUp()
		conn.Close()
		serving.Wait()
	})
	return s
}

func (s *nameServer) set(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = net.ParseIP(address)
}

func (s *nameServer) fallSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: 5 * time.Second}
		conn, err := d.DialContext(ctx, "udp", s.conn.LocalAddr().String())
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			return nil, errors.Join(net.ErrClosed, conn.Close())
		}
		s.asking = append(s.asking, conn)
		return conn, nil
	}}
}

// hangUp ends what resolvers still wait for: Go's own waits its five seconds for a
// silent server, whatever its context says.
func (s *nameServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, conn := range s.asking {
		conn.Close()
	}
}

func (s *nameServer) serve() {
	buffer := make([]byte, 512)
	for {
		size, from, err := s.conn.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		var query dnsmessage.Message
		if query.Unpack(buffer[:size]) != nil || len(query.Questions) != 1 {
			continue
		}
		if answer, err := s.answer(query); err == nil && answer != nil {
			s.conn.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) answer(query dnsmessage.Message) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent {
		return nil, nil
	}
	question := query.Questions[0]
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
		Questions: query.Questions,
	}
	header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, Type: question.Type}
	switch v4 := s.at.To4(); {
	case s.at == nil || question.Name.String() != officeName:
		m.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA && v4 != nil:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte(v4)}}}
	case question.Type == dnsmessage.TypeAAAA && v4 == nil:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(s.at)}}}
	}
	return m.Pack()
}
