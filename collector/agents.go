package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// listAgents says who is invited, enrolled or has a token. It may run beside `serve`.
func listAgents(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, settings.LangOf(flags).Text("enrol.json"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		sites := readable(cfg, io)
		rows, unheard, err := center.Agents(ctx, cfg, func(site string) string {
			label, _ := labelIn(sites, site, io.Lang)
			return label
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return printAgents(io, rows, unheard)
		}
		return tableAgents(io, rows, unheard)
	}
}

func printAgents(io settings.IO, rows []center.AgentRow, unheard error) error {
	list := struct {
		Agents  []center.AgentRow `json:"agents"`
		Unheard string            `json:"influxdb_error,omitempty"` // why last_seen and version are the registry's
	}{Agents: rows}
	if unheard != nil {
		list.Unheard = unheard.Error()
	}
	if rows == nil {
		list.Agents = []center.AgentRow{}
	}
	out := json.NewEncoder(io.Out)
	out.SetIndent("", "  ")
	return out.Encode(list)
}

func tableAgents(io settings.IO, rows []center.AgentRow, unheard error) error {
	if len(rows) == 0 {
		fmt.Fprintln(io.Out, io.Lang.Text("enrol.no_agents"))
		return nil
	}
	table := tabwriter.NewWriter(io.Out, 0, 0, 2, ' ', 0)
	var head []string
	for _, key := range []say.Key{"enrol.col_site", "enrol.col_host", "enrol.col_version", "enrol.col_os", "enrol.col_seen", "enrol.col_until", "enrol.col_state"} {
		head = append(head, io.Lang.Text(key))
	}
	fmt.Fprintln(table, strings.Join(head, "\t"))
	unstored := false
	for _, r := range rows {
		seen := at(r.LastSeen)
		if !r.Stored && seen != "" && unheard == nil {
			seen, unstored = seen+" *", true
		}
		fmt.Fprintf(table, "%s (%s)\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Label, r.Site, r.Host, r.Version, r.OS, seen, at(r.NotAfter), stateOf(r, io.Lang))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if unstored {
		fmt.Fprintln(io.Out, io.Lang.Text("enrol.seen_registry"))
	}
	if unheard != nil {
		fmt.Fprintln(io.Err, io.Lang.Text("enrol.unheard", unheard.Error()))
	}
	return nil
}

func stateOf(r center.AgentRow, lang say.Lang) string {
	var says []string
	switch r.State {
	case center.StateInvited:
		return lang.Text("enrol.state_invited", at(r.Invited))
	case center.StateRevoked:
		says = append(says, strings.TrimSpace(lang.Text("enrol.state_revoked", at(r.Revoked), r.Why)))
	case center.StateTwin:
		says = append(says, lang.Text("enrol.state_twin", r.Why))
	default:
		says = append(says, lang.Text(say.Key("enrol.state_"+string(r.State))))
	}
	if !r.OtherMachine.IsZero() {
		says = append(says, lang.Text("enrol.other_machine", at(r.OtherMachine)))
	}
	if !r.Invited.IsZero() {
		says = append(says, lang.Text("enrol.also_invited", at(r.Invited)))
	}
	return strings.Join(says, "; ")
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(inventory.Zone()).Format(timeForm)
}
