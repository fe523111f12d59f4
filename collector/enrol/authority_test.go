package enrol

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []string{"localhost", "127.0.0.1", "::1"}

func open(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serverOf(t *testing.T, a *Authority, hosts ...string) tls.Certificate {
	t.Helper()
	c, err := a.ServerCertificate(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheFirstStartMakesAnAuthorityThatLaterStartsLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "keys")
	first := open(t, dir)
	serverOf(t, first, loopback...)
	second := open(t, dir)
	if first.Pin() != second.Pin() || !strings.HasPrefix(first.Pin(), "sha256:") || len(first.Pin()) != 7+64 {
		t.Errorf("pins %s, %s", first.Pin(), second.Pin())
	}
	modes := map[string]string{}
	for _, name := range []string{".", keyFile, certificateFile, serverFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		modes[name] = info.Mode().Perm().String()
	}
	want := map[string]string{".": "-rwx------", keyFile: "-rw-------", certificateFile: "-rw-------", serverFile: "-rw-------"}
	if d := cmp.Diff(want, modes); d != "" {
		t.Error(d)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if len(left) > 0 || err != nil {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestWhatOthersCanReadIsRefusedWithTheCommandThatMendsIt(t *testing.T) {
	for name, bad := range map[string]os.FileMode{".": 0o750, keyFile: 0o640, certificateFile: 0o644} {
		dir := filepath.Join(t.TempDir(), "keys")
		open(t, dir)
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, bad); err != nil {
			t.Fatal(err)
		}
		_, err := OpenAuthority(dir)
		want := map[bool]string{true: "run: chmod 700 " + path, false: "run: chmod 600 " + path}[name == "."]
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", name, err, want)
		}
	}
}

func TestAKeyAndACertificateThatDoNotBelongTogetherAreRefused(t *testing.T) {
	ours, theirs := t.TempDir(), t.TempDir()
	for _, dir := range []string{ours, theirs} {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		open(t, dir)
	}
	copyFile(t, filepath.Join(theirs, certificateFile), filepath.Join(ours, certificateFile))
	if _, err := OpenAuthority(ours); err == nil || !strings.Contains(err.Error(), "does not belong to the key") {
		t.Errorf("got %v", err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestALostKeyIsNeverReplacedByANewOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	open(t, dir)
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(dir); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a key again: %v", err)
	}
}

func TestPowerLostBetweenKeyAndCertificateLeavesTheSamePin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	pin := open(t, dir).Pin()
	if err := os.Remove(filepath.Join(dir, certificateFile)); err != nil {
		t.Fatal(err)
	}
	// What a process that was killed in mid-write leaves.
	if err := os.WriteFile(filepath.Join(dir, certificateFile+".tmp"), []byte("-----BEGIN CERT"), 0o444); err != nil {
		t.Fatal(err)
	}
	if again := open(t, dir).Pin(); again != pin {
		t.Errorf("pin %s became %s", pin, again)
	}
}

func TestADamagedFileIsNamed(t *testing.T) {
	for name, want := range map[string]string{keyFile: "ca.key: holds no private key in PEM; restore it from a backup", certificateFile: "ca.crt: holds no certificate in PEM"} {
		for _, content := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\n", "\x00\x00"} {
			dir := filepath.Join(t.TempDir(), "keys")
			open(t, dir)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := OpenAuthority(dir); err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s with %q: %v", name, content, err)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "keys")
	open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, keyFile), make([]byte, maxPEMBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(dir); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("endless key: %v", err)
	}
}

func TestWhatRootMakesTheServiceCanRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("another account's files are tested as root only; here the owner is always right")
	}
	data := t.TempDir()
	const service = 65534
	if os.Geteuid() == 0 {
		if err := os.Chown(data, service, service); err != nil {
			t.Fatal(err)
		}
	}
	want := owner(t, data)
	serverOf(t, open(t, filepath.Join(data, "keys")), loopback...)
	if _, err := openTokens(t, filepath.Join(data, "tokens")).Issue("bd-21997", "a1"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys", "keys/" + keyFile, "keys/" + certificateFile, "keys/" + serverFile, "tokens"} {
		if got := owner(t, filepath.Join(data, name)); got != want {
			t.Errorf("%s belongs to %d, want %d", name, got, want)
		}
	}
}

func owner(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

func TestTheAuthoritysLifeDoesNotHangOnTheClockOfTheDayItWasMade(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { // in the year 2000
		w := openWorld(t, dir)
		if c := w.deps.Authority.certificate; !c.NotBefore.Equal(caNotBefore) || !c.NotAfter.Equal(caNotAfter) {
			t.Errorf("from %s to %s", c.NotBefore, c.NotAfter)
		}
		reply := w.enrol1(newMachine(t, "m1"), w.invite("bd-21997", false))
		if got := w.show(reply, false); got != "" {
			t.Errorf("an agent of that day: %s", got)
		}
	})
}
