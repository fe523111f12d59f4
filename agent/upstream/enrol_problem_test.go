package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
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
		"taken back since":        {refusing(api.CodeRevoked), Failure{Problem: ProblemUnknown, Code: api.CodeRevoked}},
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
