package enrol

import (
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestWhoComesInGoesByNumbersThatTheAuthoritySigned(t *testing.T) {
	known := Agent{Enrolment: 3, Number: 5, Serial: "f5", Previous: "f4"}
	ended := known
	ended.Revoked.At = time.Now()
	for what, of := range map[string]struct {
		agent Agent
		id    identity
		used  bool
		want  standing
	}{
		"the one in force":                   {known, identity{enrolment: 3, number: 5, serial: "f5"}, false, inForce},
		"the one before, unused":             {known, identity{enrolment: 3, number: 4, serial: "f4"}, false, previous},
		"the one before, used":               {known, identity{enrolment: 3, number: 4, serial: "f4"}, true, superseded},
		"the one before that":                {known, identity{enrolment: 3, number: 3, serial: "f3"}, false, superseded},
		"the same number, never in force":    {known, identity{enrolment: 3, number: 5, serial: "f6"}, false, superseded},
		"a newer one":                        {known, identity{enrolment: 3, number: 6, serial: "f6"}, false, ahead},
		"of a newer enrolment":               {known, identity{enrolment: 4, number: 1, serial: "a1"}, false, ahead},
		"of an older enrolment":              {known, identity{enrolment: 2, number: 9, serial: "b9"}, false, enrolledAnew},
		"of an older enrolment, same serial": {known, identity{enrolment: 2, number: 5, serial: "f5"}, false, enrolledAnew},
		"revoked":                            {ended, identity{enrolment: 3, number: 5, serial: "f5"}, false, revoked},
		"revoked, a newer one":               {ended, identity{enrolment: 3, number: 6, serial: "f6"}, false, revoked},
		"revoked, enrolled since":            {ended, identity{enrolment: 4, number: 1, serial: "a1"}, false, ahead},
		"revoked, of an older enrolment":     {ended, identity{enrolment: 2, number: 1, serial: "c1"}, false, enrolledAnew},
	} {
		if got := of.agent.stands(of.id, of.used); got != of.want {
			t.Errorf("%s: %d, want %d", what, got, of.want)
		}
	}
}

func TestACertificateThatIsNotAnAgentsOpensNothing(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	w.enrol1(m, w.invite("bd-21997", false))
	server, err := w.deps.Authority.ServerCertificate(loopback)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := newWorld(t)
	foreign := elsewhere.enrol1(m, elsewhere.invite("bd-21997", false))
	unknown := w.enrol1(m, w.invite("bd-1", false))
	if err := w.deps.Registry.change(func(all map[Holder]Agent) (map[Holder]Agent, error) {
		after := with(all, Agent{Holder: Holder{"bd-1", "a1"}})
		delete(after, Holder{"bd-1", "a1"})
		return after, nil
	}); err != nil {
		t.Fatal(err)
	}
	for what, chain := range map[string][]*x509.Certificate{
		"none":                        nil,
		"the server's":                {server.Leaf},
		"the authority's":             {w.deps.Authority.certificate},
		"of another authority":        chainOf(t, foreign),
		"not held by the registry":    chainOf(t, unknown),
		"without its chain, foreign":  chainOf(t, foreign)[:1],
		"for servers":                 {w.sign(t, "communewatch:bd-21997/a1?enrolment=1&certificate=1", x509.ExtKeyUsageServerAuth, false)},
		"for anything":                {w.sign(t, "communewatch:bd-21997/a1?enrolment=1&certificate=1", x509.ExtKeyUsageAny, false)},
		"of an authority below":       {w.sign(t, "communewatch:bd-21997/a1?enrolment=1&certificate=1", x509.ExtKeyUsageClientAuth, true)},
		"with a name of another form": {w.sign(t, "communewatch:bd-21997/a1?certificate=1&enrolment=1", x509.ExtKeyUsageClientAuth, false)},
		"with more in its name":       {w.sign(t, "communewatch:bd-21997/a1?enrolment=1&certificate=1&site=bd-1", x509.ExtKeyUsageClientAuth, false)},
		"of a host":                   {w.sign(t, "communewatch://bd-21997/a1?enrolment=1&certificate=1", x509.ExtKeyUsageClientAuth, false)},
	} {
		id, problem := w.verifier.Certify(chain, true)
		if codeOf(problem) != api.CodeUnauthorized {
			t.Errorf("%s: %v, %v", what, id, problem)
		}
	}
	right := w.sign(t, "communewatch:bd-21997/a1?enrolment=1&certificate=1", x509.ExtKeyUsageClientAuth, false)
	if _, problem := w.verifier.Certify([]*x509.Certificate{right}, true); codeOf(problem) != api.CodeTwin {
		t.Errorf("what is wrong with those is not what it seems: %v", problem)
	}
}

// sign is a certificate of the authority's that no agent was given.
func (w *world) sign(t *testing.T, name string, purpose x509.ExtKeyUsage, authority bool) *x509.Certificate {
	t.Helper()
	uri, err := url.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	a := w.deps.Authority
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7), URIs: []*url.URL{uri}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{purpose}, IsCA: authority, BasicConstraintsValid: true}, a.certificate, newMachine(t, "m").key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// replica is a machine that verifies, with the files of the one that enrols, and no more.
func replica(t *testing.T, w *world) (dir string) {
	t.Helper()
	if _, err := w.deps.Authority.ServerCertificate(loopback); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"agents", "keys/" + certificateFile, "keys/" + serverFile} {
		sendFile(t, filepath.Join(w.dir, name), filepath.Join(dir, name))
	}
	return dir
}

func sendFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(to+".new", to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openReplica(t *testing.T, dir string) *Verifier {
	t.Helper()
	registry, err := OpenRegistry(filepath.Join(dir, "agents"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := OpenVerifier(filepath.Join(dir, "keys"), registry, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAMachineWithoutTheAuthoritysKeyVerifiesAndLags(t *testing.T) {
	w := newWorld(t)
	m := newMachine(t, "m1")
	first := w.enrol1(m, w.invite("bd-21997", false))
	dir := replica(t, w)
	v := openReplica(t, dir)
	code := func(r api.EnrolReply) api.Code {
		_, problem := v.Certify(chainOf(t, r), false)
		return codeOf(problem)
	}
	certificate, err := v.ServerCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if err := dial(t, certificate, pinned(w.deps.Authority.Pin(), "127.0.0.1")); err != nil {
		t.Error(err)
	}
	second, _ := w.renew1(first, m)
	late := w.enrol1(m, w.invite("bd-1", false))
	if got := [3]api.Code{code(first), code(second), code(late)}; got != [3]api.Code{"", "", api.CodeUnauthorized} {
		t.Errorf("before the copy: %q", got)
	}
	sendFile(t, filepath.Join(w.dir, "agents"), filepath.Join(dir, "agents"))
	v.registry.latest()
	if got := [4]api.Code{code(first), code(second), code(first), code(late)}; got != [4]api.Code{"", "", api.CodeTwin, ""} {
		t.Errorf("after it: %q", got)
	}
	before, err := os.ReadFile(filepath.Join(dir, "agents"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.deps.Registry.Revoke(Holder{"bd-21997", "a1"}, ""); err != nil {
		t.Fatal(err)
	}
	sendFile(t, filepath.Join(w.dir, "agents"), filepath.Join(dir, "agents"))
	v.registry.latest()
	if got := code(second); got != api.CodeRevoked {
		t.Errorf("revoked elsewhere: %q", got)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "keys")); err != nil || len(left) != 2 || len(before) == 0 {
		t.Errorf("it made files: %v, %v", left, err)
	}
}

func TestAMachineThatVerifiesDoesNotBeginWithoutItsFiles(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string]string{
		"agents": "it says who is revoked", "keys/" + certificateFile: "copy it from the machine that enrols",
	} {
		dir := replica(t, w)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		registry, err := OpenRegistry(filepath.Join(dir, "agents"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenVerifier(filepath.Join(dir, "keys"), registry, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	dir, other := replica(t, w), newWorld(t)
	sendFile(t, filepath.Join(replica(t, other), "keys", serverFile), filepath.Join(dir, "keys", serverFile))
	if _, err := openReplica(t, dir).ServerCertificate(); err == nil || !strings.Contains(err.Error(), "is not of") {
		t.Errorf("with another authority's server.pem: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "keys", serverFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := openReplica(t, dir).ServerCertificate(); err == nil {
		t.Error("without server.pem it serves")
	}
}
