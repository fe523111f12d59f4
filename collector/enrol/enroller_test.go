package enrol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestAnInvitationGivesACertificateForItsOwnSiteWhateverTheRequestClaims(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	reply := w.enrol1(m, w.invite("bd-21997", false))
	chain := chainOf(t, reply)
	if len(chain) != 2 || !chain[1].Equal(w.deps.Authority.certificate) {
		t.Fatalf("%d certificates", len(chain))
	}
	leaf := chain[0]
	roots := x509.NewCertPool()
	roots.AddCert(chain[1])
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if leaf.Subject.CommonName != "bd-21997 a1" || len(leaf.Subject.Organization)+len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 || leaf.IsCA ||
		leaf.URIs[0].String() != "communewatch:bd-21997/a1?enrolment=1&certificate=1" {
		t.Errorf("%v %v %v", leaf.Subject, leaf.DNSNames, leaf.URIs)
	}
	if !m.key.PublicKey.Equal(leaf.PublicKey) {
		t.Error("it is for another key")
	}
	life, back := leaf.NotAfter.Sub(leaf.NotBefore), time.Since(leaf.NotBefore)
	if life != 37*daysLong || back < 7*daysLong || back > 7*daysLong+time.Minute || !reply.NotAfter.Equal(leaf.NotAfter) || reply.NotAfter.Sub(reply.RenewAfter) != 20*daysLong {
		t.Errorf("life %s, begins %s ago, renew %s", life, back, reply.RenewAfter)
	}
	id, problem := w.verifier.Certify(chain, false)
	want := api.Identity{Site: "bd-21997", Agent: "a1", Via: "certificate", Serial: leaf.SerialNumber.Text(16)}
	if d := cmp.Diff(want, id); d != "" || problem != nil {
		t.Error(d, problem)
	}
	if reply.Site != "bd-21997" || reply.Agent != "a1" || reply.Label != "Xã bd-21997" {
		t.Errorf("%+v", reply)
	}
}

func TestAnInvitationWorksOnceAndItsLostAnswerCanBeAskedForAgain(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-21997", false)
	m, thief := newMachine(t, "m1"), newMachine(t, "m2")
	first := w.enrol1(m, token)
	if d := cmp.Diff(first, w.enrol1(m, token)); d != "" {
		t.Error("asked again:", d)
	}
	after := openWorld(t, w.dir) // the collector was restarted before its answer arrived
	if d := cmp.Diff(first, after.enrol1(m, token)); d != "" {
		t.Error("after a restart:", d)
	}
	for what, of := range map[string]struct {
		token string
		want  api.Code
	}{
		"the used one": {token, api.CodeTokenUsed},
		"none":         {"", api.CodeUnauthorized},
		"a guess":      {"cwi_" + strings.Repeat("A", 43), api.CodeUnauthorized},
		"a long one":   {strings.Repeat("x", 1<<14), api.CodeUnauthorized},
	} {
		if _, problem := w.Enrol(thief.asks(t, of.token), "192.0.2.66"); codeOf(problem) != of.want {
			t.Errorf("another key with %s: %v, want %s", what, problem, of.want)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "192.0.2.66") || !strings.Contains(log, "first_host=PC-m1") || strings.Contains(log, token) {
		t.Errorf("the thief is not named, or the token is: %s", log)
	}
	if got := w.show(first, false); got != "" {
		t.Errorf("the first is %s", got)
	}
}

func TestAnInvitationThatExpiredOrWasReplacedIsToldApart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, dir)
		m := newMachine(t, "m1")
		replaced := w.invite("bd-21997", false)
		used := w.invite("bd-21997", false)
		if _, problem := w.Enrol(m.asks(t, replaced), ""); codeOf(problem) != api.CodeUnauthorized {
			t.Errorf("replaced: %v", problem)
		}
		w.enrol1(m, used)
		late := w.invite("bd-21550", false)
		time.Sleep(InvitationLife)
		if _, problem := w.Enrol(m.asks(t, late), ""); codeOf(problem) != api.CodeTokenExpired {
			t.Errorf("expired: %v", problem)
		}
		if _, problem := w.Enrol(m.asks(t, used), ""); codeOf(problem) != api.CodeTokenExpired {
			t.Errorf("used and expired, same key: %v", problem)
		}
		if _, problem := w.Enrol(newMachine(t, "m2").asks(t, used), ""); codeOf(problem) != api.CodeTokenUsed {
			t.Errorf("used and expired, another key: %v", problem)
		}
		time.Sleep(remembered + time.Second)
		w.invite("bd-1", false) // who issues, clears up
		if _, problem := w.Enrol(m.asks(t, late), ""); codeOf(problem) != api.CodeUnauthorized || len(w.deps.Invitations.latest()) != 1 {
			t.Errorf("long expired: %v, %d kept", problem, len(w.deps.Invitations.latest()))
		}
	})
}

func TestOfTwoMachinesWithOneInvitationAtTheSameMomentExactlyOneIsEnrolled(t *testing.T) {
	for range 5 {
		w := newWorld(t)
		token := w.invite("bd-21997", false)
		var group sync.WaitGroup
		codes := make(chan api.Code, 8)
		for i := range 8 {
			other := openWorld(t, w.dir) // its own locks, as another process has
			m := newMachine(t, string(rune('a'+i)))
			group.Go(func() {
				_, problem := other.Enrol(m.asks(t, token), "")
				codes <- codeOf(problem)
			})
		}
		group.Wait()
		close(codes)
		got := map[api.Code]int{}
		for code := range codes {
			got[code]++
		}
		if d := cmp.Diff(map[api.Code]int{"": 1, api.CodeTokenUsed: 7}, got); d != "" {
			t.Error(d)
		}
	}
}

func TestAPowerCutBetweenTheFilesLeavesAnInvitationUsed(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-21997", false)
	path := filepath.Join(w.dir, "invitations")
	unused, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, "m1")
	first := w.enrol1(m, token)
	if err := os.WriteFile(path, unused, 0o600); err != nil { // the registry was written, this was not
		t.Fatal(err)
	}
	after := openWorld(t, w.dir)
	if _, problem := after.Enrol(newMachine(t, "m2").asks(t, token), ""); codeOf(problem) != api.CodeTokenUsed {
		t.Errorf("another key: %v", problem)
	}
	if d := cmp.Diff(first, after.enrol1(m, token)); d != "" {
		t.Error(d)
	}
	for _, i := range after.deps.Invitations.latest() {
		if !i.Used {
			t.Error("it is still open")
		}
	}
}

func TestWhatCannotBeKeptIsNotGiven(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-21997", false)
	m := newMachine(t, "m1")
	limit := w.deps.Registry.limit
	w.deps.Registry.limit = 100 // bytes: as a full disk
	if _, problem := w.Enrol(m.asks(t, token), ""); codeOf(problem) != api.CodeUnavailable {
		t.Errorf("%v", problem)
	}
	if _, ok := w.deps.Registry.Agent(Holder{"bd-21997", "a1"}); ok {
		t.Error("it is known nevertheless")
	}
	w.deps.Registry.limit = limit
	w.enrol1(m, token)
}

func TestASiteWithAnAgentIsEnrolledAgainOnlyIfThatIsMeant(t *testing.T) {
	w := newWorld(t)
	old, fresh := newMachine(t, "m1"), newMachine(t, "m2")
	token, err := w.deps.Tokens.Issue("bd-21997", "a1")
	if err != nil {
		t.Fatal(err)
	}
	if _, problem := w.Enrol(old.asks(t, "cwi_"+strings.Repeat("B", 43)), ""); problem == nil {
		t.Fatal("a guess works")
	}
	if _, ok := w.deps.Tokens.Identify(token); !ok {
		t.Error("a guess ended the site's token")
	}
	first := w.enrol1(old, w.invite("bd-21997", false))
	if _, ok := w.deps.Tokens.Identify(token); ok {
		t.Error("the site's token still opens the door")
	}
	if _, problem := w.Enrol(fresh.asks(t, w.invite("bd-21997", false)), ""); codeOf(problem) != api.CodeForbidden {
		t.Errorf("a plain invitation: %v", problem)
	}
	again := w.invite("bd-21997", true)
	if got := w.show(first, false); got != "" {
		t.Errorf("before the new one enrols the old one is %s", got)
	}
	second := w.enrol1(fresh, again)
	if got := [2]api.Code{w.show(first, true), w.show(second, false)}; got != [2]api.Code{api.CodeRevoked, ""} {
		t.Errorf("old, new: %v", got)
	}
	if a := w.agent("bd-21997"); a.Enrolment != 2 || a.Number != 1 || a.Machine != "m2" {
		t.Errorf("%+v", a)
	}
}

func TestAUsedInvitationStaysUsedAfterItsAgentWasReplaced(t *testing.T) {
	w := newWorld(t)
	m, thief := newMachine(t, "m1"), newMachine(t, "m2")
	first := w.invite("bd-21997", true)
	w.enrol1(m, first)
	w.enrol1(newMachine(t, "m3"), w.invite("bd-21997", true))
	for what, who := range map[string]machine{"its own key": m, "another key": thief} {
		if _, problem := w.Enrol(who.asks(t, first), ""); codeOf(problem) != api.CodeTokenUsed {
			t.Errorf("%s: %v", what, problem)
		}
	}
}

func TestAnInvitationThatAnotherProcessIssuedIsKnownAtOnce(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	for _, site := range []string{"bd-1", "bd-2", "bd-3"} {
		w.enrol1(m, openWorld(t, w.dir).invite(site, false))
	}
}

func TestNothingButAKeyThatProvesItselfIsCertified(t *testing.T) {
	w := newWorld(t)
	token := w.invite("bd-21997", false)
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := csrOf(t, newMachine(t, "m1").key)
	other := []byte(csrOf(t, newMachine(t, "m1").key))
	other[len(other)/2] ^= 1
	for csr, want := range map[string]string{
		"":                    "csr is not one CERTIFICATE REQUEST in PEM",
		csrOf(t, large):       "the csr's key is not ECDSA P-256",
		csrOf(t, p384):        "the csr's key is not ECDSA P-256",
		good + good:           "csr is not one CERTIFICATE REQUEST in PEM",
		string(other):         "",
		missigned(t):          "the csr is not signed by its own key",
		strings.ToLower(good): "csr is not one CERTIFICATE REQUEST in PEM",
	} {
		_, problem := w.Enrol(api.EnrolRequest{Token: token, CSR: csr}, "")
		if codeOf(problem) != api.CodeUnreadable || want != "" && problem.Message != want {
			t.Errorf("%.40q: %v, want %s", csr, problem, want)
		}
	}
	r := newMachine(t, "m1").asks(t, token)
	r.Machine = strings.Repeat("x", api.MaxMachine+1)
	if _, problem := w.Enrol(r, ""); codeOf(problem) != api.CodeUnreadable {
		t.Errorf("a long machine: %v", problem)
	}
	w.enrol1(newMachine(t, "m1"), token) // none of them used it up
}

// missigned is a request whose signature is not its key's.
func missigned(t *testing.T) string {
	t.Helper()
	block, _ := pem.Decode([]byte(csrOf(t, newMachine(t, "a").key)))
	block.Bytes[len(block.Bytes)-1] ^= 1
	return string(pem.EncodeToMemory(block))
}

func TestWhatAStrangerSaysOfItselfSpoilsNoFileAndNoLog(t *testing.T) {
	w := newWorld(t)
	r := newMachine(t, "m1").asks(t, w.invite("bd-21997", false))
	r.Host = "PC\n{\"site\":\"bd-1\"}\x00\u202e\xff" + strings.Repeat("ố", 500)
	r.Version, r.OS = strings.Repeat("9", 10_000), "\r\nlevel=ERROR"
	if _, problem := w.Enrol(r, "192.0.2.1\n"); problem != nil {
		t.Fatal(problem)
	}
	after := openWorld(t, w.dir)
	a := after.agent("bd-21997")
	if len(a.Host) > maxHost || strings.ContainsAny(a.Host, "\n\x00\u202e") || len(a.Version) != maxWord || a.OS != "level=ERROR" || len(after.deps.Registry.Agents()) != 1 {
		t.Errorf("%+v", a)
	}
	if strings.Count(w.log.String(), "\n") != 1 {
		t.Errorf("%q", w.log)
	}
}
