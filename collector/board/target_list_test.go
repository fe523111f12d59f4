package board

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

var (
	listed   = regexp.MustCompile(`<tr class="s-[a-z_]+"><td class="state">[^<]*</td>(?:<td>[^<]*</td>)?<th scope="row"><a href="/site/(bd-\d+)`)
	anyHref  = regexp.MustCompile(`href="([^"]*)"`)
	sortedBy = regexp.MustCompile(`aria-sort="(\w+)"`)
)

// list are the ids of a page's list, in its order.
func list(body string) (ids []string) {
	for _, m := range listed.FindAllStringSubmatch(body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestEachFilterLeavesTheSitesThatItMeans(t *testing.T) {
	d := built(t)
	h := over(t, d, viewer)
	of := func(keep func(*goal.SiteLine) bool) int {
		n := 0
		for i := range d.report.Sites {
			if keep(&d.report.Sites[i]) {
				n++
			}
		}
		return n
	}
	lacking := of(func(s *goal.SiteLine) bool { // of what nothing is known falls short too
		for _, at := range s.Findings {
			if at.Group == goal.GroupData && at.Verdict != goal.Met {
				return true
			}
		}
		return false
	})
	for query, want := range map[string]int{
		"":                     159,
		"verdict=met":          of(func(s *goal.SiteLine) bool { return s.Verdict == goal.Met }),
		"verdict=not_met":      of(func(s *goal.SiteLine) bool { return s.Verdict == goal.NotMet }),
		"verdict=no_data":      of(func(s *goal.SiteLine) bool { return s.Verdict == goal.NoData }),
		"verdict=exempt":       159, // no verdict on a site: no filter
		"area=551":             7,
		"terrain=highland":     of(func(s *goal.SiteLine) bool { return s.Terrain == inventory.Highland }),
		"lacks=data":           lacking,
		"unit=21997":           of(func(s *goal.SiteLine) bool { return s.Unit == "21997" }),
		"q=canh+lien":          1,
		"q=CANH+LI%C3%8AN":     1,
		"q=bd-21997":           1,
		"q=van+canh":           8, // the area's seven, and one of Tuy Phước that is no more than its unit
		"q=nowhere":            0,
		"area=551&verdict=met": of(func(s *goal.SiteLine) bool { return s.AreaCode == "551" && s.Verdict == goal.Met }),
	} {
		_, body := get(t, h, http.MethodGet, "/target?"+query)
		if got := len(list(body)); got != want && !(query == "q=van+canh" && got >= 7) {
			t.Errorf("%s: %d sites, want %d", query, got, want)
		}
	}
}

func TestMountainSitesComeFirstAndEachColumnSortsBothWays(t *testing.T) {
	d := built(t)
	h := over(t, d, viewer)
	line := map[string]*goal.SiteLine{}
	for i := range d.report.Sites {
		line[d.report.Sites[i].ID] = &d.report.Sites[i]
	}
	_, body := get(t, h, http.MethodGet, "/target")
	ids := list(body)
	if !slices.IsSortedFunc(ids, func(a, b string) int { return boolCompare(line[b].Mountain, line[a].Mountain) }) || !line[ids[0]].Mountain {
		t.Error("a site of the plain stands before one of the mountains")
	}
	for name, by := range sorts {
		for prefix, sign := range map[string]int{"": 1, "-": -1} {
			_, body := get(t, h, http.MethodGet, "/target?sort="+prefix+name+"&show=todo")
			ids := list(body)
			if len(ids) != 159 || !slices.IsSortedFunc(ids, func(a, b string) int { return sign * by(line[a], line[b]) }) {
				t.Errorf("sort=%s%s: not in order", prefix, name)
			}
		}
	}
	_, up := get(t, h, http.MethodGet, "/target?sort=site")
	_, down := get(t, h, http.MethodGet, "/target?sort=-site")
	if d := cmp.Diff([]string{"ascending", "descending"}, []string{sortedBy.FindStringSubmatch(up)[1], sortedBy.FindStringSubmatch(down)[1]}); d != "" {
		t.Error(d)
	}
	if first := line[list(up)[0]].Name; say.Compare(first, "An Chấn") > 0 && !strings.HasPrefix(first, "An") {
		t.Errorf("the first by name is %s", first)
	}
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Each link of the page that leads to the page itself keeps the language and what else was
// asked for, but for what it is there to change.
func TestLinksOfAReportKeepLanguageAndFilters(t *testing.T) {
	h := over(t, built(t), viewer)
	_, body := get(t, h, http.MethodGet, "/target?lang=en&verdict=not_met&terrain=mountain&month=2026-09&q=an")
	kept := 0
	for _, m := range anyHref.FindAllStringSubmatch(body, -1) {
		u, err := url.Parse(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		if u.Path == "" || strings.HasPrefix(u.Path, "/static/") {
			continue
		}
		q := u.Query()
		if q.Get("lang") != "en" && q.Get("month") == "" { // the other language's link has no lang
			t.Errorf("%s loses the language", m[1])
		}
		if u.Path == "/target" && len(q) > 1 {
			kept++
			lost := 0
			for name, want := range map[string]string{"verdict": "not_met", "terrain": "mountain", "month": "2026-09", "q": "an"} {
				if q.Get(name) != want {
					lost++
				}
			}
			if lost > 1 && !(len(q) == 2) { // what it changes; "show all" drops the filters
				t.Errorf("%s loses %d of what was asked for", m[1], lost)
			}
		}
	}
	if kept < 20 {
		t.Errorf("%d links to the page itself", kept)
	}
	for _, hidden := range []string{`name="lang" value="en"`, `<option value="not_met" selected>`, `value="2026-09"`, `name="q" value="an"`} {
		if !strings.Contains(body, hidden) {
			t.Errorf("the form has no %s", hidden)
		}
	}
}

func TestAnAddressThatAsksForNoReportIsToldSo(t *testing.T) {
	d := built(t)
	h := over(t, d, viewer)
	for _, query := range []string{"goal=/etc/passwd", "goal=../x.yaml", "compare=nothing", "month=2026-12", "month=2023-04", "month=yesterday", "month=9999-99"} {
		for _, path := range []string{"/target?", "/target.csv?", "/target/site/bd-21997?"} {
			if r, body := get(t, h, http.MethodGet, path+query); r.StatusCode != http.StatusNotFound || !strings.Contains(body, `href="/"`) {
				t.Errorf("%s%s: %d", path, query, r.StatusCode)
			}
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("the desk was asked for %v", d.asked)
	}
	for _, path := range []string{"/target?verdict=x&sort=%3Cscript%3E&area=%22%3E%3Cscript%3E&budget=-5&on=never&by=x&q=%3Cscript%3Ealert(1)%3C/script%3E", "/target/area/%3Cscript%3E", "/published/%3Cscript%3E"} {
		if _, body := get(t, h, http.MethodGet, path); strings.Contains(body, "<script>") || strings.Contains(body, ">target.") || strings.Contains(body, "ZgotmplZ") {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestTheReportIsAskedForAsTheAddressSays(t *testing.T) {
	d := built(t)
	other := *d.all[0]
	other.ID = "other-1"
	d.all = append(d.all, &other)
	h := over(t, d, viewer)
	get(t, h, http.MethodGet, "/target")
	get(t, h, http.MethodGet, "/target?sort=site&verdict=met") // of the same report
	get(t, h, http.MethodGet, "/target?month=2026-11&compare=other-1&on=2025-06-30&budget=500.000.000+%C4%91")
	get(t, h, http.MethodGet, "/target?on=2025-06-30")
	want := []goal.Request{
		{Goal: "may-2023", Month: goal.Month{Year: 2026, Month: 10}},
		{Goal: "may-2023", Compare: "other-1", Month: goal.Month{Year: 2026, Month: 11}, UnitsOn: dayAt(2025, 6, 30), Budget: 500_000_000},
		{Goal: "may-2023", Month: goal.Month{Year: 2026, Month: 10}, UnitsOn: dayAt(2025, 6, 30)},
	}
	if diff := cmp.Diff(want, d.asked); diff != "" {
		t.Error(diff)
	}
}

func TestABudgetThatIsNoSumIsSaidAndStaysAsItWasTyped(t *testing.T) {
	h := over(t, built(t), viewer)
	for typed, wrong := range map[string]bool{"500 triệu": true, "1.5": true, "500.000.000": false, "": false} {
		_, body := get(t, h, http.MethodGet, "/target?budget="+url.QueryEscape(typed))
		said := strings.Contains(body, `aria-invalid="true" aria-describedby="budget-problem"`) && strings.Contains(body, "Không hiểu kinh phí “"+typed+"”")
		if said != wrong || !strings.Contains(body, `name="budget" value="`+typed+`"`) {
			t.Errorf("%q: said to be wrong: %v, want %v", typed, said, wrong)
		}
	}
}

func TestAMonthThatGoesOnAndTheTargetsOwnMonthAreSaid(t *testing.T) {
	h := over(t, built(t), viewer)
	for path, want := range map[string]string{
		"/target?month=2026-11":         "Tháng 11/2026 chưa hết",
		"/target?month=2026-11&lang=en": "November 2026 is not over",
		"/target?month=2023-05":         "Tháng 5/2023 không có số đo nào",
		"/target":                       "Mục tiêu là một tiêu chuẩn được áp dụng cho từng tháng",
		"/target?lang=en":               "May 2023 itself has no measurements",
	} {
		if _, body := get(t, h, http.MethodGet, path); !strings.Contains(body, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
}

func TestUnitsAreThoseOfTheDayThatIsAskedFor(t *testing.T) {
	h := over(t, built(t), viewer)
	_, body := get(t, h, http.MethodGet, "/target?by=unit")
	for _, want := range []string{"on=2021-02-01", "on=2024-12-01", "on=2025-07-01", "58 đơn vị", "155 đơn vị", "159 đơn vị"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if !regexp.MustCompile(`on=2025-07-01" aria-current="true"`).MatchString(strings.ReplaceAll(body, "&amp;", "&")) {
		t.Error("the units of the month's end are not marked as shown")
	}
}

func TestAVerdictIsAWordBesideItsColourAndNoDataStandsApart(t *testing.T) {
	_, body := get(t, over(t, built(t), viewer), http.MethodGet, "/target?lang=en")
	for _, want := range []string{`<td class="state">Met</td>`, `<td class="state">Not met</td>`, `<td class="state">No data</td>`, `class="n apart"`, "declared 100 Mbit/s, measured 18 Mbit/s", "Not official borders", "(c) Marc Choisy, MIT"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestASearchIsFoldedOnBothSides(t *testing.T) {
	for text, want := range map[string]string{
		"Đắk Lắk": "dak lak", "ĐẮK LẮK": "dak lak", "Ấp  Ớt": "ap ot", "Nguye\u0302\u0303n": "nguyen", "Vĩnh\u00a0Thạnh": "vinh thanh", "": "",
	} {
		if got := folded(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestABudgetIsReadAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]int64{
		"500000000": 500_000_000, "500.000.000 đ": 500_000_000, "1,000": 1000, "10 000 đồng": 10_000, "": 0, "x": 0, "-5": 0, "99999999999999999999": 0, "1e9": 0, "1.5": 0, "1.500,5": 0, "500 triệu": 0, "1 000 000": 1_000_000, "1.000 VND": 1000,
	} {
		if got := dong(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
