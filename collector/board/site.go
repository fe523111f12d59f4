package board

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// Limits of what a page shows: a site may name a thousand targets.
const (
	maxCharts = 4
	maxRows   = 200
)

// sitePage is the page /site/{id} as the template has it.
type sitePage struct {
	frame
	ID, Label                                 string
	State, StateText, Since, Reason, Evidence string
	Incident                                  string // where what it is in is told; empty: in none
	Warning                                   string
	Facts                                     []fact
	Periods                                   []choice
	Charts                                    []chart
	MoreCharts                                int
	Targets                                   []targetRow
	Interfaces                                []interfaceRow
	Devices                                   []deviceRow
	Outages                                   []outageRow
	OutageDays, MoreOutages                   int
	Agents                                    []agentBox
	Target                                    *siteTarget // nil: no target is known here
}

func (p sitePage) framed() frame { return p.frame }

type fact struct{ Name, Value, Note string }

type choice struct {
	Text, Href string
	Chosen     bool
}

type targetRow struct {
	Name, Role, Result, Loss, RTT, Age string
	Bad, LossBad, Old                  bool
}

type interfaceRow struct {
	Target, Name, Alias, State, Speed, In, Out, Errors string
	Down                                               bool
}

type deviceRow struct {
	Target, Name, Model, State, Uptime, Error, Age string
	Down                                           bool
}

type agentBox struct {
	ID    string
	Facts []fact
}

func (b *board) sitePage(s siteFile, lang say.Lang) sitePage {
	f := format{lang, s.at}
	label := s.site.Label(lang)
	p := sitePage{frame: b.frame(lang, label), ID: s.site.ID, Label: label}
	p.At, p.Stamp, p.Every = f.stamp(s.at), s.at.UTC().Format(time.RFC3339), s.period.every
	p.State, p.StateText, p.Since, p.Reason, p.Evidence = s.now.words(f)
	p.Incident = incidentLink(lang, s.now.incident)
	if !s.now.judged.IsZero() && s.at.Sub(s.now.judged) > oldJudgement {
		p.Warning = lang.Text("board.old_judgement", f.clock(s.now.judged), f.span(s.at.Sub(s.now.judged)))
	}
	p.Facts = b.facts(f, s)
	for _, one := range periods {
		p.Periods = append(p.Periods, choice{
			Text: lang.Text(say.Key("board.period_" + one.name)), Chosen: one.name == s.period.name,
			Href: link(lang, "/site/"+s.site.ID, "period", one.name),
		})
	}
	from, every := s.period.window(s.at, b.deps.Interval)
	for _, series := range s.uplinks {
		if len(p.Charts) == maxCharts {
			p.MoreCharts = len(s.uplinks) - maxCharts
			break
		}
		p.Charts = append(p.Charts, draw(f, series.Tags[api.TagTarget], s.period, from, every, samples(series, every)))
	}
	p.Targets = bounded(b.targetRows(f, s))
	p.Interfaces = bounded(interfaceRows(f, s))
	p.Devices = bounded(deviceRows(f, s))
	p.Agents = agentBoxes(f, s)
	p.OutageDays = listedDays
	p.Outages, p.MoreOutages = b.outageRows(f, s)
	return p
}

func bounded[T any](rows []T) []T { return rows[:min(len(rows), maxRows)] }

// facts are what the inventory knows, and when the site was heard.
func (b *board) facts(f format, s siteFile) []fact {
	site, lang := s.site, f.lang
	area := site.Area
	if a, ok := b.deps.Inventory().Area(site.AreaCode); ok {
		area = a.Label(lang)
	}
	terrain := fact{lang.Text("board.terrain"), lang.Text(say.Key("terrain." + site.Terrain)), site.TerrainSource}
	if site.Terrain != inventory.Unknown && !site.Verified {
		terrain.Value += " (" + lang.Text("terrain.unknown") + ")"
	}
	if site.Terrain == inventory.Unknown {
		terrain.Note = lang.Text("board.terrain_unknown")
	}
	facts := []fact{
		{lang.Text("board.site_id"), site.ID, ""},
		{lang.Text("board.area_2023"), area, ""},
		{lang.Text("board.unit_today"), unit(f, site, s.at), ""},
		{lang.Text("board.unit_2023"), unit(f, site, time.Date(2023, 5, 31, 12, 0, 0, 0, zone)), ""},
		terrain,
		{lang.Text("board.place"), f.number(site.Lat, 5) + " · " + f.number(site.Lon, 5), lang.Text("board.place_note")},
	}
	facts = append(facts, b.contacts(lang, site)...)
	for _, series := range s.receipts {
		row := series.Rows[len(series.Rows)-1]
		heard := fact{lang.Text("board.heard"), f.stamp(row.Time), f.ago(row.Time)}
		if v, ok := row.Values["last_time_ms"]; ok {
			heard.Note += "; " + lang.Text("board.newest_point", f.stamp(time.UnixMilli(v.Integer())))
		}
		if row.Values["goodbye"].Text() != "" {
			heard.Note += "; " + lang.Text("board.said_goodbye")
		}
		facts = append(facts, heard)
	}
	return facts
}

// contacts are whom to call, as far as the inventory knows.
func (b *board) contacts(lang say.Lang, site inventory.Site) []fact {
	provider, _ := b.deps.Inventory().Provider(site.Provider)
	var facts []fact
	for _, one := range []fact{
		{"inventory.address", site.Address, ""},
		{"inventory.responsible", site.Responsible, site.Phone},
		{"inventory.provider", provider.Name, provider.Hotline},
		{"inventory.contract", site.Contract, ""},
	} {
		if one.Value == "" && one.Note != "" {
			one.Value, one.Note = one.Note, ""
		}
		if one.Value != "" {
			one.Name = lang.Text(say.Key(one.Name))
			facts = append(facts, one)
		}
	}
	return facts
}

func unit(f format, site inventory.Site, day time.Time) string {
	u, ok := site.UnitOn(day)
	if !ok {
		return none
	}
	return f.lang.Text(say.Key("kind."+u.Kind), u.Name) + " (" + u.Code + ")"
}

// targetRows are the newest round of each target, and its loss over the period.
func (b *board) targetRows(f format, s siteFile) []targetRow {
	lost := map[string]string{}
	bad := map[string]bool{}
	for _, series := range s.lost {
		var sent, received int64
		for _, row := range series.Rows {
			sent, received = sent+row.Values["sent"].Integer(), received+row.Values["received"].Integer()
		}
		if key := series.Tags[api.TagRole] + "\x00" + series.Tags[api.TagTarget]; sent > 0 {
			share := float64(sent-received) / float64(sent)
			lost[key], bad[key] = f.percent(share), share >= b.policy(&s.site).Loss
		}
	}
	slices.SortStableFunc(s.targets, func(a, b store.Series) int {
		return cmp.Or(cmp.Compare(roleOrder(a), roleOrder(b)), strings.Compare(a.Tags[api.TagTarget], b.Tags[api.TagTarget]))
	})
	var out []targetRow
	for _, series := range s.targets {
		row := series.Rows[len(series.Rows)-1]
		v := row.Values
		key := series.Tags[api.TagRole] + "\x00" + series.Tags[api.TagTarget]
		r := targetRow{
			Name: series.Tags[api.TagTarget], Role: f.lang.Text(say.Key("role." + series.Tags[api.TagRole])),
			Loss: cmp.Or(lost[key], none), LossBad: bad[key], RTT: none, Age: f.ago(row.Time),
			Old: s.at.Sub(row.Time) > b.policy(&s.site).SilentAfter,
		}
		result := cmp.Or(v["result"].Text(), api.ResultOK)
		r.Bad = result != api.ResultOK || v["received"].Integer() == 0
		r.Result = f.lang.Text(say.Key("result."+result)) + " · " +
			strconv.FormatInt(v["received"].Integer(), 10) + "/" + strconv.FormatInt(v["sent"].Integer(), 10)
		if rtt, ok := v["rtt_median_ms"]; ok {
			r.RTT = f.milliseconds(rtt.Float())
		}
		out = append(out, r)
	}
	return out
}

func roleOrder(s store.Series) int {
	return slices.Index(strings.Fields(api.Roles), s.Tags[api.TagRole])
}
