package enrol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The file of agents has one JSON object a line, sorted by site and agent. It holds no
// secret, but who can write to it can make a revoked certificate good: the same care.
const agentsHead = "# One enrolled agent a line. To end one, use communewatch-collector revoke: a line deleted is an agent forgotten.\n"

// Longest values of a line.
const (
	maxHost    = 253
	maxWord    = 64
	maxWhy     = 400
	maxAddress = 64

	maxAgentLine = 4 << 10
)

// line is how an agent is written.
type line struct {
	Site         string    `json:"site"`
	Agent        string    `json:"agent"`
	Enrolment    int       `json:"enrolment"`
	Number       int       `json:"number"`
	Serial       string    `json:"serial"`
	Previous     string    `json:"previous,omitempty"`
	Key          string    `json:"key"`
	Invitation   string    `json:"invitation,omitempty"`
	NotAfter     time.Time `json:"not_after"`
	Machine      string    `json:"machine"`
	OtherMachine string    `json:"other_machine,omitempty"`
	OtherSince   time.Time `json:"other_since,omitzero"`
	Host         string    `json:"host"`
	OS           string    `json:"os"`
	Arch         string    `json:"arch"`
	Version      string    `json:"version"`
	Address      string    `json:"address"`
	Enrolled     time.Time `json:"enrolled"`
	Issued       time.Time `json:"issued"`
	Revoked      time.Time `json:"revoked,omitzero"`
	RevokedWhy   string    `json:"revoked_why,omitempty"`
	Twin         time.Time `json:"twin,omitzero"`
	TwinWhat     string    `json:"twin_what,omitempty"`
}

func encodeAgents(all map[Holder]Agent) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(agentsHead)
	for _, a := range sortedAgents(all) {
		data, err := json.Marshal(line{
			a.Site, a.Agent, a.Enrolment, a.Number, a.Serial, a.Previous, a.Key, a.Invitation, a.NotAfter,
			a.Machine, a.Other.Machine, a.Other.Since, a.Host, a.OS, a.Arch, a.Version, a.Address,
			a.Enrolled, a.Issued, a.Revoked.At, a.Revoked.Why, a.Twin.At, a.Twin.Why,
		})
		if err != nil {
			return nil, fmt.Errorf("write %s %s: %w", a.Site, a.Agent, err)
		}
		b.Write(append(data, '\n'))
	}
	return b.Bytes(), nil
}

// parseAgents reads it; an error begins with ":line: ".
func parseAgents(data []byte) (map[Holder]Agent, error) {
	all := map[Holder]Agent{}
	err := eachEntry(data, func(text string) error {
		a, err := parseAgent([]byte(text))
		if err != nil {
			return err
		}
		if _, twice := all[a.Holder]; twice {
			return fmt.Errorf("%s %s stands twice", a.Site, a.Agent)
		}
		if all[a.Holder] = a; len(all) > maxAgents {
			return fmt.Errorf("more than %d agents", maxAgents)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// parseAgent takes no field that it does not know: it would be lost with the next change.
func parseAgent(text []byte) (Agent, error) {
	var l line
	from := json.NewDecoder(bytes.NewReader(text))
	from.DisallowUnknownFields()
	if err := from.Decode(&l); err != nil {
		return Agent{}, fmt.Errorf("no agent in JSON: %w", err)
	}
	if _, err := from.Token(); !errors.Is(err, io.EOF) {
		return Agent{}, errors.New("more than one agent in JSON")
	}
	if !plainName.MatchString(l.Site) || !plainName.MatchString(l.Agent) {
		return Agent{}, fmt.Errorf("%.70q %.70q is no site and agent", l.Site, l.Agent)
	}
	if l.Enrolment < 1 || l.Number < 1 || l.Serial == "" || l.NotAfter.IsZero() {
		return Agent{}, fmt.Errorf("%s %s has no enrolment, number, serial or not_after", l.Site, l.Agent)
	}
	return Agent{
		Holder{l.Site, l.Agent}, l.Enrolment, l.Number, l.Serial, l.Previous, l.Key, l.Invitation, l.NotAfter,
		l.Machine, Other{l.OtherMachine, l.OtherSince}, l.Host, l.OS, l.Arch, l.Version, l.Address,
		l.Enrolled, l.Issued, Note{l.Revoked, l.RevokedWhy}, Note{l.Twin, l.TwinWhat},
	}, nil
}

// clean makes what a stranger wrote fit for a line, a log and a screen: no control
// characters, at most that many bytes.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	for len(s) > limit {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}
