//go:build integration

package board

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// troubled holds two incidents: a mountain office whose line is cut, which was silent at
// first, and one of the plain that was without power yesterday.
func troubled(t *testing.T) *store.Store {
	t.Helper()
	s := storetest.Open(t, storetest.Start(t))
	inv := provinceOf(t)
	now := time.Now().Truncate(time.Second)
	var lines []byte
	add := func(p *api.Point) {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			t.Fatal(err)
		}
	}
	began := now.Add(-40 * time.Minute)
	cut := judge.Outage{ID: "o1", Site: "bd-21634", At: began, Status: api.StatusOpen, Kind: "uplink_down", Started: began, Interruptions: 1,
		Cause: api.LastMile, Reason: "because.path_first_hop", Evidence: `192.168.1.1 <b>`, Judged: now.Add(-5 * time.Minute),
		FirstKind: "silent", FirstCause: api.Unknown, First: began.Add(4 * time.Minute), Incident: "i1"}
	yesterday := now.Add(-24 * time.Hour)
	dark := judge.Outage{ID: "o2", Site: "bd-21550", At: yesterday, Status: api.StatusClosed, Kind: "power_lost", Started: yesterday, Ended: yesterday.Add(2 * time.Hour),
		Interruptions: 1, Cause: api.Power, Reason: "because.ups", Judged: yesterday, FirstKind: "power_lost", FirstCause: api.Power, First: yesterday, Incident: "i2"}
	for _, o := range []*judge.Outage{&cut, &dark} {
		site, _ := inv.Site(o.Site)
		add(o.Point(&site))
	}
	for _, i := range []judge.Incident{
		{ID: "i1", At: began, Kind: "uplink_down", Status: api.StatusOpen, Started: began, Cause: api.LastMile, Members: []string{"bd-21634"}, Mountain: 1, Title: "Xã An Nghĩa", Evidence: "192.168.1.1", Judged: now},
		{ID: "i2", At: yesterday, Kind: "power_lost", Status: api.StatusClosed, Started: yesterday, Ended: yesterday.Add(2 * time.Hour), Cause: api.Power, Members: []string{"bd-21550"}, Title: "Phường Nhơn Bình", Judged: now},
	} {
		add(i.Point(inv))
	}
	if err := s.Write(t.Context(), api.Events, lines); err != nil {
		t.Fatal(err)
	}
	return s
}

func words(body string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(body, " ")), " ")
}

func TestAnIncidentIsFoundTakenOnAndNoted(t *testing.T) {
	h := pagesOf(t, troubled(t))
	_, list := get(t, h, http.MethodGet, "/incidents")
	open, over, found := strings.Cut(words(list), "Đã kết thúc")
	if !found || !strings.Contains(open, "mất đường truyền Xã An Nghĩa đoạn từ cơ quan đến nhà mạng") || !strings.Contains(open, "chưa ai nhận") {
		t.Errorf("open: %s", open)
	}
	if !strings.Contains(over, "mất điện Phường Nhơn Bình") || !strings.Contains(over, "kéo dài 2 giờ") || strings.Contains(over, "An Nghĩa") {
		t.Errorf("over: %s", over)
	}
	for _, id := range []string{"i", "i1%00", "%0A", "'%20OR%20''='", "%5C", "%C3%28", "-"} {
		if r, _ := get(t, h, http.MethodGet, "/incident/"+id); r.StatusCode != http.StatusNotFound {
			t.Errorf("incident %s: %d", id, r.StatusCode)
		}
	}
	for _, form := range []url.Values{
		{"act": {"acknowledge"}, "by": {"Đức"}},
		{"act": {"note"}, "by": {"Lan"}, "text": {"Đã gọi <b>VNPT</b>"}},
	} {
		if r := send(t, h, "/incident/i1/note", form); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/incident/i1" {
			t.Fatalf("%d to %s", r.StatusCode, r.Header.Get("Location"))
		}
	}
	r, page := get(t, h, http.MethodGet, "/incident/i1")
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode)
	}
	for _, want := range []string{"Xã An Nghĩa", "đoạn từ cơ quan đến nhà mạng", "192.168.1.1 &lt;b&gt;", "mất tín hiệu, chưa rõ (lúc", "Người nhận Đức, lúc", "Lan, ghi chú: Đã gọi &lt;b&gt;VNPT&lt;/b&gt;"} {
		if !strings.Contains(words(page), want) {
			t.Errorf("no %q in %s", want, words(page))
		}
	}
	if _, list := get(t, h, http.MethodGet, "/incidents?lang=en"); !strings.Contains(words(list), "An Nghĩa commune last mile, from the office to the provider") || strings.Contains(list, "nobody yet</td></tr></tbody>") {
		t.Errorf("English: %s", words(list))
	}
	for _, body := range []string{list, page} {
		for _, key := range []string{">note.", ">cause.", ">because.", ">kind_of_outage."} {
			if strings.Contains(body, key) {
				t.Errorf("a sentence %q is missing from the catalogue", key)
			}
		}
	}
}
