package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
)

func TestAMessageSaysWhatSinceWhenWhyAndWhomToCall(t *testing.T) {
	title, message := render(t, vietnamese, firing("Xã Vĩnh Sơn", "bd-21786", "1"))
	if want := "Mất đường truyền: ⛰ Xã Vĩnh Sơn"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	want := `Mất đường truyền: ⛰ Xã Vĩnh Sơn

⛰ Xã Vĩnh Sơn (bd-21786)
Mất đường truyền. Từ: 08:30 27/11/2026
Căn cứ: isp 100 %, 8.8.8.8 100 %
Gọi cơ quan: Bà Hoa 0905 000 111
Gọi nhà mạng: VNPT Bình Định 1800 1166
Bảng theo dõi: https://grafana.tinh.example/g/d/cw-commune?var-area=%24__all&var-site=bd-21786
Trang của trung tâm: http://10.0.0.5:8080/incident/i-1
`
	if diff := cmp.Diff(want, message); diff != "" {
		t.Error(diff)
	}
}

func TestOfSilenceIsSaidWhenTheOfficeWasHeardLast(t *testing.T) {
	for kind, want := range map[string]string{
		"silent": "\nNhận được lần cuối: 08:29\n", "power_lost": "\nNhận được lần cuối: 08:29\n", "uplink_down": "\nCăn cứ: 08:29\n",
	} {
		a := firing("Xã A", "bd-1", "0")
		a.Labels["kind"], a.Labels["evidence"] = kind, "08:29"
		if _, message := render(t, vietnamese, a); !strings.Contains(message, want) {
			t.Errorf("%s: no %q in %s", kind, want, message)
		}
	}
}

func TestAMessageLeadsOnceToItsIncidentElseToTheSite(t *testing.T) {
	disk := firing("Xã A", "bd-1", "0")
	disk.Labels["kind"], disk.Labels["incident"] = "disk_full", "disk_full-bd-1"
	nameless := firing("Xã B", "bd-2", "0")
	delete(nameless.Labels, "incident")
	for name, one := range map[string]struct {
		alerts []toldAlert
		want   []string
	}{
		"an incident of many": {twenty(), []string{"/incident/i-1"}},
		"no incident":         {[]toldAlert{disk}, []string{"/site/bd-1"}},
		"no label":            {[]toldAlert{nameless}, []string{"/site/bd-2"}},
		"by another grouping": {[]toldAlert{firing("Xã C", "bd-3", "0"), disk, firing("Xã D", "bd-4", "1")}, []string{"/incident/i-1", "/site/bd-1"}},
	} {
		_, message := render(t, vietnamese, one.alerts...)
		var got []string
		for _, found := range regexp.MustCompile(`http://10\.0\.0\.5:8080(\S*)`).FindAllStringSubmatch(message, -1) {
			got = append(got, found[1])
		}
		if diff := cmp.Diff(one.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhatNobodyWroteDownIsLeftOut(t *testing.T) {
	a := firing("Phường Lê Lợi", "bd-21553", "0")
	a.Labels["evidence"], a.Labels["office"], a.Labels["provider"] = "-", "-", "-"
	_, message := render(t, AlertOptions{Lang: say.English}, a)
	want := `Mất đường truyền: Phường Lê Lợi

Phường Lê Lợi (bd-21553)
Mất đường truyền. Since: 08:30 27/11/2026
Dashboard: https://grafana.tinh.example/g/d/cw-commune-en?var-area=%24__all&var-site=bd-21553
`
	if diff := cmp.Diff(want, message); diff != "" {
		t.Error(diff)
	}
}

func twenty() []toldAlert {
	var alerts []toldAlert
	for i := range 20 {
		mountain := "0"
		if i%4 == 3 {
			mountain = "1"
		}
		alerts = append(alerts, firing(fmt.Sprintf("Xã %02d", i), fmt.Sprintf("bd-%05d", i), mountain))
	}
	return alerts
}

func TestAnIncidentIsOneTitleAndItsMembersMountainsFirst(t *testing.T) {
	title, message := render(t, vietnamese, twenty()...)
	if want := "Mất đường truyền: 20 nơi (⛰ 5)"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	var order []string
	for _, found := range regexp.MustCompile(`Xã (\d\d)`).FindAllStringSubmatch(message, -1) {
		order = append(order, found[1])
	}
	want := strings.Fields("03 07 11 15 19 00 01 02 04 05 06 08 09 10 12 13 14 16 17 18")
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("members: %s", diff)
	}
	if n := strings.Count(message, title); n != 1 {
		t.Errorf("the title stands %d times", n)
	}
	if !strings.Contains(message, "Cùng sự cố: ⛰ Xã 15, ⛰ Xã 19, Xã 00") || strings.Contains(message, "…") {
		t.Errorf("members are not listed:\n%s", message)
	}
}

func TestWhatIsOverIsSaidAfterWhatGoesOn(t *testing.T) {
	title, message := render(t, vietnamese, over(firing("Xã An Toàn", "bd-21613", "1"), ""), firing("Xã Cát Hải", "bd-21856", "0"))
	if want := "Mất đường truyền: Xã Cát Hải · đã hết: 1"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	if !strings.HasSuffix(message, "\n\nĐã hết: ⛰ Xã An Toàn\n") || strings.Index(message, "Cát Hải (") > strings.Index(message, "Đã hết:") {
		t.Errorf("message:\n%s", message)
	}
}

func TestResolvedSaysOverOnlyWhereTheJudgeSaidSo(t *testing.T) {
	title, message := render(t, vietnamese, over(firing("Xã An Toàn", "bd-21613", "1"), ""))
	if diff := cmp.Diff([]string{"Đã hết: Mất đường truyền: ⛰ Xã An Toàn", "Đã hết: Mất đường truyền: ⛰ Xã An Toàn\n\nĐã hết: ⛰ Xã An Toàn\n"}, []string{title, message}); diff != "" {
		t.Error(diff)
	}
	title, message = render(t, vietnamese, over(firing("Xã An Toàn", "bd-21613", "1"), "MissingSeries"))
	if want := "Thôi báo, chưa chắc đã hết: Mất đường truyền: ⛰ Xã An Toàn"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	if strings.Contains(message, "Đã hết") || !strings.Contains(message, "⛰ Xã An Toàn: chưa thấy hoạt động lại, Grafana thôi báo vì MissingSeries") {
		t.Errorf("message:\n%s", message)
	}
}

func TestSilenceThatEndsAtClosingTimeIsNotCalledMended(t *testing.T) {
	for kind, want := range map[string]string{
		"silent":      "\n\nĐã hết: ⛰ Xã An Toàn (mất tín hiệu, mất điện: hoặc đã hết giờ làm việc)\n",
		"power_lost":  "\n\nĐã hết: ⛰ Xã An Toàn (mất tín hiệu, mất điện: hoặc đã hết giờ làm việc)\n",
		"uplink_down": "\n\nĐã hết: ⛰ Xã An Toàn\n",
	} {
		a := firing("Xã An Toàn", "bd-21613", "1")
		a.Labels["kind"] = kind
		if _, message := render(t, vietnamese, over(a, "")); !strings.HasSuffix(message, want) {
			t.Errorf("%s:\n%s", kind, message)
		}
	}
}

func TestSeveralKindsInOneIncidentAreNamedEach(t *testing.T) {
	a, b := firing("Xã A", "bd-1", "0"), firing("Xã B", "bd-2", "0")
	b.Annotations = map[string]string{"summary": "Mất điện"}
	title, message := render(t, vietnamese, a, b)
	if want := "Nhiều loại sự cố: 2 nơi"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	if !strings.Contains(message, "\nMất điện. Từ") || !strings.Contains(message, "\nMất đường truyền. Từ") {
		t.Errorf("message:\n%s", message)
	}
}

func TestTheCentresOwnAlertsSayWhatToDo(t *testing.T) {
	rules := mustAlerts(t, vietnamese).Rules
	for _, r := range rules[len(rules)-2:] {
		a := toldAlert{Status: "firing", Labels: r.Labels, Annotations: r.Annotations}
		title, message := render(t, vietnamese, a)
		if title != r.Title || message != r.Title+"\n"+r.Annotations["description"]+"\n" {
			t.Errorf("%q\n%s", title, message)
		}
		if title, _ := render(t, vietnamese, over(a, "")); title != "Đã hết: "+r.Title {
			t.Errorf("resolved: %q", title)
		}
	}
}

// The longest that can be: labels of any length, 300 sites, 300 more that are over.
func TestAMessageFitsIntoTelegram(t *testing.T) {
	long := strings.Repeat("Ộ", 500)
	var alerts []toldAlert
	for i := range 600 {
		a := firing(long, long, "1")
		for _, name := range []string{"since", "evidence", "office", "provider"} {
			a.Labels[name] = long
		}
		a.Labels["kind"] = "silent"
		a.Labels["incident"] = fmt.Sprintf("i-%d%s", i, long)
		a.Annotations = map[string]string{"summary": long, "description": long + long}
		switch {
		case i >= 500:
			a = over(a, long)
		case i >= 300:
			a = over(a, "")
		}
		alerts = append(alerts, a)
	}
	for _, lang := range say.Langs {
		title, message := render(t, AlertOptions{Lang: lang, Pages: "http://" + strings.Repeat("p", MaxPages-7)}, alerts...)
		if n := len(utf16.Encode([]rune(message))); n > maxMessage {
			t.Errorf("%s: %d characters, at most %d", lang, n, maxMessage)
		}
		if n := len(utf16.Encode([]rune(title))); n > maxTitle || strings.Contains(title, "\n") {
			t.Errorf("%s: a title of %d characters: %q", lang, n, title)
		}
	}
}

func TestAMessageStandsOnNoZoneFile(t *testing.T) {
	if strings.Contains(messageText, " tz ") || strings.Contains(messageText, "StartsAt") || strings.Contains(messageText, "EndsAt") {
		t.Error("a time is converted in Grafana")
	}
}

func TestEveryTextOfTheTemplateIsInTheCatalogue(t *testing.T) {
	for _, lang := range say.Langs {
		text := *mustAlerts(t, AlertOptions{Lang: lang, Contact: true, Watchdog: true}).Template.Template
		if strings.ContainsAny(text, "«»") || strings.Contains(text, "alert.") {
			t.Errorf("%s: a text is missing:\n%s", lang, text)
		}
	}
}

func mustAlerts(t *testing.T, o AlertOptions) Alerting {
	t.Helper()
	a, err := Alerts(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
