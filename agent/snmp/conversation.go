package snmp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

const (
	defaultPort = 161
	// What one answer may hold: RFC 3417 has every engine take 484 octets, which is
	// about ten variables of a table.
	startRepetitions = 10
	mostRepetitions  = 50
)

// conversation is one socket to one device, for one poll: gosnmp's handle is good
// for one request at a time. SNMPv3 pays two packets and no key derivation for it
// (gosnmp keeps derived keys), and follows a device that was replaced.
type conversation struct {
	handle *gosnmp.GoSNMP
	pace   *pace
	left   int  // requests
	heard  bool // an answer came
	close  func()
}

// pace is how much is asked for at once: what a device could carry, kept from
// poll to poll.
type pace struct{ now, most int }

func newPace() *pace { return &pace{startRepetitions, mostRepetitions} }

func (p *pace) faster() { p.now = min(2*p.now, p.most) }

// slower gives the half of n, which was too much, and remembers it.
func (p *pace) slower(n int) int {
	p.now = max(n/2, 1)
	p.most = p.now
	return p.now
}

// rested forgives slowly, after a poll without trouble.
func (p *pace) rested() { p.most = min(p.most+1, mostRepetitions) }

// open makes the socket. It is closed with ctx, so that a cancelled poll does not
// sit out the time-out of a request under way.
func open(ctx context.Context, t api.Target, cfg Config, p *pace) (*conversation, error) {
	handle, err := newHandle(t)
	if err != nil {
		return nil, err
	}
	handle.Context, handle.Timeout, handle.Retries = ctx, cfg.Timeout, cfg.Retries
	if err := handle.Connect(); err != nil {
		return nil, reason(err)
	}
	socket := handle.Conn // gosnmp's own Close writes what a request under way reads
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	closeBoth := func() {
		stop()
		_ = handle.Close() // a second close says so, which is no news
	}
	return &conversation{handle: handle, pace: p, left: maxRequests, close: closeBoth}, nil
}

func newHandle(t api.Target) (*gosnmp.GoSNMP, error) {
	if t.SNMP == nil {
		return nil, errors.New("no snmp settings")
	}
	if err := t.SNMP.Check(); err != nil {
		return nil, err
	}
	handle := &gosnmp.GoSNMP{Target: t.Address, Port: t.SNMP.Port, Version: gosnmp.Version2c, Community: t.SNMP.Community}
	if handle.Port == 0 {
		handle.Port = defaultPort
	}
	if t.SNMP.Version == "3" {
		handle.Version, handle.Community = gosnmp.Version3, ""
		handle.SecurityModel, handle.MsgFlags = gosnmp.UserSecurityModel, gosnmp.AuthPriv
		// SNMP.Check lets no other algorithms through.
		handle.SecurityParameters = &gosnmp.UsmSecurityParameters{
			UserName:                 t.SNMP.User,
			AuthenticationProtocol:   gosnmp.SHA256, // RFC 7860
			AuthenticationPassphrase: t.SNMP.AuthPass,
			PrivacyProtocol:          gosnmp.AES, // 128 bits, RFC 3826
			PrivacyPassphrase:        t.SNMP.PrivPass,
		}
	}
	return handle, nil
}

// get asks for scalars; what the device does not have is not in the result. Some
// devices refuse a request of several for one that they do not like: those are
// asked again one by one.
func (c *conversation) get(oids ...string) (map[string]gosnmp.SnmpPDU, error) {
	answer, err := c.ask(func() (*gosnmp.SnmpPacket, error) { return c.handle.Get(oids) })
	if err != nil {
		return nil, err
	}
	values := make(map[string]gosnmp.SnmpPDU, len(oids))
	switch {
	case answer.Error == gosnmp.NoError:
		for _, v := range answer.Variables {
			values[v.Name] = v
		}
	case len(oids) == 1:
		return nil, status(answer.Error)
	default:
		for _, oid := range oids {
			one, err := c.get(oid)
			if err != nil && !errors.Is(err, errSays) {
				return nil, err
			}
			maps.Copy(values, one)
		}
		if len(values) == 0 {
			return nil, status(answer.Error)
		}
	}
	return values, nil
}

// ask makes one request and sees that what came is an answer.
func (c *conversation) ask(request func() (*gosnmp.SnmpPacket, error)) (*gosnmp.SnmpPacket, error) {
	if err := c.handle.Context.Err(); err != nil {
		return nil, reason(err)
	}
	if c.left == 0 {
		return nil, fmt.Errorf("more than %d requests", maxRequests)
	}
	c.left--
	answer, err := request()
	switch {
	case c.handle.Context.Err() != nil:
		return nil, reason(c.handle.Context.Err())
	case errors.Is(err, gosnmp.ErrMaxRetriesExceeded):
		return nil, c.silence()
	case err != nil:
		return nil, reason(err)
	case answer.PDUType != gosnmp.GetResponse:
		return nil, errUnreadable
	}
	c.heard = true
	return answer, nil
}

// silence says what was waited for. A device that tells its engine and is silent
// from then on cannot decrypt: net-snmp drops such requests without a word.
func (c *conversation) silence() error {
	err := fmt.Errorf("%w within %s, asked %d times", errNoAnswer, c.handle.Timeout, c.handle.Retries+1)
	usm, v3 := c.handle.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if v3 && usm.AuthoritativeEngineID != "" && !c.heard {
		return fmt.Errorf("%w, though it told its engine: wrong privacy password?", err)
	}
	return err
}

var (
	errNoAnswer   = errors.New("no answer")
	errSays       = errors.New("the device says") // and then its error-status
	errUnreadable = errors.New("the answer cannot be read")
	errTime       = errors.New("the time for one poll is over")
)

// reasons are the errors of gosnmp that a person can do something about.
var reasons = []struct{ is, say error }{
	{context.DeadlineExceeded, errTime},
	{context.Canceled, errTime},
	{gosnmp.ErrUnknownUsername, errors.New("the device does not know the user")},
	{gosnmp.ErrUnknownSecurityLevel, errors.New("the device does not allow the user authentication with privacy")},
	{gosnmp.ErrWrongDigest, errors.New("the device refuses the authentication password or algorithm")},
	{gosnmp.ErrDecryption, errors.New("the device refuses the privacy password or algorithm")},
	{gosnmp.ErrNotInTimeWindow, errors.New("the device's engine time does not hold")},
}

// reason says what went wrong in our own words. gosnmp's are not passed on: they
// may hold the bytes of a packet, and with them the community.
func reason(err error) error {
	for _, r := range reasons {
		if errors.Is(err, r.is) {
			return r.say
		}
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return errors.New("the name does not resolve")
	}
	var socket *net.OpError
	if errors.As(err, &socket) {
		return fmt.Errorf("%w: %w", errNoAnswer, socket.Err)
	}
	// gosnmp has no error value for this one.
	if strings.Contains(err.Error(), "not authentic") {
		return errors.New("the answer is not authentic: wrong user or authentication password")
	}
	return errUnreadable
}

// status is an answer's error-status by its name in RFC 3416.
func status(s gosnmp.SNMPError) error {
	if int(s) < len(statusNames) {
		return fmt.Errorf("%w %s", errSays, statusNames[s])
	}
	return fmt.Errorf("%w error %d", errSays, s)
}

var statusNames = [...]string{
	"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength",
	"wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed",
	"undoFailed", "authorizationError", "notWritable", "inconsistentName",
}
