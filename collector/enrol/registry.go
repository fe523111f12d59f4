package enrol

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Agent is what is known of an enrolled agent: who it is and which certificate of its
// is in force. Times are the collector's.
type Agent struct {
	Holder
	Enrolment int // how often this agent was enrolled, from 1
	Number    int // of the certificate in force, from 1 at each enrolment

	Serial     string // of the certificate in force, hexadecimal
	Previous   string // of the one before, until that in force was seen in use
	Key        string // SHA-256 of the public key, hexadecimal
	Invitation string // SHA-256 of the invitation, hexadecimal
	NotAfter   time.Time

	Machine string // the machine's own hash at enrolment
	Other   Other  // another machine's, which renewed since
	Host    string // as the agent last said
	OS      string
	Arch    string
	Version string
	Address string // from where it last enrolled or renewed

	Enrolled time.Time
	Issued   time.Time // the certificate in force
	Revoked  Note
	Twin     Note // when a copy was last noticed, and what of it
}

// Other is a machine hash that is not the one of the enrolment.
type Other struct {
	Machine string
	Since   time.Time
}

// Note is an event and what is said of it.
type Note struct {
	At  time.Time
	Why string
}

// maxAgents bounds the file: a country has about 11,000 communes.
const maxAgents = 50_000

// Registry are the agents that were ever enrolled.
type Registry struct{ *shared[map[Holder]Agent] }

// OpenRegistry reads a file of agents; one that is not there is empty, but one that
// vanishes later is not: nothing that was revoked becomes good by it. The folder must
// exist.
func OpenRegistry(path string) (*Registry, error) {
	file, err := openShared(path, maxAgents*maxAgentLine, form[map[Holder]Agent]{encode: encodeAgents, parse: parseAgents, kept: true})
	if err != nil {
		return nil, fmt.Errorf("open registry of agents: %w", err)
	}
	return &Registry{file}, nil
}

// Agents are all of them, by site and agent.
func (r *Registry) Agents() []Agent { return sortedAgents(r.now()) }

func sortedAgents(by map[Holder]Agent) []Agent {
	all := slices.Collect(maps.Values(by))
	slices.SortFunc(all, func(a, b Agent) int { return a.Holder.compare(b.Holder) })
	return all
}

// Agent finds one.
func (r *Registry) Agent(who Holder) (Agent, bool) {
	a, ok := r.now()[who]
	return a, ok
}

// Live tells whether the agent has a certificate with which it may renew: there is no
// place for another one beside it.
func (a Agent) Live(now time.Time) bool {
	return a.Revoked.At.IsZero() && now.Before(a.NotAfter.Add(Grace))
}

// Revoke ends all certificates of an agent, and tells whether it had one.
func (r *Registry) Revoke(who Holder, why string) (bool, error) {
	had := false
	err := r.update(who, func(a *Agent) bool {
		had = a.Revoked.At.IsZero()
		a.Revoked = Note{now(), clean(why, maxWhy)}
		return had
	})
	if err != nil {
		return false, fmt.Errorf("revoke: %w", err)
	}
	return had, nil
}

// NoteTwin keeps that a copy of an agent was noticed, for the people at the centre.
func (r *Registry) NoteTwin(who Holder, what string) error {
	err := r.update(who, func(a *Agent) bool {
		a.Twin = Note{now(), clean(what, maxWhy)}
		return true
	})
	if err != nil {
		return fmt.Errorf("note a twin: %w", err)
	}
	return nil
}

// update changes one agent if it is there and change says so.
func (r *Registry) update(who Holder, change func(*Agent) bool) error {
	return r.change(func(before map[Holder]Agent) (map[Holder]Agent, error) {
		a, ok := before[who]
		if !ok || !change(&a) {
			return nil, errUnchanged
		}
		return with(before, a), nil
	})
}

// put keeps an agent, for who has the folder's lock.
func (r *Registry) put(a Agent) error {
	return r.edit(func(before map[Holder]Agent) (map[Holder]Agent, error) {
		after := with(before, a)
		if len(after) > maxAgents {
			return nil, fmt.Errorf("more than %d agents in %s", maxAgents, r.path)
		}
		return after, nil
	})
}

func with(before map[Holder]Agent, a Agent) map[Holder]Agent {
	after := maps.Clone(before)
	after[a.Holder] = a
	return after
}

// now is the time as it is kept.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
