package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// hearAll plays a course of "minute session" and gives who was refused, as
// "minute session by".
func hearAll(t *twins, course string) (refused []string) {
	began := time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC)
	for _, step := range strings.Fields(course) {
		minute, session, _ := strings.Cut(step, ":")
		after, err := time.ParseDuration(minute)
		if err != nil {
			panic(err)
		}
		first, _ := t.hear(holder{"bd-1", "a1"}, sender{session: session, address: "at-" + session, last: began.Add(after), patience: silence})
		if first != nil {
			refused = append(refused, step+" by "+first.session)
		}
	}
	return refused
}

func TestSessionsThatTakeTurnsAreTwoMachinesAndARestartIsNone(t *testing.T) {
	for what, of := range map[string]struct {
		course string
		want   []string
	}{
		"one machine":                     {"0m:A 1m:A 2m:A 20m:A", nil},
		"a restart":                       {"0m:A 1m:A 2m:B 3m:B 4m:B 5m:B", nil},
		"restarts without end":            {"0m:A 1m:B 2m:C 3m:D 4m:E 5m:E", nil},
		"two machines":                    {"0m:A 0m30s:B 1m:A 1m30s:B 2m:A 2m30s:B", []string{"1m30s:B by A", "2m30s:B by A"}},
		"a late request of the old one":   {"0m:A 1m:B 1m5s:A 2m:B 3m:B 30m:B", nil},
		"three machines":                  {"0m:A 0m20s:B 0m40s:C 1m:A 1m20s:B 1m40s:C 2m:A", []string{"1m20s:B by A", "1m40s:C by A"}},
		"the first falls silent":          {"0m:A 0m30s:B 1m:A 1m30s:B 11m:B 11m1s:B 12m:B", []string{"1m30s:B by A", "11m:B by A"}},
		"and comes back":                  {"0m:A 0m30s:B 1m:A 1m30s:B 11m30s:B 12m:A 12m30s:B 13m:A", []string{"1m30s:B by A", "13m:A by B"}},
		"the copy restarts":               {"0m:A 0m30s:B 1m:A 1m30s:B 2m30s:D 3m:A 3m30s:D", []string{"1m30s:B by A", "3m30s:D by A"}},
		"the first restarts":              {"0m:A 0m30s:B 1m:A 1m30s:B 2m:E 2m30s:B 3m:E 11m30s:B 12m:E 12m30s:B", []string{"1m30s:B by A", "2m30s:B by A", "11m30s:B by E", "12m30s:B by E"}},
		"one in the morning, one at noon": {"0m:A 1m:A 20m:B 21m:B 40m:A 41m:A", nil},
	} {
		if d := cmp.Diff(of.want, hearAll(newTwins(), of.course)); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}

func TestWhoSendsSeldomIsNotTakenForSilent(t *testing.T) {
	w := newTwins()
	began := time.Now()
	hear := func(session string, after time.Duration) bool {
		first, _ := w.hear(holder{"bd-1", "a1"}, sender{session: session, last: began.Add(after), patience: 30 * time.Minute})
		return first == nil
	}
	got := []bool{hear("A", 0), hear("B", 7*time.Minute), hear("A", 15*time.Minute), hear("B", 22*time.Minute), hear("A", 30*time.Minute), hear("B", 37*time.Minute)}
	if d := cmp.Diff([]bool{true, true, true, false, true, false}, got); d != "" {
		t.Error(d)
	}
}

func TestTwinsAreForgottenAndNeverMany(t *testing.T) {
	w := newTwins()
	began := time.Now()
	for i := range 1000 {
		w.hear(holder{"bd-1", "a1"}, sender{session: fmt.Sprint(i), last: began.Add(time.Duration(i) * time.Millisecond), patience: silence})
	}
	if n := len(w.of[holder{"bd-1", "a1"}]); n != maxSenders {
		t.Errorf("%d sessions of one are remembered", n)
	}
	for i := range 1000 {
		w.hear(holder{fmt.Sprint(i), "a1"}, sender{session: "A", last: began, patience: silence})
		w.copied(holder{fmt.Sprint(i), "a1"}, began)
	}
	w.hear(holder{"bd-2", "a1"}, sender{session: "A", last: began.Add(2 * repeat), patience: silence})
	if len(w.of) != 1 || len(w.said) != 0 {
		t.Errorf("after two hours %d identities and %d copies are", len(w.of), len(w.said))
	}
}

func TestACopyIsNamedOnceAnHour(t *testing.T) {
	w := newTwins()
	began := time.Now()
	named := 0
	for minute := range 121 {
		for i, session := range []string{"A", "B"} {
			at := began.Add(time.Duration(minute)*time.Minute + time.Duration(i)*30*time.Second)
			if _, name := w.hear(holder{"bd-1", "a1"}, sender{session: session, last: at, patience: silence}); name {
				named++
			}
		}
	}
	if named != 2 {
		t.Errorf("named %d times in two hours", named)
	}
}

func TestTwoProgramsThatWriteUnderOneIdentityAreToldApart(t *testing.T) {
	var told []string
	h := start(t, func(_ *Config, d *Deps) {
		d.Twin = func(of api.Identity, what string) { told = append(told, of.Site+": "+what) }
	})
	token := "Token " + h.issue("bd-1")
	other := "Token " + h.issue("bd-2")
	write := func(token, session string) reply {
		request, err := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathWrite, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", token)
		request.Header.Set(api.HeaderSession, session)
		return h.do(h.client, request)
	}
	const first, second = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
	write(token, first)
	write(token, second)
	h.age(tail)
	write(token, first)
	got := write(token, second)
	if got.status != http.StatusForbidden || got.code(t) != api.CodeTwin || got.header.Get("Retry-After") != "300" {
		t.Errorf("the second: %d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	for _, of := range []struct{ token, session string }{{token, first}, {token, ""}, {token, "no session"}, {token, strings.Repeat("b", 33)}, {other, second}} {
		if got := write(of.token, of.session); got.status != http.StatusNoContent {
			t.Errorf("%q: %d %s", of.session, got.status, got.body)
		}
	}
	request, err := http.NewRequest(http.MethodGet, "https://"+h.Addr().String()+api.PathDocument, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", token)
	request.Header.Set(api.HeaderSession, second)
	if got := h.do(h.client, request); got.status != http.StatusOK { // it mixes nothing by reading
		t.Errorf("its document: %d %s", got.status, got.body)
	}
	want := `communewatch_gate_twin{address="127.0.0.1",agent="a1",refused_address="127.0.0.1",refused_session="` + second + `",session="` + first + `",site="bd-1"} 1`
	if !h.counted(want) || !h.counted("communewatch_gate_twins_refused_total 1") {
		t.Errorf("no %s in %s", want, h.page(api.PathMetrics).body)
	}
	if log := h.log.String(); !strings.Contains(log, "session="+first) || !strings.Contains(log, "refused_session="+second) {
		t.Errorf("not named: %s", log)
	}
	if d := cmp.Diff([]string{"bd-1: two machines sent at once: from 127.0.0.1, and refused, from 127.0.0.1"}, told); d != "" {
		t.Error(d)
	}
	h.age(silence - 5*time.Second)
	if got := write(token, second); got.code(t) != api.CodeTwin {
		t.Errorf("before the first is taken for silent: %d", got.status)
	}
	h.age(10 * time.Second)
	if got := write(token, second); got.status != http.StatusNoContent {
		t.Errorf("after the first fell silent: %d %s", got.status, got.body)
	}
}

func TestHowLongASenderMayBeSilentFollowsFromWhatItSays(t *testing.T) {
	h := start(t, nil)
	for every, want := range map[string]time.Duration{"": silence, "60": silence, "600": 20 * time.Minute, "3600": 2 * time.Hour, "999999999999": 2 * time.Hour, "-1": silence, "x": silence} {
		r := httptest.NewRequest(http.MethodPost, api.PathWrite, nil)
		r.Header.Set(api.HeaderSession, "aaaaaaaaaaaaaaaa")
		r.Header.Set(api.HeaderEvery, every)
		h.turns(r, api.Identity{Site: "bd-" + every, Agent: "a1"}, room{writes: true})
		if got := h.twins.of[holder{"bd-" + every, "a1"}][0].patience; got != want {
			t.Errorf("%q: %s, want %s", every, got, want)
		}
	}
}

// age makes what the gate heard that much older.
func (h *house) age(d time.Duration) {
	h.twins.mu.Lock()
	defer h.twins.mu.Unlock()
	for _, all := range h.twins.of {
		for i := range all {
			all[i].first, all[i].last = all[i].first.Add(-d), all[i].last.Add(-d)
		}
	}
}

func FuzzTwinsNeverRefuseEverybody(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 1})
	f.Add([]byte{0, 1, 2, 0, 1, 2, 200, 1})
	f.Fuzz(func(t *testing.T, course []byte) {
		w := newTwins()
		at := time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC)
		refused := map[string]bool{}
		for _, step := range course {
			at = at.Add(time.Duration(step/8) * time.Minute)
			session := string(rune('A' + step%8))
			first, _ := w.hear(holder{"bd-1", "a1"}, sender{session: session, last: at, patience: silence})
			refused[session] = first != nil
			if first != nil && (first.session == session || first.twin || at.Sub(first.last) > silence) {
				t.Fatalf("%s is refused by %+v", session, first)
			}
		}
	})
}
