package declared

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// offices finds sites by what people write: id, code of 2023, or name and area.
type offices struct {
	all    []inventory.Site
	byID   map[string]int
	byName map[string][]int  // folded
	areas  map[string]string // code, by folded name with and without its kind, and by code
}

func officesOf(inv *inventory.Inventory) *offices {
	o := &offices{all: inv.Sites(), byID: map[string]int{}, byName: map[string][]int{}, areas: map[string]string{}}
	for i, s := range o.all {
		o.byID[s.ID] = i
		o.byName[fold(s.Name)] = append(o.byName[fold(s.Name)], i)
	}
	for _, a := range inv.Areas() {
		o.areas[a.Code] = a.Code
		for _, name := range []string{a.Name, a.Label(say.Vietnamese), a.Label(say.English)} {
			o.areas[fold(name)] = a.Code
		}
	}
	return o
}

var (
	siteID = regexp.MustCompile(`^[a-z]{2}-[0-9]{5}$`)
	digits = regexp.MustCompile(`^[0-9]{1,5}$`)
)

// kinds are what may stand before a bare name, or behind it in English, folded; a name of a
// site of another kind is another site's.
var kinds = []struct{ before, behind, kind string }{
	{"uy ban nhan dan ", "", ""}, {"ubnd ", "", ""},
	{"thi tran ", " township", inventory.Township}, {"tt ", " township", inventory.Township},
	{"phuong ", " ward", inventory.Ward}, {"xa ", " commune", inventory.Commune},
}

// bare takes off a name what says its kind.
func bare(name string) (folded, exact, kind string) {
	folded, exact = fold(name), strings.ToLower(norm.NFC.String(name))
	for _, k := range kinds {
		words := strings.Fields(exact)
		if rest, has := strings.CutSuffix(folded, k.behind); has && k.behind != "" {
			return rest, strings.Join(words[:len(words)-1], " "), k.kind
		}
		rest, has := strings.CutPrefix(folded, k.before)
		if !has {
			continue
		}
		folded, exact = rest, strings.Join(words[min(strings.Count(k.before, " "), len(words)):], " ")
		if k.kind != "" {
			return folded, exact, k.kind
		}
	}
	return folded, exact, ""
}

// named are the sites that a name may mean: those of the same letters, or, if several are,
// those with the same marks.
func (o *offices) named(name string) []int {
	folded, exact, kind := bare(name)
	found := slices.DeleteFunc(slices.Clone(o.byName[folded]), func(i int) bool { return kind != "" && o.all[i].Kind != kind })
	if len(found) == 0 {
		found = slices.Clone(o.byName[fold(name)]) // a name that begins as a kind does
	}
	same := slices.DeleteFunc(slices.Clone(found), func(i int) bool { return strings.ToLower(o.all[i].Name) != exact })
	if len(found) > 1 && len(same) > 0 {
		return same
	}
	return found
}

// id finds a site by its id or its code; full tells that no zero had to be added.
func (o *offices) id(s string) (at int, full, found bool) {
	s = strings.ToLower(s)
	if siteID.MatchString(s) {
		at, found = o.byID[s]
		return at, true, found
	}
	if !digits.MatchString(s) {
		return 0, false, false
	}
	code := strings.Repeat("0", 5-len(s)) + s
	for i := range o.all {
		if strings.HasSuffix(o.all[i].ID, "-"+code) {
			if found {
				return 0, false, false // the same code in two provinces
			}
			at, found = i, true
		}
	}
	return at, len(s) == 5, found
}

// find finds a row's site, or says why not: a key and what it is said of.
func (o *offices) find(id cell, name, area string) (at int, why complaint, found bool) {
	code, areaKnown := o.areas[fold(area)]
	if area != "" && !areaKnown {
		return 0, complaint{"area", "declared.no_area", nil}, false
	}
	in := func(i int) bool { return area == "" || o.all[i].AreaCode == code }
	if !id.empty() {
		text := id.text
		if id.kind == numberCell {
			text, _ = plainNumber(id.text)
		}
		at, full, found := o.id(text)
		switch {
		case !found:
			return 0, complaint{"site", "declared.no_site", nil}, false
		case name != "" && !slices.Contains(o.named(name), at) && !slices.Contains(o.later(at), fold(name)):
			return 0, complaint{"name", "declared.other_name", []any{o.all[at].ID, label(o.all[at])}}, false
		case !full && name == "":
			return 0, complaint{"site", "declared.zeros", []any{o.all[at].ID, o.all[at].Name}}, false
		case !in(at):
			return 0, complaint{"area", "declared.other_area", []any{o.all[at].ID, o.all[at].Area}}, false
		}
		return at, complaint{}, true
	}
	if name == "" {
		return 0, complaint{"site", "declared.no_site_given", nil}, false
	}
	all := o.named(name)
	fit := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return !in(i) })
	switch {
	case len(all) == 0:
		return 0, complaint{"name", "declared.no_name", nil}, false
	case len(fit) == 0:
		return 0, complaint{"name", "declared.name_elsewhere", []any{o.list(all)}}, false
	case len(fit) > 1:
		return 0, complaint{"name", "declared.names", []any{o.list(fit)}}, false
	}
	return fit[0], complaint{}, true
}

// complaint is what is wrong with a row's site.
type complaint struct {
	column string
	key    say.Key
	args   []any
}

// later are the folded names of the units to which a site came, with and without kind: a row
// that has the site's id may call it as it is called today.
func (o *offices) later(at int) []string {
	var names []string
	for _, b := range o.all[at].Units {
		names = append(names, fold(b.Unit.Name))
		for _, lang := range say.Langs {
			names = append(names, fold(lang.Text(say.Key("kind."+b.Unit.Kind), b.Unit.Name)))
		}
	}
	return names
}

func (o *offices) list(all []int) string {
	var names []string
	for _, i := range all[:min(len(all), 5)] {
		names = append(names, o.all[i].ID+" "+o.all[i].Name+" ("+o.all[i].Area+")")
	}
	return strings.Join(names, ", ")
}

// site finds the row's, or complains.
func (r *row) site() (inventory.Site, bool) {
	for _, name := range []string{"site", "name", "area"} {
		if at := r.cell(name); at.kind > numberCell || at.date {
			r.complain(name, "declared.no_text", columnNamed(name).heading())
			return inventory.Site{}, false
		}
	}
	at, why, found := r.find(r.cell("site"), r.cell("name").text, r.cell("area").text)
	if !found {
		if why.key == "declared.no_site_given" {
			r.complain(r.named(), why.key)
		} else {
			r.refuse(why.column, why.key, why.args...)
		}
		return inventory.Site{}, false
	}
	return r.offices.all[at], true
}

// label is an office's name with its kind, in the reader's language: three communes share
// theirs with a town.
type label inventory.Site

func (l label) in(lang say.Lang) string { return inventory.Site(l).Label(lang) }
