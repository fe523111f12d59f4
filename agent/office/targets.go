package office

import (
	"net/url"

	"communewatch/collector/api"
)

// defaultTargets is what an office measures when nothing is configured: its router,
// if the system names one, and the collector, which lies beyond the provider's line.
func defaultTargets(collector string) []api.Target {
	var out []api.Target
	if gateway, ok := defaultGateway(); ok {
		out = append(out, api.Target{Name: "gateway", Address: gateway.String(), Role: api.RoleGateway})
	}
	if u, err := url.Parse(collector); err == nil && api.CheckAddress(u.Hostname()) == nil {
		out = append(out, api.Target{Name: "collector", Address: u.Hostname(), Role: api.RoleUplink})
	}
	return out
}
