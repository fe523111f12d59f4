package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// Result is what a demo prints with --json. The keys are kept stable for scripts.
type Result struct {
	Sites  []SiteResult  `json:"sites"`            // in the order shown
	Totals Totals        `json:"totals"`           // measured = stored + rejected + pending
	Report *ReportResult `json:"report,omitempty"` // on the last full month, which is simulated
}

// ReportResult is what the collector's report said of the offices.
type ReportResult struct {
	Goal   string     `json:"goal"`
	Month  goal.Month `json:"month"`
	Met    int        `json:"met"`
	NotMet int        `json:"not_met"`
	NoData int        `json:"no_data"`
}

// ReportOf counts the verdicts of a report.
func ReportOf(r *goal.Report) *ReportResult {
	result := &ReportResult{Goal: r.Goal.ID, Month: r.Month}
	for i := range r.Sites {
		switch r.Sites[i].Verdict {
		case goal.Met:
			result.Met++
		case goal.NotMet:
			result.NotMet++
		case goal.NoData:
			result.NoData++
		}
	}
	return result
}

// Whole says whether offices came to each of the three verdicts.
func (r *ReportResult) Whole() bool { return r.Met > 0 && r.NotMet > 0 && r.NoData > 0 }

// SiteResult is one site.
type SiteResult struct {
	ID      string `json:"id"`
	Label   string `json:"label"`
	Terrain string `json:"terrain"`
	State   string `json:"state"`
	Stored  int64  `json:"stored"` // points, counted in InfluxDB
}

// Totals counts points.
type Totals struct {
	Measured int64 `json:"measured"` // by the agents, and put on their disks
	Stored   int64 `json:"stored"`   // counted in InfluxDB, not taken from an acknowledgement
	Rejected int64 `json:"rejected"` // set aside by the agents, never to be stored
	Pending  int64 `json:"pending"`  // on the agents' disks
}

// AddUp says whether nothing is lost and nothing is double.
func (t Totals) AddUp() bool { return t.Measured == t.Stored+t.Rejected+t.Pending }

// Row is one line of the table on the screen.
type Row struct {
	Site   inventory.Site
	State  api.State
	Rank   int64
	Reason string
	Since  time.Time
}

// Table reads the newest state of every site, smallest rank first. A site that has
// no heartbeat yet stands among those not installed.
func Table(ctx context.Context, from *store.Store, sites []inventory.Site, now time.Time) ([]Row, error) {
	series, err := from.Select(ctx, store.Query{
		Measurement: "site_state",
		Select: []store.Selector{{Func: "last", Field: "state"}, {Func: "last", Field: "rank"},
			{Func: "last", Field: "reason"}, {Func: "last", Field: "since_ms"}},
		From: now.Add(-24 * time.Hour), To: now.Add(time.Minute), By: []string{api.TagSite},
	})
	if err != nil {
		return nil, err
	}
	bySite := map[string]store.Row{}
	for _, s := range series {
		if len(s.Rows) > 0 {
			bySite[s.Tags[api.TagSite]] = s.Rows[len(s.Rows)-1]
		}
	}
	rows := make([]Row, 0, len(sites))
	for i, site := range sites {
		rows = append(rows, rowOf(site, i, bySite[site.ID]))
	}
	slices.SortFunc(rows, func(a, b Row) int { return int(a.Rank - b.Rank) })
	return rows, nil
}

func rowOf(site inventory.Site, position int, heartbeat store.Row) Row {
	state, known := heartbeat.Values["state"]
	if !known {
		return Row{Site: site, Rank: judge.Rank(site, api.StateNotInstalled, position)}
	}
	row := Row{Site: site, State: api.State(state.Text()), Rank: heartbeat.Values["rank"].Integer(), Reason: heartbeat.Values["reason"].Text()}
	if since, ok := heartbeat.Values["since_ms"]; ok {
		row.Since = time.UnixMilli(since.Integer())
	}
	return row
}

// StoredPoints counts, for each site, the points that InfluxDB holds of what agents
// measure, by the field that every point of a measurement has.
func StoredPoints(ctx context.Context, from *store.Store, begin, end time.Time) (map[string]int64, error) {
	out := map[string]int64{}
	for _, m := range api.Measurements {
		if m.By != api.ByAgent {
			continue
		}
		series, err := from.Select(ctx, store.Query{
			Measurement: m.Name,
			Select:      []store.Selector{{Func: "count", Field: m.Counter(), As: "n"}},
			From:        begin, To: end, Every: time.Hour, By: []string{api.TagSite},
		})
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", m.Name, err)
		}
		for _, s := range series {
			for _, row := range s.Rows {
				out[s.Tags[api.TagSite]] += row.Values["n"].Integer()
			}
		}
	}
	return out, nil
}
