package office

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"communewatch/agent/doctor"
	"communewatch/agent/icmp"
	"communewatch/agent/snmp"
	"communewatch/collector/api"
)

// usualCommunity is what devices come with that answer at all.
const usualCommunity = "public"

// manyTargets has echoes share a socket where that works (icmp.Narrow).
const manyTargets = 1024

// Discover plans a search of the office's own network. tried counts the communities that
// somebody gave, by the command line or in agent.yaml; 0: only the usual one is tried.
func Discover(path string, only netip.Prefix, community string) (search *doctor.Search, tried int, err error) {
	cfg, err := Load(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	targets := cfg.targetsNow()
	what := doctor.DiscoverConfig{Subnet: only, Targets: targets, Communities: communities(targets, community)}
	if tried = len(what.Communities); tried == 0 {
		what.Communities = []string{usualCommunity}
	}
	pings, err := icmp.New(icmp.Config{Packets: 1, Timeout: checkTimeout, Targets: manyTargets, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, 0, err
	}
	profiles, err := snmp.Shipped()
	if err != nil {
		return nil, 0, err
	}
	search, err = doctor.NewSearch(what, doctor.DiscoverDeps{
		Ping: pinger(pings), Gateway: defaultGateway,
		Ask: asker(snmp.Config{Timeout: time.Second, Profiles: profiles}),
	})
	return search, tried, err
}

// communities are the one that was given, or those of the configuration.
func communities(targets []api.Target, given string) (all []string) {
	if given != "" {
		return []string{given}
	}
	for _, t := range targets {
		if t.SNMP != nil && t.SNMP.Community != "" && !slices.Contains(all, t.SNMP.Community) {
			all = append(all, t.SNMP.Community)
		}
	}
	const most = 3
	return all[:min(len(all), most)]
}
