package snmp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// conversation is one socket to one device, for one poll: gosnmp's handle is good
// for one request at a time.
type conversation struct {
	handle   *gosnmp.GoSNMP
	socket   *socket
	habits   *habits
	left     int    // requests
	id       uint32 // the last one of a request
	heard    bool   // an answer came
	recalled bool   // the engine is the last poll's, not yet heard in this one
	close    func()
}

// open makes the socket. It is closed with ctx, so that a cancelled poll does not
// sit out the time-out of a request under way.
func open(ctx context.Context, t api.Target, cfg Config, h *habits) (*conversation, error) {
	handle, err := newHandle(t)
	if err != nil {
		return nil, err
	}
	handle.Context, handle.Timeout, handle.Retries = ctx, cfg.Timeout, cfg.Retries
	if err := handle.Connect(); err != nil {
		return nil, reason(err)
	}
	c := &conversation{handle: handle, socket: &socket{Conn: handle.Conn}, habits: h, left: maxRequests}
	c.id = rand.Uint32() >> 2 // and so it cannot run out
	handle.Conn = c.socket
	stop := context.AfterFunc(ctx, func() { _ = c.socket.Close() }) // gosnmp's own Close writes what a request under way reads
	c.close = func() {
		stop()
		_ = c.socket.Close() // a second close says so, which is no news
		c.remember()
	}
	c.recall()
	return c, nil
}

// maxDatagrams is how many packets may come for one question; each is read, which
// costs time, before it is known to be of no use.
const maxDatagrams = 64

// socket counts the packets that come. Of other senders than the device there are
// none: it is connected.
type socket struct {
	net.Conn
	came int    // for the question under way
	last []byte // until the next comes
}

func (s *socket) Read(b []byte) (int, error) {
	if s.came == maxDatagrams {
		return 0, errFlood
	}
	n, err := s.Conn.Read(b)
	if err == nil {
		s.came++
		s.last = b[:n]
	}
	return n, err
}

// get asks for scalars; what the device does not have is not in the result. Some
// devices refuse a request of several for one that they do not like: it is left out,
// or, where they do not say which, or where it was too much, halves are asked for.
func (c *conversation) get(oids ...string) (map[string]gosnmp.SnmpPDU, error) {
	values := make(map[string]gosnmp.SnmpPDU, len(oids))
	for wanted := oids; ; {
		answer, err := c.ask(len(wanted), func() (*gosnmp.SnmpPacket, error) { return c.handle.Get(wanted) })
		if err != nil {
			return nil, err
		}
		refused := int(answer.ErrorIndex) - 1
		switch {
		case answer.Error == gosnmp.NoError:
			for _, v := range answer.Variables {
				values[v.Name] = v
			}
			return values, nil
		case len(wanted) == 1:
			return nil, status(answer.Error)
		case answer.Error != gosnmp.NoSuchName || refused < 0 || refused >= len(wanted):
			return c.getHalves(wanted, answer.Error)
		}
		wanted = slices.Delete(slices.Clone(wanted), refused, refused+1)
	}
}

func (c *conversation) getHalves(oids []string, said gosnmp.SNMPError) (map[string]gosnmp.SnmpPDU, error) {
	values := make(map[string]gosnmp.SnmpPDU, len(oids))
	middle := len(oids) / 2
	for _, half := range [][]string{oids[:middle], oids[middle:]} {
		some, err := c.get(half...)
		if err != nil && !errors.Is(err, errSays) {
			return nil, err
		}
		maps.Copy(values, some)
	}
	if len(values) == 0 {
		return nil, status(said)
	}
	return values, nil
}

// ask makes one request for at most n variables and sees that what came is its
// answer. An engine that is another one since the last poll is asked for once.
func (c *conversation) ask(n int, request func() (*gosnmp.SnmpPacket, error)) (*gosnmp.SnmpPacket, error) {
	answer, err := c.once(n, request)
	if c.recalled {
		switch {
		case err == nil, errors.Is(err, errTime):
		case errors.Is(err, errNoAnswer):
			c.forget() // for the next poll; to ask once more would double every time-out
		default:
			c.forget()
			answer, err = c.once(n, request)
		}
		c.recalled = false
	}
	c.heard = c.heard || err == nil
	return answer, err
}

func (c *conversation) once(n int, request func() (*gosnmp.SnmpPacket, error)) (*gosnmp.SnmpPacket, error) {
	if err := c.handle.Context.Err(); err != nil {
		return nil, reason(err)
	}
	if c.left == 0 {
		return nil, errRequests
	}
	c.left--
	c.socket.came = 0
	c.handle.SetRequestID(c.id)
	first := c.id + 1
	c.id += uint32(3 * (c.handle.Retries + 1)) // version 3 may ask for the engine, ask, and ask again for the time
	engine := c.engineID()
	answer, err := request()
	switch {
	case c.handle.Context.Err() != nil:
		return nil, reason(c.handle.Context.Err())
	case errors.Is(err, gosnmp.ErrMaxRetriesExceeded):
		return nil, c.silence(first)
	case err != nil:
		return nil, c.explained(reason(err))
	case answer.PDUType == gosnmp.Report:
		return nil, reported(answer)
	case answer.Version != c.handle.Version:
		return nil, errVersion
	case answer.PDUType != gosnmp.GetResponse:
		return nil, errUnreadable
	case answer.RequestID < first || answer.RequestID > c.id: // gosnmp lets 0 through
		return nil, errStranger
	case answer.MsgFlags&gosnmp.AuthPriv != c.handle.MsgFlags&gosnmp.AuthPriv:
		return nil, errExposed
	case engine != "" && engine != c.engineID():
		return nil, errEngine
	case len(answer.Variables) > n:
		return nil, errMore
	}
	return answer, nil
}

func (c *conversation) engineID() string {
	if usm := c.usm(); usm != nil {
		return usm.AuthoritativeEngineID
	}
	return ""
}

// silence says what was waited for.
func (c *conversation) silence(first uint32) error {
	err := errNoAnswer
	if c.socket.came > 0 {
		err = c.stray(first)
	}
	err = fmt.Errorf("%w within %s, asked %d times", err, c.handle.Timeout, c.handle.Retries+1)
	// A device that tells its engine and is silent from then on cannot decrypt:
	// net-snmp drops such requests without a word.
	if c.engineID() != "" && !c.heard && !c.recalled {
		return fmt.Errorf("%w, though it told its engine: wrong privacy password?", err)
	}
	return err
}

// stray says what the last packet was that did not answer.
func (c *conversation) stray(first uint32) error {
	if c.usm() != nil {
		return errStranger
	}
	decoder := &gosnmp.GoSNMP{Version: c.handle.Version}
	packet, err := decoder.SnmpDecodePacket(slices.Clone(c.socket.last))
	if err == nil && packet.RequestID < first && first-packet.RequestID <= uint32(3*maxRequests*(c.handle.Retries+1)) {
		return errLate
	}
	return errStranger
}

// explained tells more of an answer that is not authentic: a device that does not
// know the user or the password says so, but cannot sign it.
func (c *conversation) explained(err error) error {
	if !errors.Is(err, errNotAuthentic) {
		return err
	}
	decoder := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.NoAuthNoPriv,
		SecurityParameters: &gosnmp.UsmSecurityParameters{UserName: c.usm().UserName},
	}
	packet, decoding := decoder.SnmpDecodePacket(slices.Clone(c.socket.last))
	if decoding != nil || packet.PDUType != gosnmp.Report {
		return fmt.Errorf("%w: wrong user or authentication password?", err)
	}
	return fmt.Errorf("%w: %w", err, reported(packet))
}
