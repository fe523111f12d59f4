package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is both ends of one.
func terminal(t *testing.T) (keyboard, program *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	conn, err := keyboard.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	err = conn.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return keyboard, program
}

func TestWhatIsTypedAsAPasswordIsNotShownAndTheTerminalIsAsBefore(t *testing.T) {
	keyboard, program := terminal(t)
	// What the terminal shows comes back to the keyboard's end; a mark ends it.
	typed := func(text string) (shown string) {
		t.Helper()
		if _, err := keyboard.WriteString(text + "\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := readLine(t.Context(), program); err != nil || got != text {
			t.Fatalf("read %q, %v", got, err)
		}
		if _, err := program.WriteString("|"); err != nil {
			t.Fatal(err)
		}
		if err := keyboard.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for one := make([]byte, 1); ; {
			if _, err := keyboard.Read(one); err != nil {
				t.Fatal(err)
			}
			if one[0] == '|' {
				return shown
			}
			shown += string(one)
		}
	}
	show, err := hideTyping(program)
	if err != nil {
		t.Fatal(err)
	}
	if shown := typed("a secret"); shown != "" {
		t.Errorf("shown: %q", shown)
	}
	show()
	if shown := typed("no secret"); shown != "no secret\r\n" {
		t.Errorf("afterwards: %q", shown)
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := hideTyping(file); err == nil {
		t.Error("its typing was hidden")
	}
}
