package board

import (
	"cmp"
	"encoding/csv"
	"io"
	"net/http"
	"slices"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// rolloutPage is how far the agents have come.
type rolloutPage struct {
	frame
	Tiles   []tile
	Total   int
	Said    string // how many declared what they have
	Areas   []rolloutArea
	Waiting []rolloutGroup
	Quiet   []rolloutGroup
	CSV     string
}

func (p rolloutPage) framed() frame { return p.frame }

type rolloutArea struct {
	Label, Href                               string
	NotInstalled, Installed, Reporting, Sites int
}

type rolloutGroup struct {
	Title string
	Rows  []rolloutRow
}

// rolloutRow is an office and whom to call about it.
type rolloutRow struct {
	Label, Href, Place, Person, Phone, Provider, Heard string
	Mountain                                           bool
}

func (b *board) serveRollout(w http.ResponseWriter, r *http.Request) {
	counts, stages, err := b.desk.RolloutNow(r.Context())
	if !b.read(w, r, err) {
		return
	}
	b.write(w, r, http.StatusOK, "rollout", b.rolloutPage(langOf(r), counts, stages))
}

func (b *board) rolloutPage(lang say.Lang, counts goal.Rollout, stages map[string]goal.RolloutOf) rolloutPage {
	f := format{lang, b.deps.Now()}
	p := rolloutPage{frame: b.frame(lang, lang.Text("target.rollout")), Total: counts.Sites, CSV: link(lang, "/rollout.csv")}
	p.Every = 60
	p.Said = lang.Text("target.declared_by", counts.Declared, counts.Sites)
	for _, one := range []struct {
		stage, mark string
		n           int
	}{{goal.NotInstalled, "not_installed", counts.NotInstalled}, {goal.Installed, "silent", counts.Installed}, {goal.Reporting, "ok", counts.Reporting}} {
		p.Tiles = append(p.Tiles, tile{State: one.mark, Text: say.Capital(lang.Text(say.Key("paper.rollout_" + one.stage))), Count: one.n, Href: "#" + one.stage})
	}
	p.Areas = b.rolloutAreas(lang, stages)
	p.Waiting = b.rolloutGroups(f, stages, goal.NotInstalled)
	p.Quiet = b.rolloutGroups(f, stages, goal.Installed)
	return p
}

func stageOf(stages map[string]goal.RolloutOf, site string) string {
	return cmp.Or(stages[site].Stage, goal.NotInstalled)
}

func (b *board) rolloutAreas(lang say.Lang, stages map[string]goal.RolloutOf) []rolloutArea {
	inv := b.deps.Inventory()
	byArea := map[string]*rolloutArea{}
	var out []rolloutArea
	for _, a := range inv.Areas() {
		byArea[a.Code] = &rolloutArea{Label: a.Label(lang), Href: link(lang, "/target", "area", a.Code)}
	}
	for _, site := range inv.Sites() {
		a := byArea[site.AreaCode]
		if a == nil {
			continue
		}
		a.Sites++
		switch stageOf(stages, site.ID) {
		case goal.Reporting:
			a.Reporting++
		case goal.Installed:
			a.Installed++
		default:
			a.NotInstalled++
		}
	}
	areas := inv.Areas()
	slices.SortFunc(areas, func(a, b inventory.Area) int { return say.Compare(a.Name, b.Name) })
	for _, a := range areas {
		out = append(out, *byArea[a.Code])
	}
	slices.SortStableFunc(out, func(a, b rolloutArea) int { return cmp.Compare(b.NotInstalled, a.NotInstalled) })
	return out
}

// rolloutGroups are the offices of a stage, mountain first.
func (b *board) rolloutGroups(f format, stages map[string]goal.RolloutOf, stage string) []rolloutGroup {
	inv := b.deps.Inventory()
	mountainous := rolloutGroup{Title: f.lang.Text("board.mountainous")}
	plain := rolloutGroup{Title: f.lang.Text("board.plain")}
	for _, site := range inv.Sites() {
		if stageOf(stages, site.ID) != stage {
			continue
		}
		row := rolloutRowOf(f, inv, site, stages[site.ID])
		if site.Mountainous() {
			mountainous.Rows = append(mountainous.Rows, row)
		} else {
			plain.Rows = append(plain.Rows, row)
		}
	}
	return slices.DeleteFunc([]rolloutGroup{mountainous, plain}, func(g rolloutGroup) bool { return len(g.Rows) == 0 })
}

func rolloutRowOf(f format, inv *inventory.Inventory, site inventory.Site, of goal.RolloutOf) rolloutRow {
	provider, _ := inv.Provider(site.Provider)
	row := rolloutRow{
		Label: site.Label(f.lang), Href: link(f.lang, "/site/"+site.ID), Place: site.Area + ", " + f.lang.Text(say.Key("terrain."+site.Terrain)),
		Person: cmp.Or(site.Responsible, none), Phone: cmp.Or(site.Phone, none),
		Provider: cmp.Or(strings.TrimSpace(provider.Name+" "+provider.Hotline), none), Heard: none,
		Mountain: site.Terrain == inventory.Highland || site.Terrain == inventory.Mountain,
	}
	if !of.Heard.IsZero() {
		row.Heard = f.stamp(of.Heard)
	}
	return row
}

// serveRolloutCSV is the list of all offices for whoever calls them.
func (b *board) serveRolloutCSV(w http.ResponseWriter, r *http.Request) {
	_, stages, err := b.desk.RolloutNow(r.Context())
	if !b.read(w, r, err) {
		return
	}
	lang := langOf(r)
	b.send(w, r, "text/csv; charset=utf-8", "communewatch_rollout_"+b.deps.Now().In(zone).Format("2006-01-02")+".csv", func(out io.Writer) error {
		return b.rolloutCSV(out, lang, stages)
	})
}

// rolloutCSV writes as Excel with Vietnamese settings opens it: a byte order mark,
// semicolons, and no cell that it would run as a formula.
func (b *board) rolloutCSV(out io.Writer, lang say.Lang, stages map[string]goal.RolloutOf) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	table := csv.NewWriter(out)
	table.Comma, table.UseCRLF = ';', true
	var head []string
	for _, key := range []say.Key{"target.stage", "board.site_id", "board.site", "board.area", "board.terrain", "target.person", "target.phone", "target.provider", "board.heard"} {
		head = append(head, lang.Text(key))
	}
	if err := table.Write(head); err != nil {
		return err
	}
	f := format{lang, b.deps.Now()}
	inv := b.deps.Inventory()
	sites := inv.Sites()
	slices.SortStableFunc(sites, func(a, b inventory.Site) int { return cmp.Compare(plainLast(a), plainLast(b)) })
	for _, stage := range []string{goal.NotInstalled, goal.Installed, goal.Reporting} {
		for _, site := range sites {
			if stageOf(stages, site.ID) != stage {
				continue
			}
			row := rolloutRowOf(f, inv, site, stages[site.ID])
			cells := []string{
				lang.Text(say.Key("paper.rollout_" + stage)), site.ID, row.Label, site.Area, lang.Text(say.Key("terrain." + site.Terrain)),
				row.Person, row.Phone, row.Provider, row.Heard,
			}
			for i := range cells {
				cells[i] = inert(cells[i])
			}
			if err := table.Write(cells); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

func plainLast(s inventory.Site) int {
	if s.Mountainous() {
		return 0
	}
	return 1
}

// inert is a cell that a spreadsheet takes as text, and a number of a telephone with it.
func inert(cell string) string {
	if cell == "" {
		return ""
	}
	digits := strings.Trim(cell, "0123456789 .") == ""
	if strings.ContainsRune("=+-@\t\r", rune(cell[0])) || digits && len(cell) > 1 && cell[0] == '0' {
		return "'" + cell
	}
	return cell
}
