package office

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestParentsAreInferredOnlyWhereThereIsAReason(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("192.168.1.20/24"), netip.MustParsePrefix("fd00:1::20/64")}
	router := api.Target{Name: "router", Address: "192.168.1.1", Role: api.RoleGateway}
	backup := api.Target{Name: "backup", Address: "192.168.1.2", Role: api.RoleGateway}
	sw := api.Target{Name: "switch", Address: "fd00:1::3", Role: api.RoleLAN}
	sw2 := api.Target{Name: "switch2", Address: "192.168.1.4", Role: api.RoleLAN}
	far := api.Target{Name: "far switch", Address: "10.2.0.4", Role: api.RoleLAN}
	isp := api.Target{Name: "isp", Address: "203.0.113.1", Role: api.RoleUplink}
	named := api.Target{Name: "named", Address: "province.example", Role: api.RoleUplink}
	local := api.Target{Name: "local", Address: "127.0.0.1", Role: api.RoleUplink}
	printer := api.Target{Name: "printer", Address: "::ffff:192.168.1.9", Role: api.RoleDevice}
	linkLocal := api.Target{Name: "ups", Address: "fe80::9%eth0", Role: api.RoleDevice}
	mdns := api.Target{Name: "mdns", Address: "nas.local", Role: api.RoleDevice}
	camera := api.Target{Name: "camera", Address: "10.2.0.9", Role: api.RoleDevice}
	behind := func(t api.Target, parent string) api.Target { t.Parent = parent; return t }
	for name, c := range map[string]struct {
		targets []api.Target
		want    map[string]string
	}{
		"an office": {[]api.Target{camera, printer, linkLocal, mdns, isp, named, local, sw, router},
			map[string]string{"camera": "router", "printer": "switch", "ups": "switch", "isp": "router", "named": "router"}},
		"without a router":         {[]api.Target{camera, printer, isp, sw}, map[string]string{"printer": "switch"}},
		"two routers":              {[]api.Target{router, backup, isp, camera}, map[string]string{}},
		"two switches":             {[]api.Target{router, sw, sw2, printer}, map[string]string{}},
		"a switch elsewhere":       {[]api.Target{router, far, printer, camera}, map[string]string{"far switch": "router", "camera": "router"}},
		"a router elsewhere":       {[]api.Target{{Name: "router", Address: "10.9.9.9", Role: api.RoleGateway}, camera, isp}, map[string]string{"isp": "router"}},
		"what is configured stays": {[]api.Target{router, sw, behind(printer, "router"), behind(isp, "switch")}, map[string]string{"printer": "router", "isp": "switch"}},
		"no circle is closed":      {[]api.Target{behind(router, "isp"), isp}, map[string]string{"router": "isp"}},
	} {
		got := map[string]string{}
		for _, t := range inferParents(c.targets, own) {
			if t.Parent != "" {
				got[t.Name] = t.Parent
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
