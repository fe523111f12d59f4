package enrol

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// How long a refused agent is told to wait at least.
const (
	waitUnknown = time.Minute // what is not known here may be a moment later
	waitRefused = 15 * time.Minute
)

// Verifier tells who shows a client certificate. It needs the authority's certificate
// and the registry, and never the authority's key.
type Verifier struct {
	dir       string
	authority *x509.Certificate
	registry  *Registry
	keeps     bool // the registry is this machine's to write
	log       *slog.Logger

	used sync.Map               // Holder → the serial that was seen in use
	said atomic.Pointer[string] // what was last said of a registry that cannot be read
}

// OpenVerifier is for a machine that enrols nobody: it gets ca.crt, server.pem and,
// ever again, the registry from the one that does. It refuses to begin without the
// registry, since nothing would be revoked then.
func OpenVerifier(dir string, registry *Registry, log *slog.Logger) (*Verifier, error) {
	path := filepath.Join(dir, certificateFile)
	data, _, err := private(path, maxPEMBytes)
	if err != nil {
		return nil, fmt.Errorf("open verifier: %w; copy it from the machine that enrols", err)
	}
	authority, err := parseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("open verifier: %s: %w", path, err)
	}
	if !authority.IsCA {
		return nil, fmt.Errorf("open verifier: %s is not the certificate of an authority", path)
	}
	if registry.known.Load().file == nil {
		return nil, fmt.Errorf("open verifier: there is no %s; copy it from the machine that enrols, and go on copying it: it says who is revoked", registry.path)
	}
	return &Verifier{dir: dir, authority: authority, registry: registry, log: log}, nil
}

// ServerCertificate is the one that the machine with the authority's key made; call it
// again now and then.
func (v *Verifier) ServerCertificate() (tls.Certificate, error) {
	path := filepath.Join(v.dir, serverFile)
	data, _, err := private(path, maxPEMBytes)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read server certificate: %w; copy it from the machine that enrols", err)
	}
	certificate, err := tls.X509KeyPair(data, data)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read server certificate: %s: %w", path, err)
	}
	if err := certificate.Leaf.CheckSignatureFrom(v.authority); err != nil {
		return tls.Certificate{}, fmt.Errorf("read server certificate: %s is not of %s: %w", path, filepath.Join(v.dir, certificateFile), err)
	}
	return certificate, nil
}

// Certify tells whose certificate the first of a chain is, and whether it is good now;
// one that is expired may still be good for renewing. The caller has proven that it has
// its key. With a refusal of a certificate of ours comes the identity that it had.
func (v *Verifier) Certify(chain []*x509.Certificate, renewing bool) (api.Identity, *api.Error) {
	if len(chain) == 0 {
		return api.Identity{}, unauthorized("no certificate")
	}
	id, err := identityOf(chain[0], v.authority)
	if err != nil {
		return api.Identity{}, unauthorized("this certificate is not known: " + err.Error())
	}
	known := api.Identity{Site: id.Site, Agent: id.Agent, Via: "certificate", Serial: id.serial}
	agent, ok := v.registry.Agent(id.Holder)
	v.complain()
	if !ok {
		return known, unauthorized("the registry does not hold this agent: if that does not change, enrol it again")
	}
	used, _ := v.used.Load(id.Holder)
	stands := agent.stands(id, used == agent.Serial)
	if problem := agent.refusal(stands, id, time.Now(), renewing); problem != nil {
		return known, problem
	}
	v.notice(stands, agent, id, chain[0])
	return known, nil
}

// complain says once that revocations no longer arrive.
func (v *Verifier) complain() {
	text := ""
	if err := v.registry.Err(); err != nil {
		text = err.Error()
	}
	if before := v.said.Swap(&text); text != "" && (before == nil || *before != text) {
		v.log.Error("the registry of agents cannot be read: what was known before stays, and nobody is revoked", "error", text)
	}
}

// standing is what a certificate of ours is to the registry.
type standing int

const (
	inForce    standing = iota
	previous            // the one in force was not seen in use yet: its answer may be lost
	ahead               // newer than the registry, which is a copy that lags, or was restored from a backup
	superseded          // the one in force was seen in use, so this one is a copy or a restored backup
	revoked
	enrolledAnew
)

// stands is the whole of who may come in, dates apart. It goes by numbers that the
// authority signed, not by clocks, which may have been wrong on any day.
func (a Agent) stands(id identity, used bool) standing {
	switch {
	case id.enrolment < a.Enrolment:
		return enrolledAnew
	case id.enrolment > a.Enrolment:
		return ahead
	case !a.Revoked.At.IsZero():
		return revoked
	case id.number > a.Number:
		return ahead
	case id.serial == a.Serial:
		return inForce
	case id.serial == a.Previous && !used:
		return previous
	}
	return superseded
}

// refusal says why a certificate is not good now, nil if it is. A beginning that is
// still to come is none: only our authority can have signed it, on a day when its
// machine's clock was ahead, or is behind now.
func (a Agent) refusal(s standing, id identity, now time.Time, renewing bool) *api.Error {
	expired := now.Sub(id.notAfter)
	switch {
	case s == revoked:
		return &api.Error{Code: api.CodeRevoked, Message: "this agent was revoked: enrol it again", RetryAfter: waitRefused}
	case s == enrolledAnew:
		return &api.Error{Code: api.CodeRevoked, Message: "another enrolment of this agent took the place of this one: enrol it again", RetryAfter: waitRefused}
	case s == superseded:
		return &api.Error{Code: api.CodeTwin, RetryAfter: waitRefused, Message: fmt.Sprintf(
			"this certificate was renewed since by host %q (machine %.12s): this one is a copy of its disk or a restored backup; enrol it by itself", a.Host, a.machine())}
	case expired > Grace:
		return &api.Error{Code: api.CodeExpired, Message: "this certificate expired too long ago to be renewed: enrol again", RetryAfter: waitRefused}
	case expired > 0 && !renewing:
		return &api.Error{Code: api.CodeExpired, Message: "this certificate has expired: renew it", RetryAfter: waitUnknown}
	}
	return nil
}

func (a Agent) machine() string {
	if a.Other.Machine != "" {
		return a.Other.Machine
	}
	return a.Machine
}

// notice keeps what a good certificate shows: that the one in force has arrived, or
// that the registry is older than it. If it cannot be kept now, the next request
// brings it again.
func (v *Verifier) notice(s standing, agent Agent, id identity, certificate *x509.Certificate) {
	if s == inForce && agent.Previous != "" {
		v.used.Store(id.Holder, id.serial)
	}
	if !v.keeps || s != ahead && (s != inForce || agent.Previous == "") {
		return
	}
	err := v.registry.update(id.Holder, func(a *Agent) bool {
		switch a.stands(id, true) {
		case inForce:
			had := a.Previous != ""
			a.Previous = ""
			return had
		case ahead:
			v.log.Warn("an agent's certificate is newer than the registry: was it restored from a backup?", "site", id.Site, "agent", id.Agent, "serial", id.serial)
			a.adopt(id, certificate)
			return true
		}
		return false
	})
	if err != nil {
		v.log.Error("the registry of agents cannot be written", "site", id.Site, "error", err)
	}
}

// adopt takes over what the registry lost.
func (a *Agent) adopt(id identity, certificate *x509.Certificate) {
	if id.enrolment > a.Enrolment {
		a.Revoked, a.Twin, a.Invitation, a.Machine, a.Other, a.Enrolled = Note{}, Note{}, "", "", Other{}, now()
	}
	a.Enrolment, a.Number, a.Serial, a.Previous = id.enrolment, id.number, id.serial, ""
	a.Issued, a.NotAfter = certificate.NotBefore.Add(certificateBack), id.notAfter
	a.Key = hashOfSPKI(certificate.RawSubjectPublicKeyInfo)
}

func unauthorized(message string) *api.Error {
	return &api.Error{Code: api.CodeUnauthorized, Message: message, RetryAfter: waitUnknown}
}
