package icmp

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"

	"golang.org/x/net/icmp"
)

// sockets decides, for one address family, which kind of socket echoes go through:
// datagram sockets need no right but a group in ping_group_range, and the kernel
// gives each its own identifier and its own replies; raw sockets need CAP_NET_RAW,
// and each sees the replies to all. Windows has raw ones only.
type sockets struct {
	datagram, raw string // networks of icmp.ListenPacket

	mu      sync.Mutex
	decided bool
	useRaw  bool
	trouble complaint
	lesser  complaint // what works, though not as well as it could
}

func (p *Prober) sockets(address netip.Addr) *sockets {
	if address.Is4() {
		return &p.ipv4
	}
	return &p.ipv6
}

// kind tells whether sockets must be raw. It is decided once; while neither kind can be
// opened it is tried again in every round, for the right may be given meanwhile.
func (s *sockets) kind(log *slog.Logger) (raw bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decided {
		return s.useRaw, nil
	}
	var refused error
	if runtime.GOOS != "windows" {
		refused = tryOpen(s.datagram)
	}
	if runtime.GOOS == "windows" || refused != nil {
		if err := tryOpen(s.raw); err != nil {
			return false, errors.Join(refused, err)
		}
		s.useRaw = true
	}
	s.decided = true
	log.Info("echoes can be sent", "network", s.datagram, "raw", s.useRaw)
	return s.useRaw, nil
}

func tryOpen(network string) error {
	conn, err := icmp.ListenPacket(network, "")
	if err != nil {
		return err
	}
	return conn.Close()
}

// complain says once that no socket can be opened, and what to do about it.
func (s *sockets) complain(log *slog.Logger, err error) {
	if err == nil {
		return // ctx ended before the first echo
	}
	s.trouble.say(log, "echoes cannot be sent, targets are not probed",
		"network", s.datagram, "error", err, "remedy", remedy(err))
}

// served says once that echoes go another way than through a socket.
func (s *sockets) served(log *slog.Logger, refused error) {
	s.lesser.say(log, "no socket for echoes, the system's echo service is used: duplicates are not heard", "network", s.raw, "error", refused)
}

// deaf says once that ICMP errors cannot be heard: they need a raw socket.
func (s *sockets) deaf(log *slog.Logger, err error) {
	if err == nil {
		s.lesser.over()
		return
	}
	s.lesser.say(log, "ICMP errors are not heard, what they would say is a timeout", "network", s.raw, "error", err, "remedy", remedy(err))
}

func remedy(err error) string {
	switch {
	case !errors.Is(err, fs.ErrPermission):
		return "see the error"
	case runtime.GOOS == "windows":
		return "run the service as LocalSystem, and let it through antivirus and firewall"
	}
	return "give the service CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW), " +
		"or let its group in by: sysctl -w net.ipv4.ping_group_range='0 2147483647'"
}

// complaint is a log line that is written when something begins, not each time it repeats.
type complaint struct {
	mu   sync.Mutex
	said string
}

func (c *complaint) say(log *slog.Logger, message string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == message {
		return
	}
	c.said = message
	log.Warn(message, args...)
}

// over lets the next trouble be said again.
func (c *complaint) over() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = ""
}
