package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

func TestTheEmbeddedFileIsTheDefaultPolicy(t *testing.T) {
	got, err := readPolicies("own.yaml", []byte("plain: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultPolicies()
	if d := cmp.Diff(&want, got); d != "" {
		t.Error(d)
	}
	none, err := LoadPolicies("")
	if d := cmp.Diff(&want, none); d != "" || err != nil {
		t.Error(d, err)
	}
	if len(want.Alarms) != len(strings.Fields(api.AlarmKinds)) {
		t.Errorf("%d kinds of alarm have a policy, there are %d", len(want.Alarms), len(strings.Fields(api.AlarmKinds)))
	}
}

// Whoever reads the file finds every figure in it, with a comment before it that says
// which values it may have.
func TestEveryFigureIsExplainedWithItsRange(t *testing.T) {
	var file policyFile
	_, plainRow, _ := strings.Cut(PolicyText, "\nplain:\n")
	plainRow, _, _ = strings.Cut(plainRow, "\nmountain:\n")
	for i := range reflect.TypeFor[Policy]().NumField() {
		if key := reflect.TypeFor[Policy]().Field(i).Tag.Get("json"); key != "-" && !strings.Contains(plainRow, "\n  "+key+": ") {
			t.Errorf("%s is not in the file", key)
		}
	}
	var bare []string
	before := ""
	for line := range strings.Lines(PolicyText) {
		if value := regexp.MustCompile(`^  [a-z_]+: `); value.MatchString(line) && !strings.Contains(before, "#") && !strings.Contains(line, "#") {
			bare = append(bare, strings.TrimSpace(line))
		}
		before = line
	}
	if d := cmp.Diff([]string{"closing: 30m"}, bare); d != "" { // it shares its comment
		t.Error(d)
	}
	for _, f := range file.Plain.figures() {
		if f.path == "calm" {
			continue // its lower end is rejoin
		}
		if text := f.show(f.low) + " to " + f.show(f.high) + "."; !strings.Contains(plainRow, text) {
			t.Errorf("%s: the file does not say %q", f.path, text)
		}
	}
}

func TestAnOwnFileOverridesOnlyWhatItNames(t *testing.T) {
	defaults := DefaultPolicies()
	for _, c := range []struct {
		name, in string
		want     func(*Policies)
	}{
		{"a figure of all", "plain:\n  dead_rounds: 3\n", func(p *Policies) { p.Plain.DeadRounds, p.Mountain.DeadRounds = 3, 3 }},
		{"a figure that the mountains have for themselves", "plain:\n  loss: 0.1\n  slow: 1s\n", func(p *Policies) { p.Plain.Loss, p.Plain.Slow = 0.1, time.Second }},
		{"a figure of the mountains", "mountain:\n  silent_rounds: 6\n", func(p *Policies) { p.Mountain.SilentRounds = 6 }},
		{"of all, and of the mountains", "mountain:\n  calm: 1h\nplain:\n  calm: 30m\n", func(p *Policies) { p.Plain.Calm, p.Mountain.Calm = 30*time.Minute, time.Hour }},
		{"incidents", "incidents: {least: 5}\n", func(p *Policies) { p.Least = 5 }},
		{"alarms", "alarms: {certificate_left: 48h, clock_off: 2m}\n", func(p *Policies) {
			p.Alarms["certificate"], p.Alarms["clock_wrong"] = AlarmPolicy{48 * 3600}, AlarmPolicy{120_000}
		}},
		{"a key with nothing behind it", "plain:\n  loss:\nincidents:\n", func(*Policies) {}},
		{"the ends of ranges", "plain: {rejoin: 0s, calm: 0s, opening: 0s, loss: 1}\nmountain: {loss: 1}\n", func(p *Policies) {
			for _, row := range []*Policy{&p.Plain, &p.Mountain} {
				row.Rejoin, row.Calm, row.Opening, row.Loss = 0, 0, 0, 1
			}
		}},
	} {
		got, err := readPolicies("own.yaml", []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := DefaultPolicies()
		c.want(&want)
		if d := cmp.Diff(&want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if d := cmp.Diff(defaults, DefaultPolicies()); d != "" {
		t.Error("the defaults have changed", d)
	}
}

func TestAWrongFigureIsSaidAtItsPlaceWithWhatIsWanted(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain:\n  dead_rounds: 0\n", "own.yaml:2:16: plain.dead_rounds is 0, want 1 to 30"},
		{"plain:\n  dead_rounds: two\n", `own.yaml:2:16: plain.dead_rounds is "two", want an integer`},
		{"plain:\n  dead_round: 2\n", `own.yaml:2:3: unknown key "dead_round"; known here: battery, calm, closing, dead_rounds, flaps, fresh_rounds, loss, loss_rounds, opening, recover_rounds, rejoin, silent_rounds, slow`},
		{"plain:\n  loss: 20\n", "own.yaml:2:9: plain.loss is 20, want 0.01 to 1"},
		{"plain:\n  loss: 0\n", "own.yaml:2:9: plain.loss is 0, want 0.01 to 1"},
		{"plain:\n  opening: -5m\n", "own.yaml:2:12: plain.opening is -5m, want 0s to 4h"},
		{"plain:\n  calm: 5m\n", "own.yaml:2:9: plain.calm is 5m, want 10m to 24h"},
		{"plain:\n  rejoin: 30m\n", "own.yaml:2:3: plain.calm is 20m, want 30m to 24h"},
		{"mountain:\n  loss: 1.5\n  slow: 400\n", "own.yaml:2:9: mountain.loss is 1.5, want 0.01 to 1\nown.yaml:3:9: mountain.slow is \"400\", want a duration such as 60s or 5m"},
		{"incidents:\n  least: 1\n  together: 2h\n", "own.yaml:2:10: incidents.least is 1, want 2 to 1000\nown.yaml:3:13: incidents.together is 2h, want 10s to 1h"},
		{"alarms:\n  disk_full_percent: 101\n", "own.yaml:2:22: alarms.disk_full_percent is 101, want 50 to 100"},
		{"alarms:\n  certificate_left: 14d\n", `own.yaml:2:21: alarms.certificate_left is "14d", want a duration such as 60s or 5m`},
		{"interval: 60s\n", `own.yaml:1:1: unknown key "interval"; known here: alarms, incidents, mountain, plain`},
		{"# nothing\n", "own.yaml:1:1: the file is empty"},
		{"plain:\n  slow: 1s\nplain:\n  slow: 2s\n", `own.yaml:3:1: key "plain" was already given in line 1`},
	} {
		if _, err := readPolicies("own.yaml", []byte(c.in)); fmt.Sprint(err) != c.want {
			t.Errorf("%q: got %v\nwant %s", c.in, err, c.want)
		}
	}
}

func TestAPolicyThatIsNotThereIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if _, err := LoadPolicies(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("mountain: {flaps: 4}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := LoadPolicies(path); err != nil || p.Mountain.Flaps != 4 || p.Plain.Flaps != 3 {
		t.Error(p, err)
	}
}

func TestAMountainSiteHasItsOwnRow(t *testing.T) {
	all := DefaultPolicies()
	for terrain, want := range map[string]float64{inventory.Plain: 0.2, inventory.Mountain: 0.4, inventory.Highland: 0.4, inventory.Unknown: 0.4} {
		p := all.For(&inventory.Site{Terrain: terrain}, 10*time.Second)
		if p.Loss != want || p.Interval != 10*time.Second || p.SilentAfter != 35*time.Second {
			t.Errorf("%s: %+v", terrain, p)
		}
	}
	all.Mountain.SilentRounds = 9
	if p := all.For(&inventory.Site{}, time.Minute); p.SilentAfter != 9*time.Minute+30*time.Second {
		t.Error(p.SilentAfter)
	}
}

func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{"plain: {loss: 0.3}\n", "mountain: {calm: 1h}\n", "alarms: {clock_off: -1s}\n", "plain: 7\n", "incidents: {least: 99999999999999999999}\n", "plain: {slow: 9000000h}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPolicies("own.yaml", data)
		if err != nil {
			return
		}
		for _, row := range []Policy{p.Plain, p.Mountain} {
			for _, one := range row.figures() {
				if !(one.value >= one.low && one.value <= one.high) {
					t.Errorf("%q: %s is %v", data, one.path, one.value)
				}
			}
		}
	})
}
