//go:build integration

package goal

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/judge"
)

func TestTheRolloutOfNowFollowsWhenAnOfficeWasHeard(t *testing.T) {
	w := newReportWorld(t, "2026-11-02 12:00") // a Monday
	var lines []byte
	heard := func(site, at string) {
		p := api.NewPoint("receipt", reportAt(t, at)).Tag(api.TagSite, site).Tag(api.TagAgent, "a1").Int("batches", 1).Int("lines", 3)
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			t.Fatal(err)
		}
	}
	heard("bd-21550", "2026-11-02 11:58")
	heard("bd-21553", "2026-10-30 12:01") // Friday, less than a day of office hours ago
	heard("bd-21556", "2026-10-30 11:59") // more
	heard("bd-21559", "2026-09-01 09:00")
	if err := w.store.Write(t.Context(), api.Raw, lines); err != nil {
		t.Fatal(err)
	}
	w.days("bd-21562", Month{2026, 6}.From(), Month{2026, 6}.From().AddDate(0, 0, 3), nil) // receipts are long gone
	w.says("bd-21562", "2026-10-01")
	count, all, err := w.desk.RolloutNow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Rollout{Sites: 159, NotInstalled: 154, Installed: 3, Reporting: 2, Declared: 1}, count); d != "" {
		t.Error(d)
	}
	for site, want := range map[string]string{"bd-21550": Reporting, "bd-21553": Reporting, "bd-21556": Installed, "bd-21559": Installed, "bd-21562": Installed, "bd-21565": NotInstalled} {
		if got := all[site]; got.Stage != want || got.Heard.IsZero() != (want == NotInstalled) {
			t.Errorf("%s: %+v, want %s", site, got, want)
		}
	}
}

func TestTheRolloutInAMonthIsWhoWasHeardInIt(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	october, deaf := Month{2026, 10}, func(p *judge.Period) { *p = judge.Period{Site: p.Site, From: p.From, Due: p.Due, Unknown: p.Due} }
	w.days("bd-21550", october.From(), october.From().AddDate(0, 0, 1), nil)
	w.days("bd-21553", october.From(), october.Until(), deaf)                                 // it was heard before, not in this month
	w.days("bd-21556", Month{2026, 9}.From(), october.From(), nil)                            // likewise, and no day of this month is stored
	w.days("bd-21559", Month{2024, 3}.From(), Month{2024, 3}.From().AddDate(0, 0, 1), nil)    // long before all that the report reads
	w.days("bd-21562", october.Until(), october.Until().AddDate(0, 0, 2), nil)                // after it only
	w.days("bd-21565", october.From().AddDate(0, 0, 2), october.From().AddDate(0, 0, 3), nil) // a Saturday, which is not due
	r := w.report(Request{Month: october, Months: 1})
	for site, want := range map[string]string{
		"bd-21550": Reporting, "bd-21553": Installed, "bd-21556": Installed, "bd-21559": Installed, "bd-21562": NotInstalled, "bd-21565": Reporting,
	} {
		if got := r.reportLine(t, site).Rollout; got != want {
			t.Errorf("%s is %s, want %s", site, got, want)
		}
	}
	if d := cmp.Diff(Rollout{Sites: 159, NotInstalled: 154, Installed: 3, Reporting: 2}, r.Rollout); d != "" {
		t.Error(d)
	}
}
