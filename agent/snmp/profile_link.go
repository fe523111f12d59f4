package snmp

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"communewatch/collector/settings"
)

// link joins the files. Those that do not fit together with the others are left out
// and named, and then those that use them, until the rest fits.
func link(shipped, own map[string]*draft) (*Profiles, settings.Problems) {
	var problems settings.Problems
	for {
		all := maps.Clone(shipped)
		maps.Copy(all, own)
		left := len(problems)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			d := all[name]
			d.fits(all)
			var wrong settings.Problems
			if !errors.As(d.read.Err(), &wrong) {
				continue
			}
			problems = append(problems, wrong...)
			if d.own {
				delete(own, name)
			} else {
				delete(shipped, name)
			}
		}
		if len(problems) == left {
			return join(all), problems
		}
	}
}

// fits complains of what is wrong only together with other files.
func (d *draft) fits(all map[string]*draft) {
	for i, name := range d.file.Use {
		place := "use[" + strconv.Itoa(i) + "]"
		if all[name] == nil {
			d.read.Complain(place, "profile.no_use", name)
			continue
		}
		if circle := d.back(all, name, map[string]bool{}); circle != nil && d.toBlame(all, circle) {
			d.read.Complain(place, "profile.circle", strings.Join(append([]string{d.name}, circle...), " → "))
		}
	}
	for i, r := range d.rules {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if other := all[name]; name < d.name && other.own == d.own && slices.ContainsFunc(other.rules, r.same) ||
				name == d.name && slices.ContainsFunc(d.rules[:i], r.same) {
				d.read.Complain("match["+strconv.Itoa(i)+"]", "profile.same_match", name)
			}
		}
	}
	if n := len(d.closure(all)); n > maxUsed {
		d.read.Complain("use", "config.too_many", n, maxUsed)
	} else if n := d.values(all); n > maxFields {
		d.read.Complain("fields", "config.too_many", n, maxFields)
	}
}

// back gives the way from a profile that d uses back to d, nil if there is none. A
// profile that was seen before has none: each is looked at once, however many ways
// lead to it.
func (d *draft) back(all map[string]*draft, from string, seen map[string]bool) []string {
	if from == d.name {
		return []string{from}
	}
	if all[from] == nil || seen[from] {
		return nil
	}
	seen[from] = true
	for _, next := range all[from].file.Use {
		if way := d.back(all, next, seen); way != nil {
			return append([]string{from}, way...)
		}
	}
	return nil
}

// toBlame: where a file of the NOC's closed a circle, the shipped ones are innocent.
func (d *draft) toBlame(all map[string]*draft, circle []string) bool {
	return d.own || !slices.ContainsFunc(circle, func(name string) bool { return all[name].own })
}

// closure is the profile itself and all that it uses, each once, in the order in
// which their fields are alternatives.
func (d *draft) closure(all map[string]*draft) []*draft {
	var out []*draft
	var visit func(d *draft)
	visit = func(d *draft) {
		if d == nil || slices.Contains(out, d) {
			return
		}
		out = append(out, d)
		for _, name := range d.file.Use {
			visit(all[name])
		}
	}
	visit(d)
	return out
}

// values is how many fields a point may get of it.
func (d *draft) values(all map[string]*draft) int {
	names := map[string]bool{}
	for _, used := range d.closure(all) {
		for _, f := range used.fields {
			names[f.name] = true
			for _, g := range f.each {
				names[strings.Replace(f.name, "*", g.word, 1)] = true
			}
		}
	}
	return len(names)
}

func join(all map[string]*draft) *Profiles {
	p := &Profiles{byName: make(map[string]*profile, len(all))}
	for name, d := range all {
		made := &profile{name: name}
		at := map[string]int{}
		for _, used := range d.closure(all) {
			made.interfaces = made.interfaces || used.file.Interfaces
			made.models = append(made.models, used.models...)
			for _, f := range used.fields {
				i, known := at[f.name]
				if !known {
					i = len(made.chains)
					at[f.name] = i
					made.chains = append(made.chains, nil)
				}
				made.chains[i] = append(made.chains[i], f)
			}
		}
		p.byName[name] = made
		p.rules = append(p.rules, d.rules...)
	}
	slices.SortFunc(p.rules, byWeight)
	return p
}
