package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// maxTyped bounds a line of the standard input.
const maxTyped = 1024

func roleKey(role api.UserRole) say.Key { return say.Key("users.role_" + string(role)) }

// newPassword asks twice at a terminal; from a file or a pipe it takes the first line.
func newPassword(ctx context.Context, out settings.IO, name string) (string, error) {
	show, err := hideTyping(os.Stdin)
	if err != nil {
		return readLine(ctx, os.Stdin)
	}
	defer show()
	var typed [2]string
	for i, key := range []say.Key{"users.type", "users.type_again"} {
		fmt.Fprint(out.Err, out.Lang.Text(key, name))
		typed[i], err = readLine(ctx, os.Stdin)
		fmt.Fprintln(out.Err)
		if err != nil {
			return "", err
		}
	}
	if typed[0] != typed[1] {
		return "", errors.New(out.Lang.Text("users.differ"))
	}
	return typed[0], nil
}

// hideTyping keeps a terminal from showing what is typed; an error says that it is none.
func hideTyping(file *os.File) (show func(), err error) {
	terminal := int(file.Fd())
	before, err := unix.IoctlGetTermios(terminal, getTerminal)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag = hidden.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(terminal, setTerminal, &hidden); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(terminal, setTerminal, before) }, nil // it is a terminal, or gone
}

// readLine reads up to the end of a line, and no byte more: the next one is another's. It
// gives up with ctx, so that Ctrl-C leaves the terminal as it was.
func readLine(ctx context.Context, from io.Reader) (string, error) {
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() { // ends with the process, if nothing comes
		var l line
		for one := make([]byte, 1); len(l.text) <= maxTyped; {
			n, err := from.Read(one)
			if n == 1 && one[0] == '\n' {
				break
			}
			l.text = append(l.text, one[:n]...)
			if err != nil {
				if !errors.Is(err, io.EOF) || len(l.text) == 0 {
					l.err = err
				}
				break
			}
		}
		read <- l
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case l := <-read:
		if l.err != nil {
			return "", fmt.Errorf("read the password: %w", l.err)
		}
		if len(l.text) > maxTyped {
			return "", fmt.Errorf("read the password: more than %d bytes", maxTyped)
		}
		return string(bytes.TrimSuffix(l.text, []byte{'\r'})), nil
	}
}
