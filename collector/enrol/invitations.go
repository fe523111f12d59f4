package enrol

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Life of an invitation.
const (
	InvitationLife    = 72 * time.Hour
	MaxInvitationLife = 30 * 24 * time.Hour
	minInvitationLife = time.Minute
	// remembered is for how long an invitation that expired is told from one that
	// never was, so that a person hears which of the two it is.
	remembered = 30 * 24 * time.Hour
)

const (
	invitationPrefix = "cwi_"
	maxInvitations   = 50_000
)

var invitationLength = len(invitationPrefix) + tokenLength - len(tokenPrefix)

// Holder is one agent of a site.
type Holder struct{ Site, Agent string }

func (h Holder) compare(other Holder) int {
	if c := strings.Compare(h.Site, other.Site); c != 0 {
		return c
	}
	return strings.Compare(h.Agent, other.Agent)
}

// Invited is an invitation that was issued; the token is nowhere but with whom it was
// given to.
type Invited struct {
	Holder
	Issued, Expires time.Time
	Again           bool // may take the place of an agent that is there
	Used            bool
}

// Invitations are the invitations issued, of which only hashes are kept, beside the
// tokens and with the same care.
type Invitations struct{ *shared[map[hash]Invited] }

// OpenInvitations reads a file of invitations; one that is not there is empty. The
// folder must exist.
func OpenInvitations(path string) (*Invitations, error) {
	file, err := openShared(path, maxInvitations*maxInvitationLine, form[map[hash]Invited]{encode: encodeInvitations, parse: parseInvitations})
	if err != nil {
		return nil, fmt.Errorf("open invitations: %w", err)
	}
	return &Invitations{file}, nil
}

// Issue makes an invitation for a site's agent, good for a time from now; an older
// one that nobody used is void. With again it may take the place of an agent that is
// there. This is the only time that the token can be seen.
func (i *Invitations) Issue(site, agent string, life time.Duration, again bool) (token string, issued Invited, err error) {
	if !plainName.MatchString(site) || !plainName.MatchString(agent) {
		return "", Invited{}, fmt.Errorf("invite: %q %q is no site and agent such as bd-21997 a1", site, agent)
	}
	if life < minInvitationLife || life > MaxInvitationLife {
		return "", Invited{}, fmt.Errorf("invite: for %s, want %s to %s", life, minInvitationLife, MaxInvitationLife)
	}
	now := time.Now().UTC().Truncate(time.Second)
	fresh := Invited{Holder: Holder{site, agent}, Issued: now, Expires: now.Add(life), Again: again}
	token = invitationPrefix + newSecret()
	err = i.change(func(before map[hash]Invited) (map[hash]Invited, error) {
		after := maps.Clone(before)
		maps.DeleteFunc(after, func(_ hash, old Invited) bool {
			return old.Holder == fresh.Holder && !old.Used || now.Sub(old.Expires) > remembered
		})
		if after[hashOf(token)] = fresh; len(after) > maxInvitations {
			return nil, fmt.Errorf("more than %d in %s", maxInvitations, i.path)
		}
		return after, nil
	})
	if err != nil {
		return "", Invited{}, fmt.Errorf("invite: %w", err)
	}
	return token, fresh, nil
}

// Withdraw makes an invitation that nobody used void, and tells whether there was one.
func (i *Invitations) Withdraw(site, agent string) (bool, error) {
	had := false
	err := i.change(func(before map[hash]Invited) (map[hash]Invited, error) {
		after := maps.Clone(before)
		maps.DeleteFunc(after, func(_ hash, old Invited) bool { return old.Holder == Holder{site, agent} && !old.Used })
		if had = len(after) < len(before); !had {
			return nil, errUnchanged
		}
		return after, nil
	})
	if err != nil {
		return false, fmt.Errorf("withdraw invitation: %w", err)
	}
	return had, nil
}

// Waiting are those for whom an invitation waits.
func (i *Invitations) Waiting() map[Holder]Invited {
	all := map[Holder]Invited{}
	for _, invited := range i.now() {
		if !invited.Used && time.Now().Before(invited.Expires) {
			all[invited.Holder] = invited
		}
	}
	return all
}

// use marks an invitation as used, for who has the folder's lock.
func (i *Invitations) use(sum hash) error {
	return i.edit(func(before map[hash]Invited) (map[hash]Invited, error) {
		invited, ok := before[sum]
		if !ok || invited.Used {
			return nil, errUnchanged
		}
		after := maps.Clone(before)
		invited.Used = true
		after[sum] = invited
		return after, nil
	})
}

// wellFormed keeps what cannot be an invitation from being hashed and looked for.
func wellFormed(token string) bool {
	return len(token) == invitationLength && strings.HasPrefix(token, invitationPrefix)
}

func hashOf(token string) hash { return sha256.Sum256([]byte(token)) }
