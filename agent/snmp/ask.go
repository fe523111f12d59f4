package snmp

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"communewatch/collector/api"
)

// Introduction is what a device says of itself when it is asked once.
type Introduction struct {
	Name   string // sysName
	Object string // sysObjectID, without a dot in front
	Descr  string // sysDescr
}

// Ask asks a device once what it is. What goes wrong is found with errors.Is among the
// errors below, or is of none of these kinds.
func Ask(ctx context.Context, t api.Target, cfg Config) (said Introduction, err error) {
	defer func() {
		if recover() != nil { // see device.guarded
			said, err = Introduction{}, errUnreadable
		}
	}()
	talk, err := open(ctx, t, cfg, newHabits())
	if err != nil {
		return Introduction{}, err
	}
	defer talk.close()
	values, err := talk.get(sysDescr, sysObjectID, sysName)
	if errors.Is(err, errNoAnswer) && talk.engineID() != "" {
		return Introduction{}, fmt.Errorf("%w: %w", errPrivacy, err) // see conversation.silence
	}
	if err != nil {
		return Introduction{}, err
	}
	return Introduction{
		Name:   api.CleanText(text(values[sysName])),
		Object: identityOf(values).object,
		Descr:  api.CleanText(text(values[sysDescr])),
	}, nil
}

// Kinds of what Ask cannot do.
var (
	ErrSilent   = errNoAnswer
	ErrName     = errName
	ErrUser     = errUser
	ErrLevel    = errLevel
	ErrPassword = errDigest
	ErrPrivacy  = errPrivacy
	ErrWindow   = errWindow
	ErrRefused  = errSays // it answers with an error
)

// Closed tells whether the device said that nobody listens at the port (RFC 792), and
// NoRoute whether this machine has no way to it.
func Closed(err error) bool { return anyOf(err, syscall.ECONNREFUSED, 10061, 10054) }
func NoRoute(err error) bool {
	return anyOf(err, syscall.ENETUNREACH, syscall.EHOSTUNREACH, 10051, 10065)
}

func anyOf(err error, numbers ...syscall.Errno) bool {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return false
	}
	for _, n := range numbers {
		if n == number {
			return true
		}
	}
	return false
}
