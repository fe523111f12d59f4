//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package main

import "golang.org/x/sys/unix"

// How a terminal's settings are read and written.
const (
	getTerminal = unix.TIOCGETA
	setTerminal = unix.TIOCSETA
)
