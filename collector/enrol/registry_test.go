package enrol

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestTheFilesOfEnrolmentArePrivateAndHoldNoSecret(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-21997", false)
	w.enrol1(newMachine(t, "m1"), token)
	w.invite("bd-21997", true)
	for _, name := range []string{"agents", "invitations"} {
		path := filepath.Join(w.dir, name)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		data, err := os.ReadFile(path)
		if err != nil || bytes.Contains(data, []byte(token[len(invitationPrefix):])) || bytes.Contains(data, []byte("PRIVATE")) {
			t.Errorf("%s holds a secret: %s, %v", name, data, err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenRegistry(filepath.Join(w.dir, "agents")); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a registry open to others: %v", err)
	}
	if _, err := OpenInvitations(filepath.Join(w.dir, "invitations")); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("invitations open to others: %v", err)
	}
}

func TestARegistryThatIsSpoiledOrGoneWhileServingLeavesWhoIsRevokedRevoked(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, dir)
		m := newMachine(t, "m1")
		good, ended := w.enrol1(m, w.invite("bd-1", false)), w.enrol1(m, w.invite("bd-2", false))
		if _, err := w.deps.Registry.Revoke(Holder{"bd-2", "a1"}, "lost"); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "agents")
		for what, spoil := range map[string]func() error{
			"spoiled": func() error { return os.WriteFile(path, []byte(`{"site":"bd-1"`), 0o600) },
			"gone":    func() error { return os.Remove(path) },
		} {
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(recheck)
			if got := [2]api.Code{w.show(good, false), w.show(ended, true)}; got != [2]api.Code{"", api.CodeRevoked} || w.deps.Registry.Err() == nil {
				t.Errorf("%s: %q, said: %v", what, got, w.deps.Registry.Err())
			}
			if _, problem := w.Enrol(m.asks(t, w.invite("bd-3", false)), ""); codeOf(problem) != api.CodeUnavailable {
				t.Errorf("%s: it was written over: %v", what, problem)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(recheck)
			if got := w.show(good, false); got != "" || w.deps.Registry.Err() != nil {
				t.Errorf("%s, then restored: %q, %v", what, got, w.deps.Registry.Err())
			}
		}
		if n := strings.Count(w.log.String(), "the registry of agents cannot be read"); n != 2 {
			t.Errorf("said %d times in %s", n, w.log)
		}
	})
}

func TestARegistryIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	all := map[Holder]Agent{}
	for _, site := range []string{"bd-2", "bd-1"} {
		all[Holder{site, "a1"}] = Agent{
			Holder: Holder{site, "a1"}, Enrolment: 2, Number: 3, Serial: "ab", Previous: "aa", Key: "k", Invitation: "i", NotAfter: at,
			Machine: "m", Other: Other{"o", at}, Host: "Máy \"văn thư\"", OS: "windows", Arch: "386", Version: "1", Address: "::1",
			Enrolled: at, Issued: at, Revoked: Note{at, "mất"}, Twin: Note{at, "bản sao"},
		}
	}
	data, err := encodeAgents(all)
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseAgents(data)
	if d := cmp.Diff(all, back); d != "" || err != nil {
		t.Error(d, err)
	}
	if bytes.Index(data, []byte("bd-1")) > bytes.Index(data, []byte("bd-2")) {
		t.Error("not sorted")
	}
}

func TestALineThatCannotBeReadIsRefusedWithItsPlace(t *testing.T) {
	const good = `{"site":"bd-1","agent":"a1","enrolment":1,"number":1,"serial":"ab","not_after":"2026-12-28T00:00:00Z"}`
	for content, want := range map[string]string{
		good + "\n" + good: ":2: bd-1 a1 stands twice",
		"# x\n{":           ":2: no agent in JSON: unexpected EOF",
		good + good:        ":1: more than one agent in JSON",
		strings.Replace(good, "serial", "Seriel", 1):         `:1: no agent in JSON: json: unknown field "Seriel"`,
		strings.Replace(good, "bd-1", "BD/1", 1):             `:1: "BD/1" "a1" is no site and agent`,
		strings.Replace(good, `"number":1`, `"number":0`, 1): ":1: bd-1 a1 has no enrolment, number, serial or not_after",
	} {
		if _, err := parseAgents([]byte(content)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
	sum := strings.Repeat("ab", 32)
	line := "bd-1 a1 " + sum + " 2026-11-25T04:00:00Z 2026-11-28T04:00:00Z enrol open"
	for content, want := range map[string]string{
		line + "\n" + line:                                    ":2: this invitation stands twice",
		strings.TrimSuffix(line, " open"):                     ":1: 6 words, want site, agent, sha256, issued, expires, enrol or re-enrol, open or used",
		strings.Replace(line, "enrol open", "enrol maybe", 1): ":1: the last two words are not enrol or re-enrol, open or used",
		strings.Replace(line, "2026-11-28T04", "28/11", 1):    ":1: the fifth word is no time such as 2026-11-25T04:00:00Z",
		strings.Replace(line, "bd-1", "BD", 1):                `:1: "BD" "a1" is no site and agent`,
	} {
		if _, err := parseInvitations([]byte(content)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
}

func TestAnInvitationForNoSiteOrForTooLongIsNotIssued(t *testing.T) {
	w := newWorld(t)
	for _, of := range []struct {
		site string
		life time.Duration
	}{{"Xã X", time.Hour}, {"", time.Hour}, {"bd-1", 0}, {"bd-1", -time.Hour}, {"bd-1", MaxInvitationLife + time.Second}} {
		if token, _, err := w.deps.Invitations.Issue(of.site, "a1", of.life, false); err == nil || token != "" {
			t.Errorf("%v: issued", of)
		}
	}
}

func TestAWithdrawnInvitationIsNotKnown(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-1", false)
	other := w.invite("bd-2", false)
	if had, err := w.deps.Invitations.Withdraw("bd-1", "a1"); !had || err != nil {
		t.Error(had, err)
	}
	if had, err := w.deps.Invitations.Withdraw("bd-1", "a1"); had || err != nil {
		t.Error("withdrawn twice:", had, err)
	}
	m := newMachine(t, "m1")
	if _, problem := w.Enrol(m.asks(t, token), ""); codeOf(problem) != api.CodeUnauthorized {
		t.Errorf("%v", problem)
	}
	w.enrol1(m, other)
}

func FuzzARegistryIsReadOrRefused(f *testing.F) {
	f.Add([]byte(agentsHead + `{"site":"bd-1","agent":"a1","enrolment":1,"number":1,"serial":"ab","not_after":"2026-12-28T00:00:00Z","host":"\u0000"}` + "\n"))
	f.Add([]byte("{}\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parseAgents(data)
		if err != nil {
			return
		}
		written, err := encodeAgents(all)
		if err != nil {
			return // a time beyond JSON's years
		}
		again, err := parseAgents(written)
		if d := cmp.Diff(all, again); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}

func BenchmarkCertify(b *testing.B) {
	w := newWorld(b)
	chain := chainOf(b, w.enrol1(newMachine(b, "m1"), w.invite("bd-1", false)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problem := w.verifier.Certify(chain, false); problem != nil {
			b.Fatal(problem)
		}
	}
}
