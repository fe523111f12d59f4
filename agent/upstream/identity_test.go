package upstream

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestAnIdentityThatOthersMayReadIsRefusedWithWhatMendsIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mode says nothing there; the folder's access list does")
	}
	c := newCentre(t)
	path := c.enrolled()
	must(t, os.Chmod(path, 0o644))
	_, err := New(Config{URL: c.URL, Pin: c.ca.pin(), Identity: path}, Deps{Queue: newMemory(0), Clock: &watch{}, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("%v", err)
	}
}

func TestAnIdentityIsTakenWholeOrNotAtAll(t *testing.T) {
	path := newCentre(t).enrolled()
	whole := contents(t, path)
	for n := range whole {
		must(t, os.WriteFile(path, whole[:n], 0o600))
		id, err := readIdentity(path)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Fatalf("cut at byte %d: %v", n, err)
			}
			continue
		}
		// Only the CA's certificate behind our own may be missing: the collector has it.
		if id.leaf == nil || !bytes.Contains(whole[:n], []byte("-----END CERTIFICATE-----")) {
			t.Fatalf("cut at byte %d of %d, and taken", n, len(whole))
		}
	}
}

func TestAnIdentityWithAnotherKeysCertificateIsRefused(t *testing.T) {
	c := newCentre(t)
	one, other := string(contents(t, c.enrolled())), string(contents(t, c.enrolled()))
	head, _, _ := strings.Cut(one, "-----BEGIN CERTIFICATE")
	_, tail, _ := strings.Cut(other, "-----BEGIN CERTIFICATE")
	path := filepath.Join(t.TempDir(), "identity.pem")
	must(t, os.WriteFile(path, []byte(head+"-----BEGIN CERTIFICATE"+tail), 0o600))
	if _, err := readIdentity(path); err == nil || !strings.Contains(err.Error(), "of another key") || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

func TestWithoutAnIdentityItIsSaidThatTheMachineIsNotEnrolled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.pem")
	if _, _, err := loadIdentity(path); !errors.Is(err, ErrNoIdentity) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	id, err := newIdentity("a test")
	must(t, err)
	must(t, id.save(path))
	if _, _, err := loadIdentity(path); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("a key alone: %v", err)
	}
	must(t, os.WriteFile(path, make([]byte, maxIdentityBytes+1), 0o600))
	if _, _, err := loadIdentity(path); !errors.Is(err, errTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestOtherProgramsReadAnIdentity(t *testing.T) {
	data := contents(t, newCentre(t).enrolled())
	var types []string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if len(block.Headers) > 0 {
			t.Errorf("a block has headers, which openssl takes for encryption: %v", block.Headers)
		}
		types = append(types, block.Type)
	}
	if got := strings.Join(types, ","); got != "PRIVATE KEY,CERTIFICATE,CERTIFICATE" {
		t.Errorf("blocks %s", got)
	}
}

// What is on disk wherever the power goes during a renewal, in the order of writing.
func TestWheneverThePowerGoesDuringARenewalAPairThatWorksIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		lay  func(t *testing.T, path string, present, next *identity)
		want string // which one is used
	}{
		"before the key": {func(*testing.T, string, *identity, *identity) {}, "present"},
		"the key is there": {func(t *testing.T, path string, _, next *identity) {
			must(t, os.WriteFile(path+nextSuffix, next.file, 0o600))
		}, "present"},
		"half of it": {func(t *testing.T, path string, _, next *identity) {
			must(t, os.WriteFile(path+nextSuffix+temporary, next.file[:100], 0o600))
		}, "present"},
		"the present one is kept": {func(t *testing.T, path string, present, next *identity) {
			must(t, os.WriteFile(path+nextSuffix, next.file, 0o600))
			must(t, os.WriteFile(path+priorSuffix, present.file, 0o600))
		}, "present"},
		"the next is in its place": {func(t *testing.T, path string, present, next *identity) {
			must(t, os.WriteFile(path+nextSuffix, next.file, 0o600))
			must(t, os.WriteFile(path+priorSuffix, present.file, 0o600))
			must(t, os.WriteFile(path, next.file, 0o600))
		}, "next"},
		"a disk that lost what it said to have": {func(t *testing.T, path string, present, _ *identity) {
			must(t, os.WriteFile(path+priorSuffix, present.file, 0o600))
			must(t, os.WriteFile(path, nil, 0o600))
		}, "present"},
		"or the file itself": {func(t *testing.T, path string, present, _ *identity) {
			must(t, os.WriteFile(path+priorSuffix, present.file, 0o600))
			must(t, os.Remove(path))
		}, "present"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCentre(t)
			path, other := k.enrolled(), k.enrolled()
			present, err := readIdentity(path)
			must(t, err)
			next, err := readIdentity(other)
			must(t, err)
			c.lay(t, path, present, next)
			q := newMemory(1)
			s := k.office(q, path, slog.DiscardHandler, nil)
			want := map[string]*identity{"present": present, "next": next}[c.want]
			if s.identity.leaf.SerialNumber.Cmp(want.leaf.SerialNumber) != 0 {
				t.Errorf("another is used than the %s one", c.want)
			}
			s.once(t.Context())
			if len(q.Sequences()) != 0 {
				t.Errorf("not sent: %+v", s.Stats())
			}
			must(t, second(readIdentity(path))) // and in its place again
			if _, err := os.Stat(path + priorSuffix); !errors.Is(err, fs.ErrNotExist) {
				t.Error("the one before is kept, though a write was taken")
			}
		})
	}
}
