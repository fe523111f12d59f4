package doctor

import (
	"crypto/tls"
	"log/slog"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// causesOf makes a turn a letter: L the collector was not to be had, . it was, ? not tried;
// and gives the causes of the looks, each at a loopback address.
func causesOf(t *testing.T, metered bool, turns string) string {
	t.Helper()
	var lost, tried bool
	now := time.Unix(0, 0)
	d, err := New(Config{URL: quiet(t).URL, TLS: &tls.Config{InsecureSkipVerify: true}, Metered: metered}, Deps{
		Now: func() time.Time { return now }, Lost: func() (bool, bool) { return lost, tried }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for _, turn := range turns {
		lost, tried, now = turn == 'L', turn != '?', now.Add(time.Minute)
		for _, p := range d.Path(t.Context()) {
			if err := p.Check(); err != nil {
				t.Error(err)
			}
			if cause, there := p.FieldNamed("cause"); there {
				causes = append(causes, cause.Text())
			}
		}
	}
	return strings.Join(causes, " ")
}

func TestACollectorThatIsNotToBeHadIsAnIncidentThoughNoUplinkTargetIsConfigured(t *testing.T) {
	for turns, want := range map[string]string{
		"???..........":        "start",
		"??LL..LL..":           "start",
		"..LLLLLLLLLLLLLLL...": "start collector_lost recovered",
		"LLLLL....":            "collector_lost recovered",
	} {
		if got := causesOf(t, false, turns); got != want {
			t.Errorf("%s: looked for %q, want %q", turns, got, want)
		}
	}
}

// A way that hurts is nothing to compare with later.
func TestAtTheStartTheWayIsLookedAtOnlyWhenAllIsWell(t *testing.T) {
	lost := false
	d, err := New(Config{URL: quiet(t).URL, TLS: &tls.Config{InsecureSkipVerify: true}}, Deps{
		Now: time.Now, Lost: func() (bool, bool) { return lost, true }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	heard := func(name string, mark rune) {
		d.Heard(api.Target{Name: name, Role: api.RoleUplink}, []*api.Point{ping(mark)})
	}
	heard("a", 'A')
	heard("b", 'x')
	if len(d.Path(t.Context())) > 0 {
		t.Error("looked while an uplink target is silent")
	}
	heard("b", 'A')
	lost = true
	if len(d.Path(t.Context())) > 0 {
		t.Error("looked while the collector is not to be had")
	}
	lost = false
	if len(d.Path(t.Context())) == 0 {
		t.Error("not looked though all is well")
	}
}

func TestOnAMeteredLineOnlyIncidentsAreLookedAt(t *testing.T) {
	if got := causesOf(t, true, "...LLLLL......"); got != api.CauseCollectorLost {
		t.Errorf("looked for %q", got)
	}
}

func TestWhatADoctorNeedsIsChecked(t *testing.T) {
	deps := Deps{Now: time.Now, Lost: func() (bool, bool) { return false, false }, Log: slog.New(slog.DiscardHandler)}
	if _, err := New(Config{URL: "collector", TLS: &tls.Config{}}, deps); err == nil {
		t.Error("an address without a host is taken")
	}
	if _, err := New(Config{URL: "https://collector"}, deps); err == nil {
		t.Error("TLS is not needed")
	}
}
