//go:build integration

package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// rows asks for all of a measurement, of the days that are played and some around them.
func (s *stage) rows(measurement string, by []string, fields ...string) ([]store.Series, error) {
	q := store.Query{Measurement: measurement, From: s.zero.Add(-30 * 24 * time.Hour), To: time.Now().Add(time.Hour), By: by}
	for _, f := range fields {
		q.Select = append(q.Select, store.Selector{Field: f})
	}
	return s.db.Select(s.db.ctx, q)
}

// state is the newest heartbeat's.
func (s *stage) state(site string) (api.State, error) {
	series, err := s.rows("site_state", []string{api.TagSite}, "state")
	for _, one := range series {
		if one.Tags[api.TagSite] == site {
			return api.State(one.Rows[len(one.Rows)-1].Values["state"].Text()), err
		}
	}
	return "none", err
}

func (s *stage) letter(site string) string {
	for name, o := range s.offices {
		if o.id == site {
			return name
		}
	}
	return site
}

// moment is a time of milliseconds as the text has it, negative for one that is not set.
func (s *stage) moment(v api.Value) time.Duration {
	if v.Integer() == 0 {
		return -1
	}
	return time.UnixMilli(v.Integer()).Sub(s.zero)
}

// findings are all that the judge wrote, line by line as a scenario has it.
func (s *stage) findings() ([]string, error) {
	var lines []string
	for _, read := range []func() ([]string, error){s.outages, s.incidents, s.alarms} {
		some, err := read()
		if err != nil {
			return nil, err
		}
		slices.Sort(some)
		lines = append(lines, some...)
	}
	return lines, nil
}

func (s *stage) outages() (lines []string, err error) {
	err = s.eachOutage(func(f found) { lines = append(lines, s.play.outageLine(f)) })
	return lines, err
}

func (s *stage) eachOutage(take func(found)) error {
	series, err := s.rows("outage", []string{api.TagSite, api.TagID}, "kind", "target", "status", "started_ms", "ended_ms", "cause",
		"interruptions", "first_kind", "first_cause", "maintenance")
	for _, one := range series {
		for _, row := range one.Rows {
			v := row.Values
			f := found{
				site: s.letter(one.Tags[api.TagSite]), kind: v["kind"].Text(), target: v["target"].Text(), cause: v["cause"].Text(),
				from: s.moment(v["started_ms"]), to: s.moment(v["ended_ms"]), firstKind: v["first_kind"].Text(), firstCause: v["first_cause"].Text(),
				interruptions: int(v["interruptions"].Integer()), maintenance: v["maintenance"].String() == "true", withdrawn: v["status"].Text() == api.StatusWithdrawn,
			}
			take(f)
		}
	}
	return err
}

// incidents are those of which something is left.
func (s *stage) incidents() (lines []string, err error) {
	series, err := s.rows("incident", []string{api.TagID}, "kind", "status", "started_ms", "ended_ms", "cause", "members", "provider", "area")
	for _, one := range series {
		for _, row := range one.Rows {
			v := row.Values
			if v["status"].Text() == api.StatusWithdrawn {
				continue
			}
			g := gathered{kind: v["kind"].Text(), cause: v["cause"].Text(), from: s.moment(v["started_ms"]), to: s.moment(v["ended_ms"])}
			for site := range strings.FieldsSeq(v["members"].Text()) {
				g.members = append(g.members, s.letter(site))
			}
			// One alone shares nothing that need be said.
			if len(g.members) > 1 {
				g.shared = strings.ToLower(strings.TrimSpace(v["provider"].Text() + " " + v["area"].Text()))
			}
			lines = append(lines, s.play.incidentLine(g))
		}
	}
	return lines, err
}

// alarms are of what anybody was ever told.
func (s *stage) alarms() (lines []string, err error) {
	series, err := s.rows("alarm", []string{api.TagSite, api.TagKind}, "active")
	for _, one := range series {
		told := slices.ContainsFunc(one.Rows, func(row store.Row) bool { return row.Values["active"].Integer() == 1 })
		if told {
			lines = append(lines, "alarm "+s.letter(one.Tags[api.TagSite])+" "+one.Tags[api.TagKind])
		}
	}
	return lines, err
}

// compare complains of what was wanted and not found, and of what was found and not wanted.
func (s *stage) compare() error {
	lines, err := s.findings()
	if err != nil {
		return err
	}
	for _, complaint := range s.play.differences(lines) {
		s.t.Error(complaint)
	}
	if err := s.compareFigures(); err != nil {
		return err
	}
	if s.t.Failed() {
		s.t.Logf("all that is found:\n  %s", some(lines))
	}
	return nil
}

func (s *stage) compareFigures() error {
	for _, f := range s.play.figures {
		series, err := s.rows(f.period, []string{api.TagSite}, f.field)
		if err != nil {
			return err
		}
		got := "nothing"
		for _, one := range series {
			for _, row := range one.Rows {
				if s.letter(one.Tags[api.TagSite]) == f.who && row.Time.Equal(s.zero.Add(f.at)) {
					got = row.Values[f.field].String()
				}
			}
		}
		if got != f.value {
			s.t.Errorf("%s:%d: %s\n  %s of %s at %s: want %s %s, got %s", s.play.file, f.line, s.play.name, f.period, f.who, s.play.clock(f.at), f.field, f.value, got)
		}
	}
	return nil
}

// differences names the scenario's line for each.
func (p *play) differences(lines []string) (complaints []string) {
	got := slices.Clone(lines)
	var missed []want
	for _, w := range p.wants {
		at := slices.Index(got, w.text)
		if at < 0 {
			missed = append(missed, w)
			continue
		}
		got = slices.Delete(got, at, at+1)
	}
	for _, w := range missed {
		complaints = append(complaints, fmt.Sprintf("%s:%d: %s\n  want %s\n  got  %s", p.file, w.line, p.name, w.text, closest(w.text, got)))
	}
	if len(missed) == 0 && len(got) > 0 {
		complaints = append(complaints, fmt.Sprintf("%s:%d: %s: this is found, and nobody wants it:\n  %s", p.file, p.line, p.name, some(got)))
	}
	return complaints
}

// closest are the lines about the same.
func closest(want string, got []string) string {
	var near []string
	for _, line := range got {
		if same := strings.Fields(line); strings.Fields(want)[0] == same[0] && (same[0] == "incident" || strings.Fields(want)[1] == same[1]) {
			near = append(near, line)
		}
	}
	if len(near) == 0 {
		return "nothing of the kind"
	}
	return strings.Join(near[:min(6, len(near))], "\n       ")
}

// some are lines below one another, not too many.
func some(lines []string) string {
	const most = 30
	if n := len(lines); n > most {
		lines = append(slices.Clone(lines[:most]), fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(lines, "\n  ")
}
