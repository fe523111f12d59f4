package api

import (
	"errors"
	"strings"
	"testing"
)

var invitation = Invitation{
	URL: "https://noc.binhdinh.example:8443", Site: "bd-21997",
	Pin: "sha256:" + strings.Repeat("0123456789abcdef", 4), Token: "cwi_AbC-_9",
}

func TestAnInvitationIsReadHoweverItWasPasted(t *testing.T) {
	line := invitation.String()
	for _, pasted := range []string{
		line, "  " + line + "\r\n", `"` + line + `"`, "“" + line + "”", "communewatch-agent install " + line,
		line[:60] + "\n" + line[60:], line[:80] + "\u200b" + line[80:], "<" + line + ">",
		line + ". Cảm ơn anh!", line + "\r\n" + line + "\r\n",
	} {
		if got, err := ParseInvitation(pasted); err != nil || got != invitation {
			t.Errorf("%q: %+v, %v", pasted, got, err)
		}
	}
}

func TestAnInvitationThatLostALetterIsNotTakenForAnother(t *testing.T) {
	line := invitation.String()
	for i := strings.Index(line, "/#") + 2; i < len(line); i++ {
		if _, err := ParseInvitation(line[:i] + line[i+1:]); !errors.Is(err, ErrCutInvitation) {
			t.Errorf("without byte %d: %v", i, err)
		}
		if _, err := ParseInvitation(line[:i]); !errors.Is(err, ErrCutInvitation) {
			t.Errorf("the first %d bytes: %v", i, err)
		}
	}
	for _, other := range []string{"", "hello", "https://noc.example:8443", "http://x/#a.b.c.d"} {
		if _, err := ParseInvitation(other); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("%q: %v", other, err)
		}
	}
}
