package board

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// Limits of what an address may ask for.
const (
	maxSearch = 60
	maxBudget = 1_000_000_000_000_000 // đồng
)

// goalMonth is that of the target itself. Nothing was measured in it, and no month
// before it can be asked for.
var goalMonth = goal.Month{Year: 2023, Month: time.May}

// view is what an address asks of a report's page: which report, which of its sites, in
// which order. All of it is in the address, so that it can be passed on.
type view struct {
	lang    say.Lang
	path    string
	request goal.Request
	live    bool     // it is made for this answer, not one that was published
	named   []string // of the report, what the address must say: not what is meant without a word

	verdict, area, terrain, unit, lacks, search string
	sort                                        string // a column, "-" before it: downwards; empty: the report's own order
	by                                          string // kind of the groups that are shown
	todo                                        bool   // what is to be done is shown, not what is missing
	budget                                      string // as it was typed
	unread                                      string // what was typed for a budget and is no sum
}

// Reasons for which an address asks for nothing that there is.
var (
	errNoGoal  = errors.New("no such target")
	errNoMonth = errors.New("no such month")
)

// viewOf reads an address, of a page that shows a report of the desk's.
func (b *board) viewOf(r *http.Request) (view, error) {
	v := filtersOf(r)
	v.live = true
	return v, b.whichReport(r.URL.Query(), &v)
}

// filtersOf reads all but which report it is. A filter that means nothing is none.
func filtersOf(r *http.Request) view {
	q := r.URL.Query()
	v := view{
		lang: langOf(r), path: r.URL.Path,
		verdict: oneOf(q.Get("verdict"), string(goal.Met), string(goal.NotMet), string(goal.NoData)),
		terrain: oneOf(q.Get("terrain"), inventory.Highland, inventory.Mountain, inventory.Plain, inventory.Unknown),
		lacks:   oneOf(q.Get("lacks"), goal.Groups...),
		by:      oneOf(q.Get("by"), goal.OfArea, goal.OfTerrain, goal.OfUnit),
		area:    short(q.Get("area")), unit: short(q.Get("unit")), search: short(q.Get("q")), budget: short(q.Get("budget")),
		todo: q.Get("show") == "todo",
	}
	if _, known := sorts[strings.TrimPrefix(q.Get("sort"), "-")]; known {
		v.sort = q.Get("sort")
	}
	if dong(v.budget) == 0 {
		v.budget, v.unread = "", v.budget
	}
	return v
}

// whichReport never hands an address's own words on: a standard may be named by path too.
func (b *board) whichReport(q url.Values, v *view) error {
	standard, ok := b.desk.Standard(q.Get("goal"))
	if !ok {
		return errNoGoal
	}
	v.request.Goal, v.request.Budget = standard.ID, dong(v.budget)
	if standard.ID != b.desk.standards()[0].ID {
		v.named = append(v.named, "goal", standard.ID)
	}
	if id := q.Get("compare"); id != "" && id != standard.ID {
		other, ok := b.desk.Standard(id)
		if !ok {
			return errNoGoal
		}
		v.request.Compare = other.ID
		v.named = append(v.named, "compare", other.ID)
	}
	now := goal.MonthOf(b.deps.Now())
	v.request.Month = now.Add(-1)
	if asked := q.Get("month"); asked != "" {
		month, err := goal.ParseMonth(asked)
		if err != nil || month.From().Before(goalMonth.From()) || month.From().After(now.From()) {
			return errNoMonth
		}
		if month != v.request.Month {
			v.named = append(v.named, "month", month.String())
		}
		v.request.Month = month
	}
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("on"), zone); err == nil {
		v.request.UnitsOn = day
		v.named = append(v.named, "on", day.Format(time.DateOnly))
	}
	return nil
}

// wrongView says why there is no such page.
func (b *board) wrongView(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNoGoal) {
		b.message(w, r, http.StatusNotFound, "target.no_goal", "target.no_goal_hint")
		return
	}
	lang := langOf(r)
	f := format{lang, b.deps.Now()}
	b.sentence(w, r, http.StatusNotFound, lang.Text("target.no_month"),
		lang.Text("target.no_month_hint", f.month(goalMonth), f.month(goal.MonthOf(f.now))))
}

func oneOf(s string, all ...string) string {
	if slices.Contains(all, s) {
		return s
	}
	return ""
}

// short is a text from an address as one line of bounded length.
func short(s string) string {
	letters := []rune(written(s))
	return string(letters[:min(len(letters), maxSearch)])
}

// amount is a number with or without its thousands apart: 1.5 is none, since a dot that is
// dropped would make it 15.
var amount = regexp.MustCompile(`^ *([0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+) *(?:đ|đồng|VND)? *$`)

// dong reads a sum as people write it: "500000000", "500.000.000 đ". 0: it is none.
func dong(s string) int64 {
	m := amount.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.NewReplacer(".", "", ",", "", " ", "").Replace(m[1]), 10, 64)
	if err != nil || n < 0 || n > maxBudget {
		return 0
	}
	return n
}

// pairs are the view as an address holds it, without language.
func (v view) pairs() []string {
	p := []string{"verdict", v.verdict, "area", v.area, "terrain", v.terrain, "unit", v.unit, "lacks", v.lacks,
		"q", v.search, "sort", v.sort, "by", v.by, "budget", v.budget}
	if v.todo {
		p = append(p, "show", "todo")
	}
	return append(p, v.named...)
}

// with is the same page with some things otherwise.
func (v view) with(changes ...string) string {
	pairs := append(v.pairs(), changes...)
	last := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		last[pairs[i]] = pairs[i+1]
	}
	merged := make([]string, 0, 2*len(last))
	for name, value := range last {
		merged = append(merged, name, value)
	}
	return link(v.lang, v.path, merged...)
}

// of is another page of the same report.
func (v view) of(path string) string { return link(v.lang, path, v.named...) }
