package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// targetsYAML is targets.yaml: what holds for all, and what differs.
type targetsYAML struct {
	Province layer            `json:"province"`
	Areas    map[string]layer `json:"areas"`
	Terrain  map[string]layer `json:"terrain"`
	Sites    map[string]layer `json:"sites"`
}

// layer is a template. What it says replaces what those before it said.
type layer struct {
	Interval *time.Duration `json:"interval"`
	Packets  *int           `json:"packets"`
	Metered  *bool          `json:"metered"`
	Targets  []targetYAML   `json:"targets"`
}

// targetYAML adds a target, replaces the one of its name, or drops it.
type targetYAML struct {
	Name    string    `json:"name"`
	Address string    `json:"address"`
	Role    string    `json:"role"`
	Parent  string    `json:"parent"`
	Drop    bool      `json:"drop"`
	SNMP    *snmpYAML `json:"snmp"`
}

// plan is what a site's agent is told, before the defaults.
type plan struct {
	interval time.Duration // 0: the default
	packets  int           // likewise
	metered  bool
	targets  []api.Target
}

// templates is targets.yaml on its way to plans.
type templates struct {
	*reading
	file    *settings.File
	yaml    targetsYAML
	targets map[string]api.Target // by path, as it stands there
	drops   map[string]bool       // by path: it dropped something somewhere
	told    map[string]bool       // paths of which something that only a site shows was told
}

// targets reads targets.yaml with secrets.yaml and makes each site's plan.
func (r *reading) targets() {
	t := &templates{reading: r, targets: map[string]api.Target{}, drops: map[string]bool{}, told: map[string]bool{}}
	secrets := r.secrets()
	if t.file = r.yaml(targetsFile, &t.yaml); t.file == nil {
		return
	}
	checkGroup(r, t.file, "areas", t.yaml.Areas)
	checkGroup(r, t.file, "terrain", t.yaml.Terrain)
	checkGroup(r, t.file, "sites", t.yaml.Sites)
	t.each(func(path string, l layer) { t.check(path, l, secrets) })
	if t.file.Err() == nil {
		for i := range r.inv.sites {
			t.plan(&r.inv.sites[i])
		}
		t.each(t.dropped)
		t.sizes()
	}
	r.take(t.file.Err())
	secrets.unused(r)
}

// each goes over all templates, in an order that is always the same.
func (t *templates) each(do func(path string, l layer)) {
	do("province", t.yaml.Province)
	for _, group := range []struct {
		name string
		of   map[string]layer
	}{{"areas", t.yaml.Areas}, {"terrain", t.yaml.Terrain}, {"sites", t.yaml.Sites}} {
		for _, key := range sortedKeys(group.of) {
			do(group.name+"."+key, group.of[key])
		}
	}
}

func (t *templates) check(path string, l layer, secrets *secrets) {
	if l.Interval != nil && api.CheckInterval(*l.Interval) != nil {
		t.file.Complain(path+".interval", "config.range", l.Interval.String(), "1s", "1h")
	}
	if l.Packets != nil && (*l.Packets < 1 || *l.Packets > 100) {
		t.file.Complain(path+".packets", "config.range", strconv.Itoa(*l.Packets), "1", "100")
	}
	seen := map[string]bool{}
	for i := range l.Targets {
		entry := &l.Targets[i]
		at := pathOf(path, i)
		if seen[entry.Name] && entry.Name != "" {
			t.file.Complain(at+".name", "config.twice", entry.Name)
		}
		seen[entry.Name] = true
		t.targets[at] = t.target(at, entry, secrets)
	}
}

func pathOf(layer string, target int) string { return fmt.Sprintf("%s.targets[%d]", layer, target) }

// target checks one entry and gives it with its secret.
func (t *templates) target(at string, entry *targetYAML, secrets *secrets) api.Target {
	if entry.Name == "" || api.CleanTag(entry.Name) != entry.Name {
		t.complain(at+".name", entry.Name, "config.name", entry.Name)
	}
	if entry.Drop {
		if entry.Address != "" || entry.Role != "" || entry.Parent != "" || entry.SNMP != nil {
			t.file.Complain(at, "inventory.drop_alone")
		}
		return api.Target{}
	}
	if api.CheckAddress(entry.Address) != nil {
		t.complain(at+".address", entry.Address, "config.address", entry.Address)
	}
	t.oneOf(at+".role", entry.Role, api.Roles)
	target := api.Target{Name: entry.Name, Address: entry.Address, Role: api.Role(entry.Role), Parent: entry.Parent}
	if entry.SNMP != nil {
		target.SNMP = t.snmp(at+".snmp", entry.SNMP, secrets)
	}
	return target
}

// layers are those that hold for a site, in order.
func (t *templates) layers(s *Site) []namedLayer {
	return []namedLayer{
		{"province", t.yaml.Province},
		{"areas." + s.AreaCode, t.yaml.Areas[s.AreaCode]},
		{"terrain." + s.Terrain, t.yaml.Terrain[s.Terrain]},
		{"sites." + s.ID, t.yaml.Sites[s.ID]},
	}
}

type namedLayer struct {
	path string
	layer
}

// plan merges a site's templates.
func (t *templates) plan(s *Site) {
	var p plan
	var from []string // the path of each target
	for _, l := range t.layers(s) {
		if l.Interval != nil {
			p.interval = *l.Interval
		}
		if l.Packets != nil {
			p.packets = *l.Packets
		}
		if l.Metered != nil {
			p.metered = *l.Metered
		}
		for i := range l.Targets {
			at := pathOf(l.path, i)
			before := slices.IndexFunc(p.targets, func(o api.Target) bool { return o.Name == l.Targets[i].Name })
			switch {
			case l.Targets[i].Drop && before >= 0:
				t.drops[at] = true
				p.targets, from = slices.Delete(p.targets, before, before+1), slices.Delete(from, before, before+1)
			case l.Targets[i].Drop:
			case before >= 0:
				p.targets[before], from[before] = t.targets[at], at
			default:
				p.targets, from = append(p.targets, t.targets[at]), append(from, at)
			}
		}
	}
	t.checkPlan(s, &p, from)
	s.Interval = p.interval
	t.inv.plans[s.ID] = p
}

// checkPlan finds what only the whole of a site shows; it is told once for each place
// in the templates, with the first site that shows it.
func (t *templates) checkPlan(s *Site, p *plan, from []string) {
	if len(p.targets) > api.MaxTargets {
		t.once("sites."+s.ID, "inventory.site_targets", s.ID, len(p.targets), api.MaxTargets)
		return
	}
	for _, wrong := range api.CheckParents(p.targets) {
		at := from[wrong.Target] + ".parent"
		if wrong.Circle == nil {
			t.once(at, "inventory.site_parent", s.ID, wrong.Parent)
		} else {
			t.once(at, "inventory.site_circle", s.ID, wrong.Round())
		}
	}
}

// dropped warns of a drop that drops nothing: of a name that was mistyped.
func (t *templates) dropped(path string, l layer) {
	for i := range l.Targets {
		if at := pathOf(path, i); l.Targets[i].Drop && !t.drops[at] {
			t.Warnings = append(t.Warnings, t.file.Note(at+".name", "inventory.drops_nothing", l.Targets[i].Name))
		}
	}
}

// sizes holds each document against what an agent takes.
func (t *templates) sizes() {
	profiles, _, err := encode(api.Document{Profiles: t.inv.profiles})
	if err != nil {
		return // strings and numbers can be encoded
	}
	for _, s := range t.inv.sites {
		p := t.inv.plans[s.ID]
		targets, _, err := encode(api.Document{Targets: p.targets})
		size := len(targets)
		if hasSNMP(p.targets) {
			size += len(profiles)
		}
		if err == nil && size > api.MaxDocumentBytes {
			t.once("sites."+s.ID, "inventory.site_size", s.ID, api.MaxDocumentBytes)
			return // the others are likely too large as well
		}
	}
}

func hasSNMP(targets []api.Target) bool {
	return slices.ContainsFunc(targets, func(t api.Target) bool { return t.SNMP != nil })
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
