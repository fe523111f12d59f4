package center

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
	"communewatch/collector/say"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

// heardTime bounds the question when the agents were last heard.
const heardTime = 10 * time.Second

// twinShown is for how long a copy that was noticed stands beside its agent.
const twinShown = 24 * time.Hour

// AgentState is how an agent stands with the collector.
type AgentState string

const (
	StateInvited  AgentState = "invited"  // an invitation waits; there is no agent
	StateEnrolled AgentState = "enrolled" // with a certificate that is good
	StateToken    AgentState = "token"    // with a token, as before there were certificates
	StateExpired  AgentState = "expired"  // with a certificate that may be renewed, or no more
	StateRevoked  AgentState = "revoked"
	StateTwin     AgentState = "twin" // a copy was noticed within a day
)

// AgentRow is one agent of the list.
type AgentRow struct {
	Site         string     `json:"site"`
	Agent        string     `json:"agent"`
	Label        string     `json:"label"`
	State        AgentState `json:"state"`
	Host         string     `json:"host,omitempty"`
	Version      string     `json:"version,omitempty"`
	OS           string     `json:"os,omitempty"`
	Arch         string     `json:"arch,omitempty"`
	Address      string     `json:"address,omitempty"`
	LastSeen     time.Time  `json:"last_seen,omitzero"` // by what is stored; else when it last enrolled or renewed
	Stored       bool       `json:"last_seen_stored"`   // which of the two
	Enrolled     time.Time  `json:"enrolled,omitzero"`
	NotAfter     time.Time  `json:"not_after,omitzero"`
	Invited      time.Time  `json:"invited_until,omitzero"` // an invitation waits until then
	Revoked      time.Time  `json:"revoked,omitzero"`
	Why          string     `json:"why,omitempty"` // revoked, or what of the copy
	OtherMachine time.Time  `json:"other_machine_since,omitzero"`
}

// Agents lists who is invited, enrolled or has a token, as Vietnamese sorts their
// labels, which it is given. unheard says why it is not known when they were last heard; the list is
// whole nevertheless.
func Agents(ctx context.Context, cfg Config, label func(site string) string) (rows []AgentRow, unheard, err error) {
	by, err := registered(cfg)
	if err != nil {
		return nil, nil, err
	}
	unheard = hear(ctx, cfg, by)
	for _, row := range by {
		row.Label = label(row.Site)
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b AgentRow) int {
		if c := say.Compare(a.Label, b.Label); c != 0 {
			return c
		}
		return strings.Compare(a.Site+" "+a.Agent, b.Site+" "+b.Agent)
	})
	return rows, unheard, nil
}

// registered is what the files say.
func registered(cfg Config) (map[enrol.Holder]*AgentRow, error) {
	by := map[enrol.Holder]*AgentRow{}
	if _, err := os.Stat(cfg.Data); err != nil {
		return nil, fmt.Errorf("no data folder, was `serve` ever started here? %w", err)
	}
	tokens, err := enrol.OpenTokens(TokensFile(cfg.Data))
	if err != nil {
		return nil, err
	}
	registry, err := enrol.OpenRegistry(AgentsFile(cfg.Data))
	if err != nil {
		return nil, err
	}
	invitations, err := enrol.OpenInvitations(InvitationsFile(cfg.Data))
	if err != nil {
		return nil, err
	}
	for _, agent := range registry.Agents() {
		by[agent.Holder] = rowOf(agent, time.Now())
	}
	for _, who := range tokens.Holders() {
		if by[who] == nil {
			by[who] = &AgentRow{Site: who.Site, Agent: who.Agent, State: StateToken}
		}
	}
	for who, invited := range invitations.Waiting() {
		if by[who] == nil {
			by[who] = &AgentRow{Site: who.Site, Agent: who.Agent, State: StateInvited}
		}
		by[who].Invited = invited.Expires
	}
	return by, nil
}

func rowOf(a enrol.Agent, now time.Time) *AgentRow {
	row := &AgentRow{
		Site: a.Site, Agent: a.Agent, State: StateEnrolled,
		Host: a.Host, Version: a.Version, OS: a.OS, Arch: a.Arch, Address: a.Address,
		LastSeen: a.Issued, Enrolled: a.Enrolled, NotAfter: a.NotAfter,
		Revoked: a.Revoked.At, OtherMachine: a.Other.Since,
	}
	switch {
	case !a.Revoked.At.IsZero():
		row.State, row.Why = StateRevoked, a.Revoked.Why
	case !a.Twin.At.IsZero() && now.Sub(a.Twin.At) < twinShown:
		row.State, row.Why = StateTwin, a.Twin.Why
	case now.After(a.NotAfter):
		row.State = StateExpired
	}
	return row
}

// hear adds what the agents last said of themselves.
func hear(ctx context.Context, cfg Config, by map[enrol.Holder]*AgentRow) error {
	address, credential, err := reader(cfg)
	if err != nil {
		return err
	}
	points, err := store.New(store.Config{URL: address, Token: credential, Database: cfg.InfluxDB.Database}, store.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer points.Close()
	ctx, cancel := context.WithTimeout(ctx, heardTime)
	defer cancel()
	series, err := points.Select(ctx, store.Query{
		Measurement: "agent_health",
		Select:      []store.Selector{{Func: "last", Field: "version"}, {Field: "os"}, {Field: "arch"}},
		From:        time.Now().Add(-api.MaxBehind), To: time.Now().Add(api.MaxAhead),
		By: []string{api.TagSite, api.TagAgent},
	})
	for _, s := range series {
		row := by[enrol.Holder{Site: s.Tags[api.TagSite], Agent: s.Tags[api.TagAgent]}]
		if row == nil || len(s.Rows) == 0 {
			continue
		}
		last := s.Rows[len(s.Rows)-1]
		row.LastSeen, row.Stored = last.Time, true
		row.Version = last.Values["version"].Text()
		row.OS, row.Arch = last.Values["os"].Text(), last.Values["arch"].Text()
	}
	return err
}

// reader is InfluxDB with a credential that may read: the configured one, else that of
// the embedded one's reader.
func reader(cfg Config) (url, credential string, err error) {
	if cfg.InfluxDB.URL == "" {
		credential, err = embedded.ReaderCredential(InfluxDir(cfg.Data))
		return "http://" + cfg.InfluxDB.Listen, credential, err
	}
	data, err := os.ReadFile(cfg.InfluxDB.TokenFile)
	if err != nil {
		return "", "", fmt.Errorf("read InfluxDB's token: %w", err)
	}
	return cfg.InfluxDB.URL, strings.TrimSpace(string(data)), nil
}
