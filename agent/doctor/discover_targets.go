package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"communewatch/collector/api"
)

// Targets are what could be measured: the gateway, what the network consists of, and
// devices. PCs and phones come and go and are left out, unless they answer SNMP; and so is
// what is configured already.
func (o *Office) Targets() []api.Target {
	var out []api.Target
	taken := map[string]bool{}
	for _, h := range o.Hosts {
		if h.Known != "" {
			taken[h.Known] = true
		}
	}
	for _, h := range o.Hosts {
		role, ok := h.role()
		if h.Known != "" || h.Self || !ok {
			continue
		}
		t := api.Target{Name: free(h.tag(), taken), Address: h.Address.String(), Role: role, SNMP: h.SNMP}
		taken[t.Name] = true
		out = append(out, t)
	}
	return out
}

func (h Host) role() (api.Role, bool) {
	switch h.Kind {
	case "gateway":
		return api.RoleGateway, true
	case "network":
		return api.RoleLAN, true
	case "printer", "ups", "nas", "camera":
		return api.RoleDevice, true
	}
	return api.RoleDevice, h.SNMP != nil
}

// tag is the name that it goes by, else what it is and the end of its address.
func (h Host) tag() string {
	name := h.Name
	if h.SNMP == nil {
		name, _, _ = strings.Cut(name, ".") // DNS has the office's domain behind it
	}
	if name = api.CleanTag(name); name != "" {
		return name
	}
	kind := h.Kind
	switch kind {
	case "gateway":
		return kind
	case "network":
		kind = "switch"
	case "":
		kind = "device"
	}
	return kind + "-" + strconv.Itoa(int(h.Address.As4()[3]))
}

func free(name string, taken map[string]bool) string {
	for n, one := 2, name; ; n++ {
		if !taken[one] {
			return one
		}
		one = fmt.Sprintf("%s-%d", name, n)
	}
}

// YAML writes targets as agent.yaml has them.
func YAML(targets []api.Target) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for _, t := range targets {
		fmt.Fprintf(&b, "- {name: %s, address: %s, role: %s", strconv.Quote(t.Name), t.Address, t.Role)
		if t.SNMP != nil {
			fmt.Fprintf(&b, ", snmp: {version: %q, community: %s}", t.SNMP.Version, strconv.Quote(t.SNMP.Community))
		}
		b.WriteString("}\n")
	}
	return b.String()
}
