package enrol

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The file of invitations is text as that of the tokens is:
//
//	bd-21997 a1 9f86d0…0a08 2026-11-25T04:00:00Z 2026-11-28T04:00:00Z enrol open
//
// site, agent, SHA-256 of the invitation's token, issued, expires, whether it may take
// the place of an agent that is there (enrol, re-enrol), and whether it waits (open, used).
const invitationsHead = "# site agent sha256(invitation) issued expires enrol|re-enrol open|used. To withdraw an invitation, delete its line.\n"

// maxInvitationLine is the longest line.
const maxInvitationLine = 64 + 64 + 64 + 20 + 20 + 8 + 4 + 7

func encodeInvitations(all map[hash]Invited) ([]byte, error) {
	lines := make([]string, 0, len(all))
	for sum, i := range maps.All(all) {
		lines = append(lines, strings.Join([]string{
			i.Site, i.Agent, hex.EncodeToString(sum[:]), i.Issued.Format(time.RFC3339), i.Expires.Format(time.RFC3339),
			word(i.Again, "re-enrol", "enrol"), word(i.Used, "used", "open"),
		}, " ")+"\n")
	}
	slices.Sort(lines)
	return []byte(invitationsHead + strings.Join(lines, "")), nil
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// parseInvitations reads it; an error begins with ":line: ".
func parseInvitations(data []byte) (map[hash]Invited, error) {
	all := map[hash]Invited{}
	err := eachEntry(data, func(text string) error {
		if len(all) == maxInvitations {
			return fmt.Errorf("more than %d invitations", maxInvitations)
		}
		sum, i, err := parseInvited(text)
		if err != nil {
			return err
		}
		if _, twice := all[sum]; twice {
			return errors.New("this invitation stands twice")
		}
		all[sum] = i
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func parseInvited(line string) (sum hash, i Invited, err error) {
	parts := strings.Split(line, " ")
	if len(parts) != 7 {
		return sum, i, fmt.Errorf("%d words, want site, agent, sha256, issued, expires, enrol or re-enrol, open or used", len(parts))
	}
	sum, who, err := parseToken(strings.Join(parts[:4], " "))
	if err != nil {
		return sum, i, err
	}
	expires, err := time.Parse(time.RFC3339, parts[4])
	if err != nil {
		return sum, i, errors.New("the fifth word is no time such as 2026-11-25T04:00:00Z")
	}
	if parts[5] != "enrol" && parts[5] != "re-enrol" || parts[6] != "open" && parts[6] != "used" {
		return sum, i, errors.New("the last two words are not enrol or re-enrol, open or used")
	}
	return sum, Invited{
		Holder: Holder{who.site, who.agent}, Issued: who.at, Expires: expires.UTC().Truncate(time.Second),
		Again: parts[5] == "re-enrol", Used: parts[6] == "used",
	}, nil
}
