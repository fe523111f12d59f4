package gate

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"communewatch/collector/api"
)

// paces is how fast each address may ask for pages.
type paces struct {
	rate  rate.Limit
	burst int

	mu sync.Mutex
	of map[netip.Prefix]*rate.Limiter
}

// allow tells whether one more request may pass now. When too many addresses are
// remembered one is forgotten, by chance.
func (p *paces) allow(from netip.Prefix) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.of[from]
	if l == nil {
		for other := range p.of {
			if len(p.of) < maxAddresses {
				break
			}
			delete(p.of, other)
		}
		l = rate.NewLimiter(p.rate, p.burst)
		p.of[from] = l
	}
	return l.Allow()
}

// fair is a listener on which no address has more than its part of the connections: a
// caller who opens them all and says nothing would keep the others out.
type fair struct {
	net.Listener
	open *tally[netip.Prefix]
}

func (f *fair) Accept() (net.Conn, error) {
	for {
		conn, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := api.Network(conn.RemoteAddr().String())
		if !f.open.take(from) {
			_ = conn.Close() // it was never answered
			continue
		}
		return &counted{Conn: conn, give: sync.OnceFunc(func() { f.open.give(from) })}, nil
	}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	give func()
}

func (c *counted) Close() error {
	defer c.give()
	return c.Conn.Close()
}
