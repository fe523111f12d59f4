package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	if info.Mode().Perm() != 0o600 {
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
	other := filepath.Join(t.TempDir(), "identity.pem")
	if f := failing(t, c, other); f.Problem != ProblemUsed || f.Code != api.CodeTokenUsed {
		t.Errorf("on another machine: %v", f)
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an identity was made all the same")
	}
}

func second[T any](_ T, err error) error { return err }

func failing(t *testing.T, c *centre, path string) *Failure {
	t.Helper()
	_, err := Enrol(soon(t), c.invitation(), machine, path, EnrolDeps{})
	return asFailure(t, err)
}

func asFailure(t *testing.T, err error) *Failure {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v is no Failure", err)
	}
	if strings.Contains(f.Error(), invited) {
		t.Errorf("the error tells the secret: %v", f)
	}
	return f
}

func TestWhatWentWrongWithAnEnrolmentIsToldApart(t *testing.T) {
	refusing := func(code api.Code) func(*testing.T) api.Invitation {
		return func(t *testing.T) api.Invitation {
			c := newCentre(t)
			c.before = func(w http.ResponseWriter, _ string) bool {
				(&api.Error{Code: code, Message: "because", RetryAfter: 30 * time.Second}).WriteTo(w)
				return true
			}
			return c.invitation()
		}
	}
	at := func(url string) func(*testing.T) api.Invitation {
		return func(t *testing.T) api.Invitation {
			return api.Invitation{URL: url, Pin: newAuthority(t, past, future).pin(), Token: invited}
		}
	}
	page := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Đăng nhập Wi-Fi</html>") }
	for name, c := range map[string]struct {
		inv  func(*testing.T) api.Invitation
		want Failure
	}{
		"used on another machine": {refusing(api.CodeTokenUsed), Failure{Problem: ProblemUsed, Code: api.CodeTokenUsed}},
		"too old":                 {refusing(api.CodeTokenExpired), Failure{Problem: ProblemExpired, Code: api.CodeTokenExpired}},
		"not known":               {refusing(api.CodeUnauthorized), Failure{Problem: ProblemUnknown, Code: api.CodeUnauthorized}},
		"too many at once":        {refusing(api.CodeTooMany), Failure{Problem: ProblemBusy, Code: api.CodeTooMany, Wait: 30 * time.Second}},
		"not now":                 {refusing(api.CodeUnavailable), Failure{Problem: ProblemBusy, Code: api.CodeUnavailable, Wait: 30 * time.Second}},
		"enrols nobody":           {refusing(api.CodeNotFound), Failure{Problem: ProblemAnswer, Code: api.CodeNotFound}},
		"somebody else's server": {func(t *testing.T) api.Invitation {
			return api.Invitation{URL: newCentre(t).URL, Pin: newAuthority(t, past, future).pin(), Token: invited}
		}, Failure{Problem: ProblemIntercepted, Who: "test CA"}}, // with a certificate for this very name
		"a collector that was set up anew": {func(t *testing.T) api.Invitation {
			c := newCollector(t, stored)
			ca := namedAuthority(t, "CommuneWatch CA")
			return api.Invitation{URL: startCollector(t, ca, ca.server(t, past, future, "127.0.0.1"), stored).URL, Pin: c.ca.pin(), Token: invited}
		}, Failure{Problem: ProblemPin, Who: "CommuneWatch CA"}},
		"a server of another name and another CA": {func(t *testing.T) api.Invitation {
			ca := namedAuthority(t, "R11")
			return api.Invitation{URL: startCollector(t, ca, ca.server(t, past, future, "www.example.vn"), stored).URL, Pin: newAuthority(t, past, future).pin(), Token: invited}
		}, Failure{Problem: ProblemPin, Who: "R11"}},
		"the collector under another name": {func(t *testing.T) api.Invitation {
			ca := newAuthority(t, past, future)
			return api.Invitation{URL: startCollector(t, ca, ca.server(t, past, future, "www.example.vn"), stored).URL, Pin: ca.pin(), Token: invited}
		}, Failure{Problem: ProblemCertificate}},
		"the collector's certificate has expired": {func(t *testing.T) api.Invitation {
			ca := newAuthority(t, past, future)
			return api.Invitation{URL: startCollector(t, ca, ca.server(t, past, past.Add(time.Minute), "127.0.0.1"), stored).URL, Pin: ca.pin(), Token: invited}
		}, Failure{Problem: ProblemCertificate}},
		"a login page in the place of it": {func(t *testing.T) api.Invitation {
			s := httptest.NewServer(http.HandlerFunc(page))
			t.Cleanup(s.Close)
			return api.Invitation{URL: strings.Replace(s.URL, "http:", "https:", 1), Pin: newAuthority(t, past, future).pin(), Token: invited}
		}, Failure{Problem: ProblemStranger}},
		"a page where the reply should be": {func(t *testing.T) api.Invitation {
			c := newCentre(t)
			c.before = func(w http.ResponseWriter, _ string) bool { page(w, nil); return true }
			return c.invitation()
		}, Failure{Problem: ProblemStranger}},
		"an endless reply": {func(t *testing.T) api.Invitation {
			c := newCentre(t)
			c.before = func(w http.ResponseWriter, _ string) bool {
				_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
				return true
			}
			return c.invitation()
		}, Failure{Problem: ProblemStranger}},
		"nothing listens there": {at("https://127.0.0.1:1"), Failure{Problem: ProblemClosed, Who: "127.0.0.1:1"}},
		"no such name":          {at("https://collector.invalid"), Failure{Problem: ProblemName, Who: "collector.invalid"}},
		"no address":            {at("https://"), Failure{Problem: ProblemInvitation}},
		"not https":             {at("http://127.0.0.1"), Failure{Problem: ProblemInvitation}},
		"who ends each connection": {func(t *testing.T) api.Invitation {
			return api.Invitation{URL: "https://" + listening(t, func(c net.Conn) { c.Close() }), Pin: newAuthority(t, past, future).pin(), Token: invited}
		}, Failure{Problem: ProblemCut}},
		"who never answers": {func(t *testing.T) api.Invitation {
			return api.Invitation{URL: "https://" + listening(t, func(c net.Conn) { t.Cleanup(func() { c.Close() }) }), Pin: newAuthority(t, past, future).pin(), Token: invited}
		}, Failure{Problem: ProblemTimeout}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "identity.pem")
			_, err := Enrol(soon(t), c.inv(t), machine, path, EnrolDeps{change: func(cfg *Config) { cfg.TLSTimeout = time.Second }})
			got := asFailure(t, err)
			if got.Problem != c.want.Problem || got.Code != c.want.Code || got.Wait != c.want.Wait || c.want.Who != "" && got.Who != c.want.Who {
				t.Errorf("got %+v (%v), want %+v", got, got, c.want)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Error("an identity was written all the same")
			}
		})
	}
}

// listening does the same with each connection.
func listening(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			do(conn)
		}
	}()
	return l.Addr().String()
}

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

func TestAReplyThatIsNotWhatWasAskedForIsRefused(t *testing.T) {
	other := newAuthority(t, past, future)
	for name, change := range map[string]func(*centre) func(http.ResponseWriter, string) bool{
		"a certificate for another key": func(c *centre) func(http.ResponseWriter, string) bool {
			return func(w http.ResponseWriter, _ string) bool {
				fmt.Fprintf(w, `{"certificate":%q}`, pemOf(c.issue(&newKey(t).PublicKey, c.now(), time.Hour), c.ca.cert))
				return true
			}
		},
		"one of another CA": func(c *centre) func(http.ResponseWriter, string) bool {
			return func(w http.ResponseWriter, _ string) bool {
				ours := c.ca
				c.ca = other
				leaf := c.issue(c.asked[0].key, c.now(), time.Hour)
				c.ca = ours
				fmt.Fprintf(w, `{"certificate":%q}`, pemOf(leaf, other.cert))
				return true
			}
		},
		"one that has ended": func(c *centre) func(http.ResponseWriter, string) bool {
			return func(w http.ResponseWriter, _ string) bool {
				fmt.Fprintf(w, `{"certificate":%q}`, pemOf(c.issue(c.asked[0].key, c.now(), -time.Second), c.ca.cert))
				return true
			}
		},
		"no certificate": func(c *centre) func(http.ResponseWriter, string) bool {
			return func(w http.ResponseWriter, _ string) bool { fmt.Fprint(w, `{"certificate":"x"}`); return true }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			c.before = change(c)
			path := filepath.Join(t.TempDir(), "identity.pem")
			if f := failing(t, c, path); f.Problem != ProblemReply {
				t.Errorf("%v", f)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Error("it was written all the same")
			}
		})
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
