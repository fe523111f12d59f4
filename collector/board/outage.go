package board

import (
	"net/url"
	"slices"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/say"
)

// maxOutages bounds the outages that a site's page lists; a line that comes and goes has
// hundreds.
const maxOutages = 50

// outageRow is one outage of the site.
type outageRow struct {
	memberRow
	Incident string // its page; empty: it is in none yet
}

// outageRows are the site's outages that lasted within the last listedDays, the newest
// first, and how many there are beyond these. What was withdrawn never was one.
func (b *board) outageRows(f format, s siteFile) (rows []outageRow, more int) {
	var all []judge.Outage
	from := s.at.AddDate(0, 0, -listedDays)
	for _, series := range s.outages {
		for _, row := range series.Rows {
			o := judge.OutageOf(series.Tags, row)
			if o.Status == api.StatusOpen || o.Status == api.StatusClosed && o.Ended.After(from) {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b judge.Outage) int { return b.Started.Compare(a.Started) })
	inv := b.deps.Inventory()
	for _, o := range all[:min(len(all), maxOutages)] {
		rows = append(rows, outageRow{member(f, inv, o), incidentLink(f.lang, o.Incident)})
	}
	return rows, len(all) - len(rows)
}

// incidentLink leads to an incident's page; to none if there is no incident.
func incidentLink(lang say.Lang, id string) string {
	if id == "" {
		return ""
	}
	return link(lang, "/incident/"+url.PathEscape(id))
}
