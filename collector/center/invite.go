package center

import (
	"errors"
	"fmt"
	"os"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
)

// agentName is the one agent that a site has.
const agentName = "a1"

// Refusals of [Invite] and [Revoke], which a person is told with what to do.
var (
	ErrNotEnrolling = errors.New("this machine's roles lack enrol")
	ErrHasAgent     = errors.New("the site has an agent")
	ErrNoAgent      = errors.New("the site has no agent, token or invitation")
)

// Invite makes an invitation for a site, which a running collector knows at once. A
// site with an agent is invited again only if that is meant.
func Invite(cfg Config, site, url string, life time.Duration, again bool) (api.Invitation, time.Time, error) {
	if !cfg.Has(RoleEnrol) {
		return api.Invitation{}, time.Time{}, ErrNotEnrolling
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return api.Invitation{}, time.Time{}, fmt.Errorf("make data folder: %w", err)
	}
	authority, err := enrol.OpenAuthority(KeysDir(cfg.Data))
	if err != nil {
		return api.Invitation{}, time.Time{}, err
	}
	registry, err := enrol.OpenRegistry(AgentsFile(cfg.Data))
	if err != nil {
		return api.Invitation{}, time.Time{}, err
	}
	if agent, ok := registry.Agent(enrol.Holder{Site: site, Agent: agentName}); ok && agent.Live(time.Now()) && !again {
		return api.Invitation{}, time.Time{}, ErrHasAgent
	}
	invitations, err := enrol.OpenInvitations(InvitationsFile(cfg.Data))
	if err != nil {
		return api.Invitation{}, time.Time{}, err
	}
	token, issued, err := invitations.Issue(site, agentName, life, again)
	return api.Invitation{URL: url, Site: site, Pin: authority.Pin(), Token: token}, issued.Expires, err
}

// Revoked is what a site had and has no more.
type Revoked struct{ Certificate, Token, Invitation bool }

// Revoke ends all ways in that a site has. A running collector knows it a second later.
func Revoke(cfg Config, site, why string) (Revoked, error) {
	if !cfg.Has(RoleEnrol) {
		return Revoked{}, ErrNotEnrolling
	}
	registry, err := enrol.OpenRegistry(AgentsFile(cfg.Data))
	if err != nil {
		return Revoked{}, err
	}
	tokens, err := enrol.OpenTokens(TokensFile(cfg.Data))
	if err != nil {
		return Revoked{}, err
	}
	invitations, err := enrol.OpenInvitations(InvitationsFile(cfg.Data))
	if err != nil {
		return Revoked{}, err
	}
	// The invitation first: who has it would otherwise be enrolled between the two.
	var done Revoked
	var failed [3]error
	done.Invitation, failed[0] = invitations.Withdraw(site, agentName)
	done.Certificate, failed[1] = registry.Revoke(enrol.Holder{Site: site, Agent: agentName}, why)
	done.Token, failed[2] = tokens.Withdraw(site, agentName)
	if err := errors.Join(failed[:]...); err != nil {
		return done, err
	}
	if done == (Revoked{}) {
		return done, ErrNoAgent
	}
	return done, nil
}
