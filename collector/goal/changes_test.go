package goal

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changesReport is a report in which sites have these verdicts on criteria.
func changesReport(sites ...SiteLine) *Report {
	return &Report{Goal: GoalStamp{Hash: "g"}, Made: publishMade, Known: Known{"i", "e", "d", 0}, Sites: sites}
}

func changesSite(id string, v Verdict, findings ...Finding) SiteLine {
	return SiteLine{ID: id, Result: Result{Verdict: v, Findings: findings}}
}

func changesOn(criterion string, v Verdict) Finding { return Finding{Criterion: criterion, Verdict: v} }

func TestChangesNameWhatIsJudgedOtherwise(t *testing.T) {
	a, b := changesOn("a", Met), changesOn("b", NotMet)
	cases := []struct {
		name     string
		was, now []SiteLine
		want     []SiteChange
	}{
		{"nothing", []SiteLine{changesSite("1", NotMet, a, b)}, []SiteLine{changesSite("1", NotMet, a, b)}, []SiteChange{}},
		{"the order of sites alone",
			[]SiteLine{changesSite("1", Met, a), changesSite("2", Met, a)},
			[]SiteLine{changesSite("2", Met, a), changesSite("1", Met, a)}, []SiteChange{}},
		{"a site, by a criterion",
			[]SiteLine{changesSite("1", NotMet, a, b)},
			[]SiteLine{changesSite("1", Met, a, changesOn("b", Met))},
			[]SiteChange{{"1", NotMet, Met, []CriterionChange{{"b", NotMet, Met}}}}},
		{"a criterion, though the site is judged as before",
			[]SiteLine{changesSite("1", NotMet, a, b)},
			[]SiteLine{changesSite("1", NotMet, changesOn("a", NoData), b)},
			[]SiteChange{{"1", NotMet, NotMet, []CriterionChange{{"a", Met, NoData}}}}},
		{"a criterion that was not asked, and one that is no more",
			[]SiteLine{changesSite("1", NotMet, b)},
			[]SiteLine{changesSite("1", Met, a)},
			[]SiteChange{{"1", NotMet, Met, []CriterionChange{{"a", "", Met}, {"b", NotMet, ""}}}}},
		{"sites that came and went",
			[]SiteLine{changesSite("gone", Met, a)},
			[]SiteLine{changesSite("new", NoData)},
			[]SiteChange{{"new", "", NoData, nil}, {"gone", Met, "", nil}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := ChangesSince(changesReport(c.was...), "hash", changesReport(c.now...))
			if diff := cmp.Diff(&Changes{Since: publishMade, Hash: "hash", Sites: c.want}, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangesTellWhatIsKnownOtherwise(t *testing.T) {
	cases := []struct {
		name string
		do   func(*Report)
		want Changes
	}{
		{"the standard", func(r *Report) { r.Goal.Hash = "x" }, Changes{Goal: true}},
		{"the inventory", func(r *Report) { r.Known.Inventory = "x" }, Changes{Invent: true}},
		{"declarations", func(r *Report) { r.Known.Declarations = "x" }, Changes{Declare: true}},
		{"days", func(r *Report) { r.Known.Days = "x" }, Changes{Days: true}},
	}
	for _, c := range cases {
		now := changesReport()
		c.do(now)
		c.want.Since, c.want.Hash, c.want.Sites = publishMade, "hash", []SiteChange{}
		if diff := cmp.Diff(&c.want, ChangesSince(changesReport(), "hash", now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
