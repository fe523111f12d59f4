package upstream

import (
	"errors"
	"math/bits"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// What TCP and IP add to what is read and written, in bytes: an estimate, for IPv4 with
// time stamps, as Linux sends (RFC 9293 §3.1, RFC 7323 §3.2); IPv6 adds 20 a packet,
// Windows leaves 12 out.
const (
	headerBytes  = 52   // of a packet, and a bare acknowledgement
	synBytes     = 60   // with its options
	segmentBytes = 1448 // in a full packet
	openBytes    = 2*synBytes + headerBytes
	closeBytes   = 2 * headerBytes // the ends go along with TLS's own
	probeBytes   = 2 * headerBytes // a keep-alive probe and its answer
	nameBytes    = 360             // A and AAAA, asked and answered
)

// meter counts what passes on the line to the collector.
type meter struct{ total atomic.Int64 }

func (m *meter) add(n int) { m.total.Add(int64(n)) }

// passed counts bytes that went or came at once, in as many packets as they need, and
// an acknowledgement for every second one (RFC 9293 §3.8.6.3).
func (m *meter) passed(n int) {
	if n <= 0 {
		return
	}
	packets := (n + segmentBytes - 1) / segmentBytes
	m.add(n + packets*headerBytes + (packets+1)/2*headerBytes)
}

// dialed counts an attempt to connect. One that nobody answers costs a SYN at once and
// after 1, 3 and 7 s (RFC 6298 §5.5; tcp(7), tcp_syn_retries), a refusal a little less than
// two; what never left is free.
func (m *meter) dialed(address string, took time.Duration, err error) {
	var name *net.DNSError
	switch {
	case err == nil:
		m.add(openBytes)
		if host, _, _ := net.SplitHostPort(address); net.ParseIP(host) == nil {
			m.add(nameBytes)
		}
	case noWay(err), errors.As(err, &name):
	default:
		m.add(synBytes * bits.Len(uint(took/time.Second)+1))
	}
}

// meteredConn counts the bytes of a connection.
type meteredConn struct {
	net.Conn
	meter *meter
	probe time.Duration // of silence, after which the kernel asks whether the other side is there

	closed sync.Once
	mu     sync.Mutex
	last   time.Time
}

func (c *meteredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.passed(n)
	return n, err
}

func (c *meteredConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.passed(n)
	return n, err
}

func (c *meteredConn) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() {
		c.passed(0)
		c.meter.add(closeBytes)
	})
	return err
}

// passed counts what went or came now, and the probes in the silence before it.
func (c *meteredConn) passed(n int) {
	now := time.Now()
	c.mu.Lock()
	probes := int(now.Sub(c.last) / c.probe)
	c.last = now
	c.mu.Unlock()
	c.meter.add(probes * probeBytes)
	c.meter.passed(n)
}
