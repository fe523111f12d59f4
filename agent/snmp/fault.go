package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// What can go wrong in a conversation. Each is found with errors.Is, whatever else
// an error says; none holds anything of a packet.
var (
	errTime     = errors.New("the time for one poll is over")
	errRows     = errors.New("more rows than there may be")
	errRequests = fmt.Errorf("more than %d requests", maxRequests)
	errName     = errors.New("the name does not resolve")

	// Nothing came that answers. The others are kinds of it.
	errNoAnswer = errors.New("no answer")
	errLate     = fmt.Errorf("%w in time: the answers come late", errNoAnswer)
	errStranger = fmt.Errorf("%w: what came answers no question of ours", errNoAnswer)
	errFlood    = fmt.Errorf("more than %d packets came for one question", maxDatagrams)

	// The device answers, and refuses.
	errSays    = errors.New("the device says") // and then its error-status
	errTooBig  = fmt.Errorf("%w tooBig", errSays)
	errUser    = errors.New("the device does not know the user")
	errLevel   = errors.New("the device does not allow the user this security level")
	errDigest  = errors.New("the device refuses the authentication password or algorithm")
	errPrivacy = errors.New("the device refuses the privacy password or algorithm")
	errWindow  = errors.New("the device's engine time does not hold")
	errEngine  = errors.New("the device's engine is another one than it said")
	errReport  = errors.New("the device reports a fault instead of an answer")

	// The answer cannot be believed.
	errUnreadable    = errors.New("the answer cannot be read")
	errVersion       = errors.New("the answer is of another version of SNMP")
	errExposed       = errors.New("the answer is of another security level")
	errNotAuthentic  = errors.New("the answer is not authentic")
	errEmpty         = errors.New("the answer is empty")
	errMore          = errors.New("the answer holds more than was asked for")
	errNotIncreasing = errors.New("the answer goes backwards")
)

// reasons are the errors of gosnmp that a person can do something about.
var reasons = []struct{ is, say error }{
	{context.DeadlineExceeded, errTime},
	{context.Canceled, errTime},
	{errFlood, errFlood},
	{gosnmp.ErrUnknownUsername, errUser},
	{gosnmp.ErrUnknownSecurityLevel, errLevel},
	{gosnmp.ErrWrongDigest, errDigest},
	{gosnmp.ErrDecryption, errPrivacy},
	{gosnmp.ErrNotInTimeWindow, errWindow},
	{gosnmp.ErrUnknownEngineID, errEngine},
	{gosnmp.ErrUnknownReportPDU, errReport},
	{gosnmp.ErrUnknownPDUHandlers, errReport},
	{gosnmp.ErrUnknownSecurityModels, errReport},
	{gosnmp.ErrInvalidMsgs, errReport},
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
		return errName
	}
	var socket *net.OpError
	if errors.As(err, &socket) {
		return fmt.Errorf("%w: %w", errNoAnswer, socket.Err)
	}
	// gosnmp has no error value for this one.
	if strings.Contains(err.Error(), "not authentic") {
		return errNotAuthentic
	}
	return errUnreadable
}

// reports are what a device of version 3 may say instead of an answer (RFC 3414 §5,
// usmStats).
var reports = map[string]error{
	".1.3.6.1.6.3.15.1.1.1.0": errLevel,
	".1.3.6.1.6.3.15.1.1.2.0": errWindow,
	".1.3.6.1.6.3.15.1.1.3.0": errUser,
	".1.3.6.1.6.3.15.1.1.4.0": errEngine,
	".1.3.6.1.6.3.15.1.1.5.0": errDigest,
	".1.3.6.1.6.3.15.1.1.6.0": errPrivacy,
}

// reported is what a report says.
func reported(answer *gosnmp.SnmpPacket) error {
	for _, v := range answer.Variables {
		if err, known := reports[v.Name]; known {
			return err
		}
	}
	return errReport
}

// status is an answer's error-status by its name in RFC 3416.
func status(s gosnmp.SNMPError) error {
	switch {
	case s == gosnmp.TooBig:
		return errTooBig
	case int(s) < len(statusNames):
		return fmt.Errorf("%w %s", errSays, statusNames[s])
	}
	return fmt.Errorf("%w error %d", errSays, s)
}

var statusNames = [...]string{
	"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength",
	"wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed",
	"undoFailed", "authorizationError", "notWritable", "inconsistentName",
}
