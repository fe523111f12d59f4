//go:build integration

package board

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// known fills an InfluxDB with three sites and the judge's word on all 159: a mountain
// site whose uplink is dead, a mountain site and one of the plain that are well.
func known(t *testing.T) *store.Store {
	t.Helper()
	s := storetest.Open(t, storetest.Start(t))
	now := time.Now()
	var lines []byte
	add := func(p *api.Point) {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 10 {
		at := now.Add(time.Duration(n-9)*time.Minute - time.Second)
		for site, received := range map[string]int64{"bd-21634": 0, "bd-21631": 10, "bd-21550": 9} {
			from := func(p *api.Point) *api.Point { return p.Tag("site", site).Tag("agent", "a1") }
			add(from(api.NewPoint("ping", at)).Tag("target", "router").Tag("role", "gateway").Int("sent", 10).Int("received", 10).Float("rtt_median_ms", 0.5))
			p := from(api.NewPoint("ping", at)).Tag("target", "dns").Tag("role", "uplink").Int("sent", 10).Int("received", received)
			if received > 0 {
				p.Float("rtt_min_ms", 20).Float("rtt_p25_ms", 21).Float("rtt_median_ms", 22.5).Float("rtt_p75_ms", 24).Float("rtt_max_ms", 40)
			} else {
				p.Text("result", "timeout")
			}
			add(p)
			add(from(api.NewPoint("receipt", at.Add(time.Second))).Int("batches", 1).Int("lines", 2).Int("last_time_ms", at.UnixMilli()))
			add(from(api.NewPoint("interface", at)).Tag("target", "switch").Tag("interface", "ge-0/0/1 <b>").Int("oper_up", 1).
				Int("speed_bps", 1e9).Int("in_octets", 7_500_000).Int("out_octets", 750_000).Text("alias", `<script>alert("x")</script>`))
			add(from(api.NewPoint("device", at)).Tag("target", "switch").Int("up", 1).Text("model", "<i>switch</i>"))
		}
	}
	if err := s.Write(t.Context(), api.Raw, lines); err != nil {
		t.Fatal(err)
	}
	j, err := judge.New(judge.Config{}, judge.Deps{Store: s, Inventory: func() *inventory.Inventory { return provinceOf(t) }, Log: storetest.Log(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func provinceOf(t *testing.T) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return inv.WithCalendar(inventory.CalendarAlways)
}

var (
	rowID = regexp.MustCompile(`<tr id="(bd-\d+)" class="s-([a-z_]+)"`)
	tags  = regexp.MustCompile(`<[^>]*>`)
)

// rowOf is a site's row as text.
func textOf(t *testing.T, body, id string) string {
	t.Helper()
	_, row, found := strings.Cut(body, `<tr id="`+id+`"`)
	if !found {
		t.Fatalf("no row of %s", id)
	}
	row, _, _ = strings.Cut(row, "</tr>")
	return strings.Join(strings.Fields(tags.ReplaceAllString("<"+row, " ")), " ")
}

func TestTheProvinceShowsMountainSitesFirstThenByGravityWithTheirFigures(t *testing.T) {
	s := known(t)
	h := pagesOf(t, s)
	r, body := get(t, h, http.MethodGet, "/")
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode)
	}
	var order []string
	for _, m := range rowID.FindAllStringSubmatch(body, -1) {
		order = append(order, m[1]+" "+m[2])
	}
	if len(order) != 159 {
		t.Fatalf("%d rows", len(order))
	}
	// 56 mountainous or unverified sites: one down, 54 not installed, one well; then the plain.
	got := []string{order[0], order[1], order[55], order[56], order[158]}
	want := []string{"bd-21634 uplink_down", "bd-21616 not_installed", "bd-21631 ok", "bd-21733 not_installed", "bd-21550 ok"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for id, parts := range map[string][]string{
		"bd-21634": {"mất đường truyền", "Xã An Nghĩa", "An Lão", "miền núi", "không đích nào ngoài đường truyền trả lời", "dns 0/10", "100 %"},
		"bd-21631": {"hoạt động", "22,5 ms", "0 %"},
		"bd-21550": {"hoạt động", "Phường Nhơn Bình", "đồng bằng", "22,5 ms", "10 %"},
		"bd-21616": {"chưa lắp đặt"},
	} {
		row := textOf(t, body, id)
		for _, part := range parts {
			if !strings.Contains(row, part) {
				t.Errorf("%s has no %q: %s", id, part, row)
			}
		}
	}
}

func TestASitesPageShowsItsUplinkAndEscapesWhatAgentsSay(t *testing.T) {
	h := pagesOf(t, known(t))
	r, body := get(t, h, http.MethodGet, "/site/bd-21631")
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode)
	}
	for _, bad := range []string{"<script>alert", "0/1 <b>", "<i>switch"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s is not escaped", bad)
		}
	}
	for _, part := range []string{"<svg", "Xã An Quang", "22,5 ms", "&lt;script&gt;alert", "1 Mbit/s", "chart"} {
		if !strings.Contains(body, part) {
			t.Errorf("no %q", part)
		}
	}
	for _, period := range []string{"24h", "7d", "nonsense"} {
		if r, _ := get(t, h, http.MethodGet, "/site/bd-21631?period="+period); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", period, r.StatusCode)
		}
	}
}
