package enrol

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestARenewedCertificateTakesThePlaceOfTheOldOneOnceItWasSeen(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	first := w.enrol1(m, w.invite("bd-21997", false))
	next := newMachine(t, "m1") // with a new key
	second, code := w.renew1(first, next)
	if code != "" || second.Certificate == first.Certificate {
		t.Fatal(code)
	}
	if got := w.show(first, false); got != "" {
		t.Errorf("while the new one was not seen the old one is %s", got)
	}
	if got := w.show(second, false); got != "" {
		t.Fatalf("the new one is %s", got)
	}
	for _, renewing := range []bool{false, true} {
		if got := w.show(first, renewing); got != api.CodeTwin {
			t.Errorf("after the new one was seen the old one is %q", got)
		}
	}
	after := openWorld(t, w.dir)
	if got := after.show(first, true); got != api.CodeTwin {
		t.Errorf("after a restart the old one is %q", got)
	}
	if a := after.agent("bd-21997"); a.Number != 2 || a.Enrolment != 1 || a.Previous != "" || a.Other.Machine != "" {
		t.Errorf("%+v", a)
	}
}

func TestARenewalWhoseAnswerWasLostIsGivenAgain(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	first := w.enrol1(m, w.invite("bd-21997", false))
	next := newMachine(t, "m1")
	second, _ := w.renew1(first, next)
	again, code := openWorld(t, w.dir).renew1(first, next)
	if d := cmp.Diff(second, again); d != "" || code != "" {
		t.Error("the same key:", d, code)
	}
	third, code := w.renew1(first, newMachine(t, "m1")) // its new key was lost too
	if code != "" || third.Certificate == second.Certificate {
		t.Fatal(code)
	}
	if got := [3]api.Code{w.show(first, false), w.show(second, false), w.show(third, false)}; got != [3]api.Code{"", api.CodeTwin, ""} {
		t.Errorf("first, second, third: %q", got)
	}
}

func TestOfTwoMachinesWithOneDiskTheOneThatRenewsFirstGoesOn(t *testing.T) {
	w := newWorld(t)
	office, copied := newMachine(t, "m1"), newMachine(t, "m2")
	first := w.enrol1(office, w.invite("bd-21997", false))
	second, _ := w.renew1(first, office)
	w.show(second, false)
	if _, code := w.renew1(first, copied); code != api.CodeTwin {
		t.Errorf("the copy: %q", code)
	}
	// It passed the door a moment before the new one was seen.
	id := api.Identity{Site: "bd-21997", Agent: "a1", Via: "certificate", Serial: chainOf(t, first)[0].SerialNumber.Text(16)}
	if _, problem := w.Renew(id, copied.asks(t, ""), ""); codeOf(problem) != api.CodeTwin {
		t.Errorf("the copy, within: %v", problem)
	}
	_, problem := w.verifier.Certify(chainOf(t, first), true)
	if !strings.Contains(problem.Message, `"PC-m1"`) {
		t.Errorf("it does not name the other one: %v", problem)
	}
	if _, code := w.renew1(second, office); code != "" {
		t.Errorf("the office: %s", code)
	}
}

func TestAnotherMachinesMarksAreNamedOnceAndRefuseNobody(t *testing.T) {
	w := newWorld(t)
	reply := w.enrol1(newMachine(t, "m1"), w.invite("bd-21997", false))
	var code api.Code
	for range 3 {
		if reply, code = w.renew1(reply, newMachine(t, "m2")); code != "" {
			t.Fatal(code)
		}
		w.show(reply, false)
	}
	if n := strings.Count(w.log.String(), "another machine renews"); n != 1 || !strings.Contains(w.log.String(), "other_machine=m2 other_host=PC-m2 other_address=192.0.2.8") {
		t.Errorf("named %d times in %s", n, w.log)
	}
	if a := w.agent("bd-21997"); a.Machine != "m1" || a.Other.Machine != "m2" || a.Other.Since.IsZero() {
		t.Errorf("%+v", a)
	}
	w.renew1(reply, newMachine(t, "m1"))
	if a := w.agent("bd-21997"); a.Other.Machine != "" {
		t.Errorf("after its own machine renewed: %+v", a.Other)
	}
}

func TestAPCThatWasOffForMonthsRenewsAndDoesNothingElseBefore(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, dir)
		m := newMachine(t, "m1")
		reply := w.enrol1(m, w.invite("bd-21997", false))
		time.Sleep(CertificateLife - time.Second)
		if got := w.show(reply, false); got != "" {
			t.Errorf("a second before its end: %s", got)
		}
		time.Sleep(2 * time.Second)
		if got := [2]api.Code{w.show(reply, false), w.show(reply, true)}; got != [2]api.Code{api.CodeExpired, ""} {
			t.Errorf("a second after: %q", got)
		}
		time.Sleep(Grace - 2*time.Second)
		fresh, code := w.renew1(reply, m)
		if code != "" || w.show(fresh, false) != "" {
			t.Errorf("400 days later: %q, then %q", code, w.show(fresh, false))
		}
		time.Sleep(CertificateLife + Grace + time.Second)
		if got := [2]api.Code{w.show(fresh, false), w.show(fresh, true)}; got != [2]api.Code{api.CodeExpired, api.CodeExpired} {
			t.Errorf("beyond: %q", got)
		}
		if _, code := w.renew1(fresh, m); code != api.CodeExpired {
			t.Errorf("beyond, renewing: %q", code)
		}
		// A plain invitation is enough: nobody is there who could renew.
		w.enrol1(m, w.invite("bd-21997", false))
	})
}

func TestAnExpiredCertificateThatWasRevokedOrRenewedIsNotRenewed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, dir)
		m := newMachine(t, "m1")
		stolen, copied := w.enrol1(m, w.invite("bd-1", false)), w.enrol1(m, w.invite("bd-2", false))
		next, _ := w.renew1(copied, m)
		w.show(next, false)
		if _, err := w.deps.Registry.Revoke(Holder{"bd-1", "a1"}, "lost"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * daysLong)
		if got := [2]api.Code{w.show(stolen, true), w.show(copied, true)}; got != [2]api.Code{api.CodeRevoked, api.CodeTwin} {
			t.Errorf("stolen, copied: %q", got)
		}
	})
}

func TestWhatAnotherProcessRevokesIsRefusedASecondLater(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		serving := openWorld(t, dir)
		m := newMachine(t, "m1")
		token := serving.invite("bd-21997", false)
		reply := serving.enrol1(m, token)
		command, err := OpenRegistry(filepath.Join(dir, "agents"))
		if err != nil {
			t.Fatal(err)
		}
		had, err := command.Revoke(Holder{"bd-21997", "a1"}, "stolen\nPC")
		if !had || err != nil {
			t.Error(had, err)
		}
		time.Sleep(recheck)
		if got := serving.show(reply, true); got != api.CodeRevoked {
			t.Errorf("%q", got)
		}
		if a := serving.agent("bd-21997"); a.Revoked.Why != "stolenPC" || a.Revoked.At.IsZero() {
			t.Errorf("%+v", a.Revoked)
		}
		if _, problem := serving.Enrol(m.asks(t, token), ""); codeOf(problem) != api.CodeRevoked {
			t.Errorf("its invitation again: %v", problem)
		}
		if had, err := command.Revoke(Holder{"bd-21997", "a1"}, "again"); had || err != nil {
			t.Error("revoked twice:", had, err)
		}
		// It passed the door a moment before.
		id := api.Identity{Site: "bd-21997", Agent: "a1", Serial: chainOf(t, reply)[0].SerialNumber.Text(16)}
		if _, problem := serving.Renew(id, m.asks(t, ""), ""); codeOf(problem) != api.CodeRevoked {
			t.Errorf("within: %v", problem)
		}
		serving.enrol1(newMachine(t, "m2"), serving.invite("bd-21997", false))
	})
}

func TestARegistryFromABackupFollowsTheCertificates(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	first := w.enrol1(m, w.invite("bd-1", false))
	again := w.enrol1(m, w.invite("bd-2", false))
	path := filepath.Join(w.dir, "agents")
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := w.renew1(first, m)
	w.show(second, false)
	anew := w.enrol1(m, w.invite("bd-2", true))
	late := w.enrol1(m, w.invite("bd-3", false))
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	after := openWorld(t, w.dir)
	got := map[string]api.Code{}
	for _, of := range []struct {
		what  string
		reply api.EnrolReply
	}{{"renewed", second}, {"before that", first}, {"enrolled anew", anew}, {"before the new enrolment", again}, {"enrolled since", late}} {
		got[of.what] = after.show(of.reply, false)
	}
	want := map[string]api.Code{"renewed": "", "before that": api.CodeTwin, "enrolled anew": "", "before the new enrolment": api.CodeRevoked, "enrolled since": api.CodeUnauthorized}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, code := after.renew1(second, m); code != "" {
		t.Errorf("it cannot renew: %s", code)
	}
	if !strings.Contains(after.log.String(), "restored from a backup") {
		t.Errorf("not said: %s", after.log)
	}
}

func TestWhoRenewsWithoutEndIsToldToWait(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	reply, other := w.enrol1(m, w.invite("bd-1", false)), w.enrol1(m, w.invite("bd-2", false))
	var code api.Code
	for range renewBurst {
		if reply, code = w.renew1(reply, m); code != "" {
			t.Fatal(code)
		}
	}
	if _, code = w.renew1(reply, m); code != api.CodeTooMany {
		t.Errorf("%q", code)
	}
	if _, code = w.renew1(other, m); code != "" {
		t.Errorf("another one: %q", code)
	}
}
