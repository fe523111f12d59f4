package upstream

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestAMachineEnrolsAndSendsUnderItsCertificate(t *testing.T) {
	c := newCentre(t)
	path := filepath.Join(t.TempDir(), "identity.pem")
	var log safeBuffer
	reply, err := Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	if reply.Site != "bd-21997" || reply.Label != "Xã Vĩnh Sơn" || reply.NotAfter.IsZero() {
		t.Errorf("%+v", reply)
	}
	if c.collector.asked != 1 {
		t.Errorf("asked for the time %d times", c.collector.asked)
	}
	got := c.requests()[0]
	if got.req.Machine != "marks" || got.req.Host != "may-1" || got.req.Version != "1.2.3" || got.req.OS == "" || got.req.Arch == "" || got.peer != nil {
		t.Errorf("asked with %+v", got)
	}
	info, err := os.Stat(path)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files are left, want the identity alone: %v", len(files), files)
	}
	for what, text := range map[string]string{"the log": log.String(), "the identity": string(contents(t, path))} {
		if strings.Contains(text, invited) {
			t.Errorf("%s holds the invitation's secret", what)
		}
	}

	q := newMemory(3)
	s := c.office(q, path, slog.DiscardHandler, nil)
	stop := run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	stop()
	must(t, s.Goodbye(t.Context(), api.GoodbyeStop))
	for _, r := range c.collector.requests() {
		if r.peer == nil || r.peer.SerialNumber.Cmp(c.issued[0].SerialNumber) != 0 || r.header.Get("Authorization") != "" || r.header.Get(api.HeaderSession) != session {
			t.Errorf("a write came under %v with %v", r.peer, r.header)
		}
	}
	if st := s.Stats(); !st.CertificateUntil.Equal(c.issued[0].NotAfter) || st.Code != "" || st.MustEnrol || !st.Renewed.IsZero() {
		t.Errorf("%+v", st)
	}
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

func TestAPCWithAClockInAnyYearEnrols(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"1970": 56 * 365 * 24 * time.Hour, "2040": -14 * 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t, past.Add(ahead-time.Minute), future.Add(ahead))
			c := startCentre(t, ca, ca.server(t, past.Add(ahead), future.Add(ahead), "127.0.0.1"), ahead)
			c.life, c.renew = time.Minute, 30*time.Second
			path := filepath.Join(t.TempDir(), "identity.pem")
			_, err := Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{})
			must(t, err)
			id, err := readIdentity(path)
			must(t, err)
			if d := id.renewAfter.Sub(c.now()); d < 0 || d > 31*time.Second {
				t.Errorf("to be renewed in %s by the collector's clock", d)
			}
			q := newMemory(1)
			s := c.office(q, path, slog.DiscardHandler, nil)
			s.once(t.Context())
			if len(q.Sequences()) != 0 {
				t.Errorf("not sent: %+v", s.Stats())
			}
			c.with(func(c *centre) { c.barred["65"] = api.CodeExpired })
			c.routes[api.PathRenew] = func(w http.ResponseWriter, r *http.Request) {
				c.with(func(c *centre) { clear(c.barred) })
				c.certify(w, r)
			}
			q.put(2, api.ClockSynced, "x v=1i 1\n")
			drain(t, s, q, 2)
			if st := s.Stats(); len(q.Sequences()) != 0 || st.Renewed.Sub(c.now()).Abs() > 10*time.Second {
				t.Errorf("not renewed: %+v", st)
			}
		})
	}
}

func TestAnInvitationWhoseAnswerWasLostWorksAgainOnThisMachineAndOnNoOther(t *testing.T) {
	c := newCentre(t)
	lose := 2
	c.after = func(w http.ResponseWriter, _ string) bool {
		if lose == 0 {
			return false
		}
		lose--
		hijacked(w).Close()
		return true
	}
	path := filepath.Join(t.TempDir(), "identity.pem")
	for range 4 { // the transport itself asks once more
		if _, err := Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{}); err == nil {
			break
		} else if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal("an identity without its certificate is in place")
		}
	}
	must(t, second(readIdentity(path)))
	_, err := Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{}) // somebody pastes the line once more
	must(t, err)
	all := c.requests()
	for _, r := range all {
		if !r.key.Equal(all[0].key) {
			t.Error("asked with another key")
		}
	}
	inv := c.invitation()
	inv.Token = "cwi_another"
	c.with(func(c *centre) { c.tokens[inv.Token] = nil })
	must(t, os.WriteFile(path+nextSuffix, contents(t, path), 0o600)) // a key of the first invitation that stayed
	_, err = Enrol(soon(t), inv, machine, path, EnrolDeps{})
	must(t, err)
	if again := c.requests(); again[len(again)-1].key.Equal(all[0].key) {
		t.Error("another invitation was used with the key of the first")
	}
	other := filepath.Join(t.TempDir(), "identity.pem")
	if f := failing(t, c, other); f.Problem != ProblemUsed || f.Code != api.CodeTokenUsed {
		t.Errorf("on another machine: %v", f)
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an identity was made all the same")
	}
}

func second[T any](_ T, err error) error { return err }

// listening does the same with each connection.
func TestTheSecretOfAnInvitationIsSentToNobodyElse(t *testing.T) {
	c := newCentre(t)
	inv := c.invitation()
	inv.Pin = newAuthority(t, past, future).pin()
	path := filepath.Join(t.TempDir(), "identity.pem")
	_, err := Enrol(soon(t), inv, machine, path, EnrolDeps{})
	asFailure(t, err)
	if len(c.requests()) != 0 {
		t.Error("the secret was sent")
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}

func TestAnInvitationIsNotUsedUpWhereTheIdentityCannotBeWritten(t *testing.T) {
	c := newCentre(t)
	path := filepath.Join(t.TempDir(), "none", "identity.pem")
	if f := failing(t, c, path); f.Problem != ProblemDisk || !strings.Contains(f.Error(), path) {
		t.Errorf("%v", f)
	}
	if len(c.requests()) != 0 {
		t.Error("the invitation was used")
	}
}

func TestAnEnrolmentThatFailsLeavesTheIdentityThatWasThere(t *testing.T) {
	c := newCentre(t)
	path := c.enrolled()
	was := contents(t, path)
	inv := c.invitation()
	inv.Token = "cwi_unknown"
	_, err := Enrol(soon(t), inv, machine, path, EnrolDeps{})
	if f := asFailure(t, err); f.Problem != ProblemUnknown {
		t.Errorf("%v", f)
	}
	if !bytes.Equal(contents(t, path), was) {
		t.Error("it was changed")
	}
	must(t, os.WriteFile(path+priorSuffix, was, 0o600))
	_, err = Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{})
	must(t, err)
	if bytes.Equal(contents(t, path), was) {
		t.Error("a good invitation did not replace it")
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files of the office before are left: %v", files)
	}
}

func TestASlowCollectorIsGivenUp(t *testing.T) {
	c := newCentre(t)
	c.before = func(w http.ResponseWriter, _ string) bool {
		time.Sleep(300 * time.Millisecond)
		return false
	}
	began := time.Now()
	_, err := Enrol(soon(t), c.invitation(), machine, filepath.Join(t.TempDir(), "identity.pem"), EnrolDeps{change: func(cfg *Config) { cfg.RequestTimeout = 100 * time.Millisecond }})
	if f := asFailure(t, err); f.Problem != ProblemTimeout {
		t.Errorf("%v", f)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("after %s", d)
	}
}

func TestACollectorIsAskedForTheTimeAlone(t *testing.T) {
	c := newCentre(t)
	got, err := Reach(soon(t), c.URL, c.ca.pin(), EnrolDeps{})
	must(t, err)
	if d := time.Since(got.Time).Abs(); d > 10*time.Second || got.Proxy != "" {
		t.Errorf("%+v", got)
	}
}
