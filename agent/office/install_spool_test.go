//go:build !windows

package office

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"communewatch/collector/api"
)

func TestWhoseSpoolItIsIsKnownWithoutTheFileOfTheMachine(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	d.unsent()
	must(t, os.Remove(filepath.Join(d.folder, machineFile)))
	other := d.centre.invite("bd-22000", "secret-token-2")
	if step := d.failsAt(d.install(other), "enrol"); !strings.Contains(step.Text, "bd-21997") {
		t.Errorf("got %+v", step)
	}
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathWrite {
			refuse(w, api.CodeUnavailable, "InfluxDB is down")
		}
		return r.URL.Path == api.PathWrite
	}
	d.passes(d.install(other, replacing))
	if left := len(waitingIn(filepath.Join(d.folder, "spool"))); left != 0 || len(waitingIn(filepath.Join(d.folder, "spool-bd-21997"))) != 1 {
		t.Errorf("%d batches of the old site would be sent in the new one's name", left)
	}
}

func TestAMoveThatBreaksOffAfterTheNewIdentityDoesNotGiveItTheOldSitesSpool(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	d.unsent()
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathEnrol { // from now on machine.json cannot be written
			_ = os.MkdirAll(filepath.Join(d.folder, machineFile+".tmp", "x"), 0o700)
		}
		if r.URL.Path == api.PathWrite {
			refuse(w, api.CodeUnavailable, "InfluxDB is down")
		}
		return r.URL.Path == api.PathWrite
	}
	d.failsAt(d.install(d.centre.invite("bd-22000", "secret-token-2"), replacing), "enrol")
	if left := len(waitingIn(filepath.Join(d.folder, "spool"))); left != 0 {
		t.Errorf("%d batches of the old site would be sent in the new one's name", left)
	}
}

func TestAnAgentWithATokenBecomesOneWithAnIdentityAndKeepsWhatIsItsSites(t *testing.T) {
	for _, c := range []struct {
		name   string
		alive  bool // the collector takes what waits
		before bool // and the token was withdrawn with the enrolment: it was of the same site
		left   int
	}{
		{"all is sent under the token first", true, false, 0},
		{"the same site's is kept", false, true, 1},
		{"another site's goes aside", false, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			must(t, os.MkdirAll(d.folder, 0o700))
			must(t, os.WriteFile(filepath.Join(d.folder, "agent.yaml"), []byte("collector: {url: "+d.centre.url()+", pin: "+d.centre.pin+", token: cw_x, proxy: direct}\n"), 0o600))
			d.unsent()
			sent := 0
			d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
				token := r.Header.Get("Authorization") == "Token cw_x"
				switch {
				case r.URL.Path == api.PathWrite && !c.alive:
					refuse(w, api.CodeUnavailable, "InfluxDB is down")
				case r.URL.Path == api.PathDocument && token && c.before:
					refuse(w, api.CodeUnauthorized, "replaced")
				case r.URL.Path == api.PathWrite && token:
					sent++
					return false
				default:
					return false
				}
				return true
			}
			d.passes(d.install(d.centre.invite("bd-22000", "secret-token-2")))
			aside, err := filepath.Glob(filepath.Join(d.folder, "spool-*"))
			must(t, err)
			if left := len(waitingIn(filepath.Join(d.folder, "spool"))); left != c.left || (sent > 0) != c.alive || (len(aside) == 1) != (!c.alive && !c.before) {
				t.Errorf("%d left, %d sent, aside %q", left, sent, aside)
			}
			if cfg, err := Load(filepath.Join(d.folder, "agent.yaml")); err != nil || cfg.Proxy != "direct" || cfg.Identity == "" {
				t.Errorf("the proxy is %q, %v", cfg.Proxy, err)
			}
		})
	}
}
