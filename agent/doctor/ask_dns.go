package doctor

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A server is asked itself, not through the system, which would ask the next one when
// the first is dead, and say nothing of it.
const (
	dnsPatience = 2 * time.Second // for each answer
	dnsTries    = 2
	maxAnswers  = 16 // addresses that are read of an answer
)

// askResolver asks one server for a name, and for one that cannot exist (RFC 6761 §6.4):
// who gives that an address gives one to everything.
func askResolver(ctx context.Context, server netip.AddrPort, host string) resolverFacts {
	r := resolverFacts{server: server.Addr()}
	began := time.Now()
	found, code, err := lookUp(ctx, server, host)
	r.took, r.code, r.addresses = time.Since(began), code, found
	if err != nil {
		r.failure = connectFailure(err)
		return r
	}
	r.invented, _, _ = lookUp(ctx, server, impossibleName())
	return r
}

// impossibleName is another one each time: no cache may know it.
func impossibleName() string {
	var random [6]byte
	rand.Read(random[:])
	return "communewatch-" + hex.EncodeToString(random[:]) + ".invalid"
}

// lookUp asks for IPv4 addresses, and where there are none, for IPv6's.
func lookUp(ctx context.Context, server netip.AddrPort, host string) (found []netip.Addr, code string, err error) {
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		if found, code, err = ask(ctx, server, host, kind); err != nil || len(found) > 0 || code != "" {
			return found, code, err
		}
	}
	return nil, "", nil
}

func ask(ctx context.Context, server netip.AddrPort, host string, kind dnsmessage.Type) (found []netip.Addr, code string, err error) {
	for range dnsTries {
		if found, code, err = askOnce(ctx, server, host, kind); err == nil || !timedOut(err) || ctx.Err() != nil {
			break
		}
	}
	return found, code, err
}

func askOnce(ctx context.Context, server netip.AddrPort, host string, kind dnsmessage.Type) ([]netip.Addr, string, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	question, id, err := query(host, kind)
	if err != nil {
		return nil, "", err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", server.String())
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	if _, err := conn.Write(question); err != nil {
		return nil, "", err
	}
	var answer [1500]byte
	for {
		n, err := conn.Read(answer[:])
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, "", err
		}
		if found, code, ok := readAnswer(answer[:n], id, host, kind); ok {
			return found, code, nil
		}
	}
}

func query(host string, kind dnsmessage.Type) (message []byte, id uint16, err error) {
	name, err := dnsmessage.NewName(strings.TrimSuffix(host, ".") + ".")
	if err != nil {
		return nil, 0, err
	}
	var random [2]byte
	rand.Read(random[:])
	id = binary.BigEndian.Uint16(random[:])
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: name, Type: kind, Class: dnsmessage.ClassINET}},
	}
	message, err = m.Pack()
	return message, id, err
}

// readAnswer gives the addresses in an answer to our question; ok is false for anything else.
func readAnswer(data []byte, id uint16, host string, kind dnsmessage.Type) (found []netip.Addr, code string, ok bool) {
	var p dnsmessage.Parser
	header, err := p.Start(data)
	if err != nil || header.ID != id || !header.Response {
		return nil, "", false
	}
	question, err := p.Question()
	if err != nil || question.Type != kind || !strings.EqualFold(strings.TrimSuffix(question.Name.String(), "."), strings.TrimSuffix(host, ".")) {
		return nil, "", false
	}
	if header.RCode != dnsmessage.RCodeSuccess {
		return nil, codeName(header.RCode), true
	}
	if p.SkipAllQuestions() != nil {
		return nil, "", false
	}
	for len(found) < maxAnswers {
		h, err := p.AnswerHeader()
		if err != nil {
			return found, "", errors.Is(err, dnsmessage.ErrSectionDone)
		}
		switch {
		case h.Type == dnsmessage.TypeA && kind == h.Type:
			r, err := p.AResource()
			if err != nil {
				return nil, "", false
			}
			found = append(found, netip.AddrFrom4(r.A))
		case h.Type == dnsmessage.TypeAAAA && kind == h.Type:
			r, err := p.AAAAResource()
			if err != nil {
				return nil, "", false
			}
			found = append(found, netip.AddrFrom16(r.AAAA))
		default:
			if p.SkipAnswer() != nil {
				return nil, "", false
			}
		}
	}
	return found, "", true
}

// codeName is a code as RFC 1035 and its successors write it.
func codeName(c dnsmessage.RCode) string {
	switch c {
	case dnsmessage.RCodeNameError:
		return "NXDOMAIN"
	case dnsmessage.RCodeServerFailure:
		return "SERVFAIL"
	case dnsmessage.RCodeRefused:
		return "REFUSED"
	}
	return c.String()
}
