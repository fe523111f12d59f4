//go:build integration

package board

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// outagesSection is that of a site's page, as text and as it is.
func outagesSection(t *testing.T, body, heading string) (text, html string) {
	t.Helper()
	_, section, found := strings.Cut(body, "<h2>"+heading)
	if !found {
		t.Fatalf("no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "</section>")
	return words(section), section
}

// write stores outages of the site.
func writeOutages(t *testing.T, s *store.Store, outages ...judge.Outage) {
	t.Helper()
	inv := provinceOf(t)
	var lines []byte
	for _, o := range outages {
		site, _ := inv.Site(o.Site)
		var err error
		if lines, err = o.Point(&site).AppendLine(lines); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), api.Events, lines); err != nil {
		t.Fatal(err)
	}
}

func TestASitesPageListsItsOutagesNewestFirstWithTheirIncidents(t *testing.T) {
	s := troubled(t)
	now := time.Now().Truncate(time.Second)
	was := func(id, status string, began time.Time, lasted time.Duration) judge.Outage {
		o := judge.Outage{ID: id, Site: "bd-21634", At: began, Status: status, Kind: "power_lost", Started: began, Interruptions: 1, Cause: api.Power, Reason: "because.ups",
			Evidence: began.In(zone).Format(time.DateTime), Judged: began, FirstKind: "power_lost", FirstCause: api.Power, First: began, Incident: "i-" + id}
		if lasted > 0 {
			o.Ended = began.Add(lasted)
		}
		return o
	}
	device := was("printer", api.StatusClosed, now.Add(-3*time.Hour), time.Hour)
	device.Kind, device.Target, device.Incident, device.Maintenance = api.KindDevice, "<i>printer", "", true
	writeOutages(t, s, device,
		was("week", api.StatusClosed, now.Add(-7*24*time.Hour), 2*time.Hour),
		was("into", api.StatusClosed, now.Add(-31*24*time.Hour), 3*24*time.Hour), // it ended within the 30 days
		was("goes-on", api.StatusOpen, now.Add(-50*24*time.Hour), 0),
		was("old", api.StatusClosed, now.Add(-40*24*time.Hour), time.Hour),
		was("never", api.StatusWithdrawn, now.Add(-2*time.Hour), time.Hour),
	)
	h := pagesOf(t, s)
	_, body := get(t, h, http.MethodGet, "/site/bd-21634")
	text, html := outagesSection(t, body, "Các lần gián đoạn trong 30 ngày qua")
	at := 0
	for _, want := range []string{
		"mất đường truyền", "chưa đoạn từ cơ quan đến nhà mạng", "192.168.1.1 &lt;b&gt;", "Xem sự cố", "mất tín hiệu, chưa rõ (lúc", // the line that is cut, judged silent first
		"thiết bị không trả lời &lt;i&gt;printer", "kéo dài 1 giờ", "đang bảo trì theo kế hoạch",
		"mất điện", "kéo dài 2 giờ", "mất điện", "kéo dài 3 ngày", "mất điện", "chưa mất điện",
	} {
		found := strings.Index(text[at:], want)
		if found < 0 {
			t.Fatalf("no %q from %q on, in %s", want, text[at:], text)
		}
		at += found + len(want)
	}
	for _, want := range []string{`href="/incident/i1"`, `href="/incident/i-week"`, `href="/incident/i-into"`, `href="/incident/i-goes-on"`} {
		if strings.Count(html, want) != 1 {
			t.Errorf("%s stands %d times", want, strings.Count(html, want))
		}
	}
	for _, bad := range []string{"i-old", "i-never", "i-printer", "<i>printer", `"/incident/"`, now.Add(-7 * 24 * time.Hour).In(zone).Format(time.DateTime)} {
		if strings.Contains(html, bad) {
			t.Errorf("%q is shown", bad)
		}
	}
	_, body = get(t, h, http.MethodGet, "/site/bd-21634?lang=en")
	if text, html := outagesSection(t, body, "Outages of the last 30 days"); !strings.Contains(text, "See the incident") || !strings.Contains(html, `href="/incident/i1?lang=en"`) {
		t.Errorf("English: %s", html)
	}
	_, body = get(t, h, http.MethodGet, "/site/bd-21631")
	if text, _ := outagesSection(t, body, "Các lần gián đoạn"); !strings.HasSuffix(text, "Không có lần nào.") {
		t.Errorf("of a site without any: %s", text)
	}
}

func TestALineThatComesAndGoesDoesNotFillItsPage(t *testing.T) {
	s := troubled(t)
	var many []judge.Outage
	for n := range maxOutages + 7 {
		began := time.Now().Add(-time.Duration(n+2) * time.Hour)
		many = append(many, judge.Outage{ID: "f" + strconv.Itoa(n), Site: "bd-21550", At: began, Status: api.StatusClosed, Kind: "uplink_down", Started: began, Ended: began.Add(time.Minute),
			Interruptions: 1, Cause: api.Unknown, Reason: "because.no_look", Judged: began, FirstKind: "uplink_down", FirstCause: api.Unknown, First: began, Incident: "i-f" + strconv.Itoa(n)})
	}
	writeOutages(t, s, many...)
	_, body := get(t, pagesOf(t, s), http.MethodGet, "/site/bd-21550")
	text, html := outagesSection(t, body, "Các lần gián đoạn")
	if n := strings.Count(html, "<tr class="); n != maxOutages {
		t.Errorf("%d rows", n)
	}
	if !strings.HasSuffix(text, "và 8 lần trước đó") { // with the one that was without power yesterday
		t.Errorf("more: %s", text)
	}
}

// A site's row, and its page, lead to where one acts on what it is in; a site that is in
// nothing leads to nothing, though it was in something before.
func TestASiteInAnIncidentLeadsToIt(t *testing.T) {
	s := troubled(t)
	now := time.Now().Truncate(time.Second)
	var lines []byte
	for _, p := range []*api.Point{
		api.NewPoint("site_state", now.Add(-2*time.Second)).Tag("site", "bd-21634").Text("state", "uplink_down").Text("incident", "i1").Int("rank", 1),
		api.NewPoint("site_state", now.Add(-30*time.Minute)).Tag("site", "bd-21550").Text("state", "power_lost").Text("incident", "i2").Int("rank", 1),
		api.NewPoint("site_state", now.Add(-2*time.Second)).Tag("site", "bd-21550").Text("state", "ok").Int("rank", 1),
	} {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), api.Events, lines); err != nil {
		t.Fatal(err)
	}
	h := pagesOf(t, s)
	_, body := get(t, h, http.MethodGet, "/")
	if n := strings.Count(body, `href="/incident/`); n != 1 || !strings.Contains(textOf(t, body, "bd-21634"), "Xem sự cố") || !strings.Contains(body, `href="/incident/i1"`) {
		t.Errorf("%d links; the row: %s", n, textOf(t, body, "bd-21634"))
	}
	for site, want := range map[string]int{"bd-21634": 1, "bd-21550": 0} {
		_, body := get(t, h, http.MethodGet, "/site/"+site)
		_, verdict, _ := strings.Cut(body, `<p class="verdict`)
		verdict, _, _ = strings.Cut(verdict, "</p>")
		if n := strings.Count(verdict, `href="/incident/`); n != want {
			t.Errorf("%s: %d links: %s", site, n, verdict)
		}
	}
}
