package board

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
)

// targetNow is when the tests of these pages are: November 2026 goes on.
var targetNow = time.Date(2026, 11, 28, 9, 0, 0, 0, zone)

// builtDesk has a report that was built by hand, and a real book and archive.
type builtDesk struct {
	report *goal.Report
	err    error // of the store
	all    []*goal.Standard
	stages map[string]goal.RolloutOf
	kept   *declared.Book
	sealed *goal.Archive
	asked  []goal.Request
}

func (d *builtDesk) Report(_ context.Context, r goal.Request) (*goal.Report, error) {
	d.asked = append(d.asked, r)
	if d.err != nil {
		return nil, d.err
	}
	report := *d.report
	report.Month, report.Over = r.Month, r.Month.Until().Before(targetNow)
	if !r.UnitsOn.IsZero() {
		report.UnitsOn = r.UnitsOn
	}
	return &report, nil
}

func (d *builtDesk) RolloutNow(context.Context) (goal.Rollout, map[string]goal.RolloutOf, error) {
	c := goal.Rollout{Sites: len(d.report.Sites), Declared: 120}
	for _, s := range d.report.Sites {
		switch stageOf(d.stages, s.ID) {
		case goal.Reporting:
			c.Reporting++
		case goal.Installed:
			c.Installed++
		default:
			c.NotInstalled++
		}
	}
	return c, d.stages, d.err
}

func (d *builtDesk) Standard(id string) (*goal.Standard, bool) {
	for _, s := range d.all {
		if id == "" || s.ID == id {
			return s, true
		}
	}
	return nil, false
}

func (d *builtDesk) standards() []*goal.Standard { return d.all }
func (d *builtDesk) book() *declared.Book        { return d.kept }
func (d *builtDesk) archive() *goal.Archive      { return d.sealed }

// built is a desk over the embedded province in October 2026. Site number i in display
// order falls short if i%3 is 0, meets the target if it is 1, and lacks data if it is 2.
func built(t testing.TB) *builtDesk {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	d := &builtDesk{all: goal.Embedded(), stages: map[string]goal.RolloutOf{}}
	if d.kept, err = declared.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if d.sealed, err = goal.OpenArchive(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	month := goal.Month{Year: 2026, Month: time.October}
	r := &goal.Report{
		Goal: goal.GoalStamp{Standard: *d.all[0], Hash: "aa"}, Month: month, Over: true, Made: targetNow, Judged: targetNow,
		Version: "test", Known: goal.Known{Inventory: "i", Declarations: "d", Days: "y"}, UnitsOn: month.Until().AddDate(0, 0, -1),
		Rollout: goal.Rollout{Sites: 159, NotInstalled: 40, Installed: 4, Reporting: 115, Declared: 120},
	}
	for i, site := range inv.Sites() {
		r.Sites = append(r.Sites, builtLine(r, site, i))
		d.stages[site.ID] = goal.RolloutOf{Stage: []string{goal.NotInstalled, goal.Reporting, goal.Installed}[i%3], Heard: targetNow.Add(-time.Hour)}
	}
	groupsOf(r, inv)
	d.report = r
	return d
}

func builtLine(r *goal.Report, site inventory.Site, i int) goal.SiteLine {
	s := goal.SiteLine{
		ID: site.ID, Name: site.Name, Kind: site.Kind, Area: site.Area, AreaCode: site.AreaCode, Terrain: site.Terrain,
		Verified: site.Verified, Mountain: site.Mountainous(), Rollout: goal.Reporting,
	}
	if u, ok := site.UnitOn(r.UnitsOn); ok {
		s.Unit, s.UnitName, s.UnitKind = u.Code, u.Name, u.Kind
	}
	s.Verdict = []goal.Verdict{goal.NotMet, goal.Met, goal.NoData}[i%3]
	for n := range r.Goal.Criteria {
		s.Findings = append(s.Findings, builtFinding(r, &r.Goal.Criteria[n], s.Verdict, n, i))
	}
	for m := range 12 {
		s.History = append(s.History, goal.MonthVerdict{Month: r.Month.Add(m - 11), Verdict: []goal.Verdict{goal.NoData, goal.Met, goal.NotMet}[(i+m)%3]})
	}
	first := r.Month.Add(-8)
	s.FirstMet, s.Relapses = &first, []goal.Month{r.Month.Add(-3)}
	if s.Verdict != goal.Met {
		s.Distance = float64(1 + i%5)
		for name, work := range r.Goal.Works {
			s.Todo = append(s.Todo, goal.Task{Work: name, Criteria: []string{r.Goal.Criteria[0].ID}, Price: work.Price})
			s.Cost += work.Price
			_, known := work.Cost()
			s.CostUnknown = s.CostUnknown || !known
			if len(s.Todo) == 3 {
				break
			}
		}
	}
	return s
}

func builtFinding(r *goal.Report, c *goal.Criterion, v goal.Verdict, n, i int) goal.Finding {
	value, said := 18.0, 100.0
	at := goal.Finding{
		Criterion: c.ID, Measure: c.Measure, Group: c.Group, Verdict: goal.Met, AtLeast: c.AtLeast, AtMost: c.AtMost, Why: "met",
		Measured: &goal.Measured{Value: &value, From: r.Month.From(), Until: r.Month.Until(), Due: 22, Good: 21, Bad: 1, Needed: 20, Observations: 125_000},
	}
	if c.Measure == "down_mbps" {
		at.Unit = "Mbit/s"
		at.Declared = &goal.Declared{Value: &said, Date: r.Month.From(), Source: "CV 12/UBND"}
	}
	switch {
	case v == goal.NotMet && n%(4+i%3) == 0:
		at.Verdict, at.Why, at.Differ = goal.NotMet, "not_met", at.Declared != nil && i%2 == 0
	case v != goal.Met && n%3 == 1:
		at.Verdict, at.Why, at.Measured = goal.NoData, "few_days", nil
	}
	return at
}

func groupsOf(r *goal.Report, inv *inventory.Inventory) {
	add := func(kind, code, name, unit string, in func(*goal.SiteLine) bool) {
		g := goal.Group{Kind: kind, Code: code, Name: name, UnitOf: unit, Verdict: goal.NotMet}
		for i := range r.Sites {
			if s := &r.Sites[i]; in(s) {
				g.Sites = append(g.Sites, s.ID)
				switch s.Verdict {
				case goal.Met:
					g.Met++
				case goal.NotMet:
					g.NotMet++
				default:
					g.NoData++
				}
			}
		}
		if len(g.Sites) > 0 {
			r.Groups = append(r.Groups, g)
		}
	}
	add(goal.OfProvince, "", "", "", func(*goal.SiteLine) bool { return true })
	for _, terrain := range []string{inventory.Highland, inventory.Mountain, inventory.Plain, inventory.Unknown} {
		add(goal.OfTerrain, terrain, "", "", func(s *goal.SiteLine) bool { return s.Terrain == terrain })
	}
	for _, a := range inv.Areas() {
		add(goal.OfArea, a.Code, a.Name, a.Kind, func(s *goal.SiteLine) bool { return s.AreaCode == a.Code })
	}
	for _, u := range inv.UnitsOn(r.UnitsOn) {
		add(goal.OfUnit, u.Code, u.Name, u.Kind, func(s *goal.SiteLine) bool { return s.Unit == u.Code })
	}
}

// over are the pages over a desk, for a visitor of a role; of a database without anything.
func over(t testing.TB, d desk, v api.Visitor) http.Handler {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	b, static, err := newBoard(Deps{Store: empty{}, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return targetNow }})
	if err != nil {
		t.Fatal(err)
	}
	b.desk = d
	return readBy(v, b.handler(static))
}

var (
	viewer  = api.Visitor{Name: "lan", Role: api.RoleViewer, CSRF: "secret-of-lan"}
	planner = api.Visitor{Name: "hạnh", Role: api.RolePlanner, CSRF: "secret-of-hanh"}
)

// The whole list is in the first page that a reader on a line of 2G sees: as browsers ask
// for it, 25 kB with style and script, and below 100 kB even where nothing is compressed
// between the collector and the reader, script and style apart.
func TestTheFirstLoadOfATargetIsLightEnoughForALineOf2G(t *testing.T) {
	h := over(t, built(t), planner)
	for _, path := range []string{"/target", "/target?lang=en", "/target?show=todo&by=unit"} {
		wire := 0
		for _, address := range []string{path, "/static/board.css", "/static/target.css", "/static/board.js", "/static/icon.svg"} {
			r := httptest.NewRequest(http.MethodGet, address, nil)
			r.Header.Set("Accept-Encoding", "gzip")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			wire += w.Body.Len()
		}
		if wire > 40_000 {
			t.Errorf("%s: the first load is %d bytes", path, wire)
		}
	}
	r, body := get(t, h, http.MethodGet, "/target")
	if n := strings.Count(body, `<td class="state">`); r.StatusCode != http.StatusOK || n != 159 || len(body) > 100_000 {
		t.Errorf("%d sites in %d bytes", n, len(body))
	}
}

func TestAStoreThatIsAwayIsSaidOnThePlannersPages(t *testing.T) {
	d := built(t)
	d.err = errors.New("connection refused")
	h := over(t, d, planner)
	for _, path := range []string{"/target", "/target.csv", "/target/site/bd-21997", "/target/area/551", "/rollout", "/rollout.csv"} {
		r, body := get(t, h, http.MethodGet, path)
		if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "InfluxDB") {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

func TestWhereThereIsNoDeskThePagesSaySoAndASitesPageIsAsItWas(t *testing.T) {
	h := pagesOf(t, empty{})
	for _, path := range []string{"/target", "/target.xlsx", "/target/site/bd-21997", "/published", "/rollout", "/import"} {
		if r, body := get(t, h, http.MethodGet, path); r.StatusCode != http.StatusNotFound || !strings.Contains(body, "không lập báo cáo mục tiêu") {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if _, body := get(t, h, http.MethodGet, "/site/bd-21997"); strings.Contains(body, `id="target"`) {
		t.Error("a site's page shows a target that nobody knows")
	}
}

func TestReadersWhoComeTogetherWaitForOneReport(t *testing.T) {
	c := newReports()
	began, let := make(chan struct{}), make(chan struct{})
	made := 0
	answers := make(chan error, 3)
	for i := range 3 {
		go func() {
			if i > 0 {
				<-began
			}
			_, err := c.get(t.Context(), "a", targetNow, func(context.Context) (*goal.Report, error) {
				made++
				close(began)
				<-let
				return &goal.Report{}, nil
			})
			answers <- err
		}()
	}
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.get(ctx, "a", targetNow, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader who has gone away: %v", err)
	}
	close(let)
	for range 3 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestAReportIsMadeAgainWhenItIsOldOrFailedOrForgotten(t *testing.T) {
	c := newReports()
	made := 0
	ask := func(key string, at time.Time, err error) {
		_, _ = c.get(t.Context(), key, at, func(context.Context) (*goal.Report, error) {
			made++
			return &goal.Report{}, err
		})
	}
	ask("a", targetNow, nil)
	ask("a", targetNow.Add(keepReport-1), nil)
	if made != 1 {
		t.Errorf("made %d times within its time", made)
	}
	ask("a", targetNow.Add(keepReport), nil)
	ask("b", targetNow, errors.New("away"))
	ask("b", targetNow, nil)
	c.forget()
	ask("b", targetNow, nil)
	if made != 5 {
		t.Errorf("made %d times, want 5", made)
	}
	for i := range 3 * maxReports {
		ask(string(rune('c'+i)), targetNow.Add(time.Duration(i)), nil)
	}
	if len(c.made) > maxReports {
		t.Errorf("%d are kept", len(c.made))
	}
}
