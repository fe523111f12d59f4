package enrol

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"communewatch/collector/api"
)

// What one agent may renew: its own schedule wants it every ten days.
const (
	renewEvery = time.Minute
	renewBurst = 10
)

// EnrollerDeps are what enrolling needs. The files of registry, invitations and tokens
// stand in one folder.
type EnrollerDeps struct {
	Authority   *Authority
	Registry    *Registry
	Invitations *Invitations
	Tokens      *Tokens
	Label       func(site string) string // as people read it: "Xã Vĩnh Sơn"
	Log         *slog.Logger
}

// Enroller gives agents their certificates. It alone uses the authority's key for them.
type Enroller struct {
	deps EnrollerDeps

	mu    sync.Mutex
	paces map[Holder]*rate.Limiter // of who renewed since the start: as many as the registry holds, at most
}

// NewEnroller also makes the registry's file if there is none, so that it can be copied
// to machines that only verify.
func NewEnroller(deps EnrollerDeps) (*Enroller, error) {
	if deps.Authority == nil || deps.Registry == nil || deps.Invitations == nil || deps.Tokens == nil || deps.Label == nil || deps.Log == nil {
		return nil, errors.New("an enroller needs an authority, a registry, invitations, tokens, labels and a log")
	}
	err := deps.Registry.change(func(all map[Holder]Agent) (map[Holder]Agent, error) {
		if len(all) > 0 {
			return nil, errUnchanged
		}
		return all, nil
	})
	if err != nil {
		return nil, fmt.Errorf("open enroller: %w", err)
	}
	return &Enroller{deps: deps, paces: map[Holder]*rate.Limiter{}}, nil
}

// Verifier tells who shows a certificate, and keeps in the registry what that shows.
func (e *Enroller) Verifier() *Verifier {
	return &Verifier{dir: e.deps.Authority.dir, authority: e.deps.Authority.certificate, registry: e.deps.Registry, keeps: true, log: e.deps.Log}
}

// Enrol gives an agent its first certificate for an invitation, or the same one again
// to who asks again with the same key: its answer was lost. What counts is on the disk
// before there is an answer.
func (e *Enroller) Enrol(r api.EnrolRequest, address string) (api.EnrolReply, *api.Error) {
	if !wellFormed(r.Token) || !e.invited(hashOf(r.Token)) {
		return api.EnrolReply{}, unauthorized("this invitation is not known, or a newer one took its place")
	}
	who, problem := readApplicant(r, address)
	if problem != nil {
		return api.EnrolReply{}, problem
	}
	var agent Agent
	err := e.deps.Registry.alone(func() (err error) {
		agent, err = e.enrol(hashOf(r.Token), who)
		return err
	})
	if err == nil {
		// The old way in ends where the new one begins.
		_, err = e.deps.Tokens.Withdraw(agent.Site, agent.Agent)
	}
	if err != nil {
		return api.EnrolReply{}, e.problem("enrol", err)
	}
	return e.reply(agent, who)
}

// invited looks twice: an invitation may be used within the second in which it was issued.
func (e *Enroller) invited(sum hash) bool {
	if _, ok := e.deps.Invitations.now()[sum]; ok {
		return true
	}
	_, ok := e.deps.Invitations.latest()[sum]
	return ok
}

// enrol decides on an invitation. The registry is written first and is the truth: an
// invitation that it names is used, whatever the other file says after a power cut.
func (e *Enroller) enrol(sum hash, who applicant) (Agent, error) {
	invitations, err := e.deps.Invitations.fresh()
	if err != nil {
		return Agent{}, err
	}
	agents, err := e.deps.Registry.fresh()
	if err != nil {
		return Agent{}, err
	}
	invited, ok := invitations[sum]
	if !ok {
		return Agent{}, unauthorized("this invitation is not known, or a newer one took its place")
	}
	old, had := agents[invited.Holder]
	name := hex.EncodeToString(sum[:])
	at := now()
	switch {
	case invited.Used || had && old.Invitation == name:
		if err := old.sameAgain(name, who, at, invited); err != nil {
			e.deps.Log.Warn("an invitation was used again", "site", invited.Site, "host", who.host, "address", who.address, "first_host", old.Host, "first_address", old.Address, "error", err)
			return Agent{}, err
		}
		return old, e.deps.Invitations.use(sum)
	case !at.Before(invited.Expires):
		return Agent{}, &api.Error{Code: api.CodeTokenExpired, Message: "this invitation expired at " + invited.Expires.Format(time.RFC3339) + ": ask for a new one"}
	case had && old.Live(at) && !invited.Again:
		return Agent{}, &api.Error{Code: api.CodeForbidden, Message: "this site has an agent: revoke it first, or ask for an invitation to re-enrol"}
	}
	fresh, err := who.certified(Agent{Holder: invited.Holder, Enrolment: old.Enrolment + 1, Invitation: name, Machine: who.machine, Enrolled: at}, at)
	if err == nil {
		err = e.deps.Registry.put(fresh)
	}
	if err != nil {
		return Agent{}, err
	}
	e.deps.Log.Info("an agent was enrolled", "site", fresh.Site, "agent", fresh.Agent, "enrolment", fresh.Enrolment, "serial", fresh.Serial, "host", fresh.Host, "os", fresh.OS, "version", fresh.Version, "address", fresh.Address)
	return fresh, e.deps.Invitations.use(sum)
}

// sameAgain tells whether who holds the key of the certificate that the invitation gave
// asks for it again.
func (a Agent) sameAgain(invitation string, who applicant, at time.Time, invited Invited) error {
	switch {
	case a.Invitation != invitation || a.Key != who.keyHash:
		return &api.Error{Code: api.CodeTokenUsed, Message: "this invitation was used by another key: ask for a new one, and find out who used it if it was not this office"}
	case !a.Revoked.At.IsZero():
		return &api.Error{Code: api.CodeRevoked, Message: "this agent was revoked: ask for a new invitation"}
	case !at.Before(invited.Expires):
		return &api.Error{Code: api.CodeTokenExpired, Message: "this invitation was used and has expired: ask for a new one"}
	}
	return nil
}

// Renew gives a new certificate for one that [Verifier.Certify] found good for renewing.
// The old one stays good until the new one was seen in use.
func (e *Enroller) Renew(id api.Identity, r api.EnrolRequest, address string) (api.EnrolReply, *api.Error) {
	holder := Holder{id.Site, id.Agent}
	if !e.pace(holder).Allow() {
		return api.EnrolReply{}, &api.Error{Code: api.CodeTooMany, Message: "renewed too often", RetryAfter: renewEvery}
	}
	who, problem := readApplicant(r, address)
	if problem != nil {
		return api.EnrolReply{}, problem
	}
	var agent Agent
	err := e.deps.Registry.alone(func() (err error) {
		agent, err = e.renew(holder, id.Serial, who)
		return err
	})
	if err != nil {
		return api.EnrolReply{}, e.problem("renew", err)
	}
	return e.reply(agent, who)
}

func (e *Enroller) renew(holder Holder, serial string, who applicant) (Agent, error) {
	agents, err := e.deps.Registry.fresh()
	if err != nil {
		return Agent{}, err
	}
	agent, ok := agents[holder]
	switch {
	case !ok:
		return Agent{}, unauthorized("the registry does not hold this agent: enrol it again")
	case !agent.Revoked.At.IsZero():
		return Agent{}, &api.Error{Code: api.CodeRevoked, Message: "this agent was revoked: enrol it again", RetryAfter: waitRefused}
	case serial == agent.Previous && who.keyHash == agent.Key:
		return agent, nil // its answer was lost
	case serial != agent.Serial && serial != agent.Previous:
		return Agent{}, &api.Error{Code: api.CodeTwin, Message: "this certificate was renewed since, by another machine: enrol this one by itself", RetryAfter: waitRefused}
	}
	e.compare(agent, who)
	next, err := who.certified(agent, now())
	if err != nil {
		return Agent{}, err
	}
	next.Previous, next.Other = serial, agent.other(who.machine)
	return next, e.deps.Registry.put(next)
}

// compare names a machine that is not the one that was enrolled. That alone refuses
// nobody: a network card may have been replaced.
func (e *Enroller) compare(agent Agent, who applicant) {
	if other := agent.other(who.machine); other.Machine != "" && other.Machine != agent.Other.Machine {
		e.deps.Log.Warn("another machine renews an agent's certificate: a replaced part, or a copy of its disk", "site", agent.Site, "agent", agent.Agent,
			"machine", agent.Machine, "host", agent.Host, "address", agent.Address,
			"other_machine", who.machine, "other_host", who.host, "other_address", who.address)
	}
}

func (a Agent) other(machine string) Other {
	switch machine {
	case "", a.Machine:
		return Other{}
	case a.Other.Machine:
		return a.Other
	}
	return Other{machine, now()}
}

func (e *Enroller) pace(who Holder) *rate.Limiter {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.paces[who] == nil {
		e.paces[who] = rate.NewLimiter(rate.Every(renewEvery), renewBurst)
	}
	return e.paces[who]
}

func (e *Enroller) reply(agent Agent, who applicant) (api.EnrolReply, *api.Error) {
	chain, err := e.deps.Authority.certify(agent, who.key)
	if err != nil {
		return api.EnrolReply{}, e.problem("certify", err)
	}
	return api.EnrolReply{
		Certificate: string(chain), Site: agent.Site, Agent: agent.Agent, Label: e.deps.Label(agent.Site),
		RenewAfter: agent.Issued.Add(RenewAfter), NotAfter: agent.NotAfter,
	}, nil
}

// problem makes an answer of what went wrong: a refusal is one, all else is ours.
func (e *Enroller) problem(what string, err error) *api.Error {
	var refusal *api.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	e.deps.Log.Error("cannot "+what, "error", err)
	return &api.Error{Code: api.CodeUnavailable, Message: "cannot " + what + " now", RetryAfter: waitUnknown}
}
