package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

// Black on white, whatever the terminal's own colours are: a code in negative is not
// read by every telephone.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	asBefore     = "\x1b[0m"
)

// pngModule is the width of one module of the code, in pixels.
const pngModule = 8

// drawQR draws text as a QR code of half blocks, two rows a line, with its margin.
func drawQR(out io.Writer, text string) error {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the QR code: %w", err)
	}
	before, after := "", ""
	if isTerminal(out) {
		before, after = blackOnWhite, asBefore
	}
	dark := code.Bitmap()
	var b strings.Builder
	for y := 0; y < len(dark); y += 2 {
		b.WriteString(before)
		for x := range dark[y] {
			b.WriteString(halfBlock(dark[y][x], y+1 < len(dark) && dark[y+1][x]))
		}
		b.WriteString(after + "\n")
	}
	_, err = io.WriteString(out, b.String())
	return err
}

func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}

// writeQR makes a PNG file that nobody else may read: it holds the invitation. One that
// is there is not written over, since others may have it open.
func writeQR(path, text string) error {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the QR code: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the QR code: %w", err)
	}
	if err := errors.Join(code.Write(-pngModule, file), file.Close()); err != nil {
		return fmt.Errorf("write the QR code %s: %w", path, err)
	}
	return nil
}
