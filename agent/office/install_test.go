//go:build !windows

package office

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func TestOnePastedLineInstallsAndASecondTimeItChangesNothing(t *testing.T) {
	d := newDesk(t)
	d.quick()
	line := d.centre.invite("bd-21997", "secret-token-1")
	r := d.install(line, started)
	t.Cleanup(func() { Uninstall{PerUser: true}.Do(context.Background()) })
	d.passes(r)
	var names []string
	for _, s := range r.Steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"invitation", "folder", "enrol", "config", "service", "start", "limit", "gateway", "dns", "collector", "stored"}, names); diff != "" {
		t.Error(diff)
	}
	d.secretFree("secret-token-1", r)
	identity, err := os.ReadFile(filepath.Join(d.folder, identityFile))
	must(t, err)
	info, err := os.Stat(filepath.Join(d.folder, identityFile))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v", info.Mode())
	}

	d.passes(d.install(line, started)) // the same line once more: an update
	again, err := os.ReadFile(filepath.Join(d.folder, identityFile))
	must(t, err)
	if n := d.centre.enrolments(); n != 1 || !bytes.Equal(identity, again) {
		t.Errorf("%d enrolments", n)
	}
	d.passes(d.install("", started)) // and none at all
	if heard := d.centre.heard(); !slices.Contains(heard, "stop") {
		t.Errorf("an update says no goodbye: %q", heard)
	}

	gone := Uninstall{PerUser: true, Lang: say.English}.Do(t.Context())
	if !gone.Passed {
		t.Errorf("%s", told(gone))
	}
	must(t, filepath.Walk(d.home, func(path string, info os.FileInfo, err error) error {
		if err == nil && (!info.IsDir() || strings.Contains(path, "communewatch")) {
			t.Errorf("left: %s", path)
		}
		return err
	}))
}

func TestWhatIsPastedWrongIsSaidAndNothingIsMade(t *testing.T) {
	d := newDesk(t)
	line := d.centre.invite("bd-21997", "secret-token-1")
	for _, c := range []struct{ pasted, want string }{
		{"", "There is no invitation"},
		{"xin chào", "There is no invitation"},
		{line[:len(line)-3], "lost or changed"},
		{strings.Replace(line, "secret-token-1", "secret-token-2", 1), "lost or changed"},
	} {
		step := d.failsAt(d.install(c.pasted), "invitation")
		if !strings.Contains(step.Text, c.want) || strings.Contains(step.Text, "secret") {
			t.Errorf("%q: %s", c.pasted, step.Text)
		}
	}
	if exists(d.folder) {
		t.Error("a folder was made")
	}
}

func TestAHalfFinishedInstallationIsFinishedByTheSameLine(t *testing.T) {
	for _, lost := range [][]string{{"agent.yaml"}, {"agent.yaml", "machine.json"}, {"machine.json"}} {
		d := newDesk(t)
		line := d.centre.invite("bd-21997", "secret-token-1")
		d.passes(d.install(line))
		before, err := os.ReadFile(filepath.Join(d.folder, identityFile))
		must(t, err)
		for _, name := range lost {
			must(t, os.Remove(filepath.Join(d.folder, name)))
		}
		d.passes(d.install(line))
		after, err := os.ReadFile(filepath.Join(d.folder, identityFile))
		must(t, err)
		if key(before) != key(after) {
			t.Errorf("without %v the key is another", lost)
		}
		if cfg, err := Load(filepath.Join(d.folder, "agent.yaml")); err != nil || cfg.Identity != filepath.Join(d.folder, identityFile) {
			t.Errorf("without %v: %v", lost, err)
		}
	}
}

// key is the private part of an identity.
func key(identity []byte) string {
	_, rest, _ := bytes.Cut(identity, []byte("-----BEGIN PRIVATE KEY-----"))
	k, _, _ := bytes.Cut(rest, []byte("-----END"))
	return string(k)
}

func TestAnUpdateKeepsWhatAnAdministratorChanged(t *testing.T) {
	d := newDesk(t)
	line := d.centre.invite("bd-21997", "secret-token-1")
	d.passes(d.install(line))
	path := filepath.Join(d.folder, "agent.yaml")
	text := configText(known{URL: d.centre.url(), Pin: d.centre.pin}, "") + "  metered: true\n# mine\n"
	must(t, os.WriteFile(path, []byte(text), 0o600))
	d.passes(d.install(line))
	if got, _ := os.ReadFile(path); string(got) != text {
		t.Errorf("got %s", got)
	}
	must(t, os.WriteFile(path, []byte(text+"packet: 3\n"), 0o600))
	step := d.failsAt(d.install(line), "config")
	if !strings.Contains(step.Text, "agent.yaml:9:1") {
		t.Errorf("got %s", step.Text)
	}
	if got, _ := os.ReadFile(path); string(got) != text+"packet: 3\n" {
		t.Error("a file with a mistake was replaced")
	}
	// The file of a token is another way of reporting: it goes aside, and is not lost.
	token := "collector: {url: " + d.centre.url() + ", pin: " + d.centre.pin + ", token: cw_x}\n"
	must(t, os.WriteFile(path, []byte(token), 0o600))
	d.passes(d.install(line))
	if got, _ := os.ReadFile(path + ".old"); string(got) != token {
		t.Errorf("got %s", got)
	}
}

func TestARevokedMachineIsEnrolledAgainByANewInvitation(t *testing.T) {
	d := newDesk(t)
	line := d.centre.invite("bd-21997", "secret-token-1")
	d.passes(d.install(line))
	d.centre.mu.Lock()
	d.centre.revoked = true
	d.centre.mu.Unlock()
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-2")))
	if n := d.centre.enrolments(); n != 2 {
		t.Errorf("%d enrolments", n)
	}
	// While the collector cannot be asked, nothing is a refusal.
	d.centre.mu.Lock()
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathDocument {
			w.WriteHeader(http.StatusForbidden) // a proxy's: not in the contract's words
			return true
		}
		return false
	}
	d.centre.mu.Unlock()
	d.passes(d.install(line))
	if n := d.centre.enrolments(); n != 2 {
		t.Errorf("a stranger's answer made it %d enrolments", n)
	}
}

func TestEnrollingThatFailsSaysWhyAndLeavesNothingRunning(t *testing.T) {
	d := newDesk(t)
	line := d.centre.invite("bd-21997", "secret-token-1")
	d.centre.used["secret-token-1"] = "another machine's"
	step := d.failsAt(d.install(line), "enrol")
	if !strings.Contains(step.Text, "used on another machine") || !strings.Contains(step.Todo, "new invitation") {
		t.Errorf("got %+v", step)
	}
	d.centre.mu.Lock()
	delete(d.centre.invited, "secret-token-1")
	d.centre.mu.Unlock()
	step = d.failsAt(d.install(line), "enrol")
	if !strings.Contains(step.Text, "does not know this invitation") {
		t.Errorf("got %+v", step)
	}
	d.centre.Close()
	step = d.failsAt(d.install(line), "enrol")
	if !strings.Contains(step.Text, "port closed") {
		t.Errorf("got %+v", step)
	}
	if exists(filepath.Join(d.folder, "agent.yaml")) || exists(filepath.Join(d.home, ".config")) {
		t.Error("something was installed")
	}
}

// unsent puts a batch into the spool, as a run without a line would.
func (d *desk) unsent() {
	d.t.Helper()
	cfg, err := Load(filepath.Join(d.folder, "agent.yaml"))
	must(d.t, err)
	cfg.Folder = ""
	o, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler), look: func() surroundings { return surroundings{} }})
	must(d.t, err)
	must(d.t, o.queue.Put([]byte(fmt.Sprintf("agent_health spool_batches=1i %d\n", time.Now().UnixNano()))))
	must(d.t, o.Close())
}

func TestAMachineMovesToAnotherSiteOnlyWhenToldTo(t *testing.T) {
	for _, c := range []struct {
		name  string
		alive bool // the collector takes what is left of the old site
	}{{"all is sent first", true}, {"what cannot be sent goes aside", false}} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
			d.unsent()
			other := d.centre.invite("bd-22000", "secret-token-2")
			step := d.failsAt(d.install(other), "enrol")
			if !strings.Contains(step.Text, "bd-21997") || !strings.Contains(step.Todo, "--replace") || d.centre.enrolments() != 1 {
				t.Fatalf("got %+v", step)
			}
			if !c.alive {
				d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == api.PathWrite {
						refuse(w, api.CodeUnavailable, "InfluxDB is down")
					}
					return r.URL.Path == api.PathWrite
				}
			}
			d.passes(d.install(other, replacing))
			if left := len(waitingIn(filepath.Join(d.folder, "spool"))); left != 0 {
				t.Errorf("%d batches of the old site would be sent in the new one's name", left)
			}
			aside := len(waitingIn(filepath.Join(d.folder, "spool-bd-21997")))
			if c.alive && (aside != 0 || len(d.centre.heard()) == 0) || !c.alive && aside != 1 {
				t.Errorf("%d aside, %q heard", aside, d.centre.heard())
			}
			if k := readKnown(d.folder); k.Site != "bd-22000" {
				t.Errorf("it is %+v", k)
			}
		})
	}
}

func TestAMoveThatFailsLeavesTheMachineAsItWas(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	d.unsent()
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathWrite {
			refuse(w, api.CodeUnavailable, "InfluxDB is down")
		}
		return r.URL.Path == api.PathWrite
	}
	other := d.centre.invite("bd-22000", "secret-token-2")
	d.centre.used["secret-token-2"] = "another machine's"
	before, err := os.ReadFile(filepath.Join(d.folder, identityFile))
	must(t, err)
	d.failsAt(d.install(other, replacing), "enrol")
	after, err := os.ReadFile(filepath.Join(d.folder, identityFile))
	must(t, err)
	if k := readKnown(d.folder); k.Site != "bd-21997" || !bytes.Equal(before, after) || len(waitingIn(filepath.Join(d.folder, "spool"))) != 1 {
		t.Errorf("it is %+v", k)
	}
}

func TestAnAgentThatSomebodyStartedByHandIsNotRobbedOfItsFolder(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	cfg, err := Load(filepath.Join(d.folder, "agent.yaml"))
	must(t, err)
	o, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	un := Uninstall{PerUser: true, Lang: say.English}
	if r := un.Do(t.Context()); r.Passed || r.Steps[len(r.Steps)-1].Name != "stop" || !exists(filepath.Join(d.folder, identityFile)) {
		t.Errorf("removed under it:\n%s", told(r))
	}
	d.failsAt(d.install(d.centre.invite("bd-21550", "secret-token-2"), replacing), "enrol")
	if k := readKnown(d.folder); k.Site != "bd-21997" {
		t.Errorf("moved under it: %+v", k)
	}
	o.queue.End()
	must(t, o.Close())
	d.passes(un.Do(t.Context()))
	if exists(d.folder) {
		t.Error("it was not removed when it had ended")
	}
}

// What the centre has not taken is lost here, also where a day's bytes are spent.
func TestUninstallingSendsWhatAMeteredLineHoldsBack(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	path := filepath.Join(d.folder, "agent.yaml")
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(text, "  metered: true\n  daily_megabytes: 1\n"...), 0o600))
	for range 3 {
		d.unsent()
	}
	r := Uninstall{PerUser: true, Lang: say.English}.Do(t.Context())
	if !r.Passed || strings.Contains(told(r), "are lost") {
		t.Errorf("%s%s", told(r), d.log.String())
	}
}

func TestUninstallingAsksAndSaysWhatIsLost(t *testing.T) {
	d := newDesk(t)
	d.passes(d.install(d.centre.invite("bd-21997", "secret-token-1")))
	d.unsent()
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathWrite {
			refuse(w, api.CodeUnavailable, "InfluxDB is down")
		}
		return r.URL.Path == api.PathWrite
	}
	asked := ""
	un := Uninstall{PerUser: true, Lang: say.English, Agree: func(q string) bool { asked = q; return false }}
	if r := un.Do(t.Context()); r.Passed || r.Steps[len(r.Steps)-1].Name != "consent" {
		t.Errorf("%s", told(r))
	}
	if !strings.Contains(asked, "not sent yet: 1;") || !exists(d.folder) || len(waitingIn(filepath.Join(d.folder, "spool"))) != 1 {
		t.Errorf("asked %q", asked)
	}
	d.centre.answer = nil
	un.Agree = func(q string) bool { asked = q; return true }
	r := un.Do(t.Context())
	if !r.Passed || exists(d.folder) || !strings.Contains(r.Steps[len(r.Steps)-1].Todo, "revoke bd-21997") {
		t.Errorf("asked %q\n%s", asked, told(r))
	}
	if heard := d.centre.heard(); len(heard) != 1 || heard[0] != "stop" {
		t.Errorf("heard %q", heard)
	}
}

func TestAnInstallationPassesOnlyWhenTheCollectorHasStoredSomething(t *testing.T) {
	d := newDesk(t)
	d.quick()
	d.patience = 5 * time.Second
	d.centre.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == api.PathWrite {
			refuse(w, api.CodeUnavailable, "InfluxDB is down")
		}
		return r.URL.Path == api.PathWrite
	}
	t.Cleanup(func() { Uninstall{PerUser: true}.Do(context.Background()) })
	step := d.failsAt(d.install(d.centre.invite("bd-21997", "secret-token-1"), started), "stored")
	if !strings.Contains(step.Text, "has taken no figures") || !strings.Contains(step.Todo, "communewatch-agent status") {
		t.Errorf("got %+v", step)
	}
}
