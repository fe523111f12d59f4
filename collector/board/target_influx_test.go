//go:build integration

package board

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/store/storetest"
)

// The way of a planner before one agent is installed: a sheet is brought, the report on the
// month tells what was declared and calls nothing met that was not shown, and is published.
func TestOnTheFirstDayThePagesTellWhatIsDeclaredAndCallNothingMet(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	inv := provinceOf(t)
	now := func() time.Time { return time.Now() }
	desk, err := goal.New(goal.Config{Dir: t.TempDir(), Version: "test"}, goal.Deps{
		Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: storetest.Log(t), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := New(Deps{Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: now, Desk: desk})
	if err != nil {
		t.Fatal(err)
	}
	h := readBy(api.Visitor{Name: "hạnh", Role: api.RolePlanner, CSRF: "x"}, pages)
	month := goal.MonthOf(now()).Add(-1)
	sheet := strings.ReplaceAll(strings.ReplaceAll(goodSheet, "01/10/2026", month.From().Format("02/01/2006")), "02/10/2026", month.From().Format("02/01/2006"))
	_, page := bring(t, h, "/import", "a.csv", sheet, nil)
	m := confirm.FindStringSubmatch(page)
	if m == nil {
		t.Fatal(page)
	}
	if r := send(t, h, "/import", url.Values{"hash": {m[1]}}); r.StatusCode != http.StatusSeeOther {
		t.Fatal(r.StatusCode)
	}
	r, page := get(t, h, http.MethodGet, "/target")
	if n := len(list(page)); r.StatusCode != http.StatusOK || n != 159 || strings.Contains(page, `<td class="state">Đạt</td>`) || strings.Contains(page, ">goal.") || strings.Contains(page, ">paper.") {
		t.Errorf("%d, %d sites", r.StatusCode, n)
	}
	if !strings.Contains(page, "159 chưa cài") || !strings.Contains(page, "2 có kê khai") {
		t.Error("the rollout is not said")
	}
	if _, page = get(t, h, http.MethodGet, "/site/bd-21997?lang=en"); !strings.Contains(page, "VNPT Bình Định") || !strings.Contains(page, "CV 12/UBND") || !strings.Contains(page, "Install") && !strings.Contains(page, "install") {
		t.Error("the site's page does not tell what is declared and to do")
	}
	if _, page = get(t, h, http.MethodGet, "/rollout"); !strings.Contains(page, "<b>159</b>") {
		t.Error("not all sites wait for an agent")
	}
	for _, path := range []string{"/target.csv", "/target/site/bd-21997", "/target/area/551", "/target?budget=100000000&show=todo&by=unit&on=2025-06-30", "/target?month=2023-05"} {
		if r, _ := get(t, h, http.MethodGet, path); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	r = send(t, h, "/target/publish", url.Values{"month": {month.String()}})
	if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/published/may-2023_"+month.String()) {
		t.Fatalf("%d to %s", r.StatusCode, to)
	}
	if _, page = get(t, h, http.MethodGet, r.Header.Get("Location")); !strings.Contains(page, "Không cơ quan nào có kết luận khác") {
		t.Error("what was published just now differs from now")
	}
}
