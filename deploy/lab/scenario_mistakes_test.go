//go:build integration

package lab

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const opening = "play Wed 08:00 to 11:00\nsite A\n"

func TestAMistakeInAScenarioIsNamedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                              "x.txt:1: no line says which days are played",
		"site A\n09:00 A starts\n":                                      "x.txt:2: \"09:00\": a scenario begins with its days",
		"play Wed 08:00 to 11:00\n":                                     "x.txt:1: no office is in it",
		"play Mit 08:00 to 11:00\n":                                     "x.txt:1: want: play Wed 08:00 to 11:00",
		"play Wed 11:00 to 08:00\n":                                     "x.txt:1: \"Wed 11:00 to 08:00\" is no time from one moment to a later one",
		opening + "site A\n":                                            "x.txt:3: office A is there twice",
		opening + "site B swamp\n":                                      "x.txt:3: what is \"swamp\" of an office?",
		opening + "site B area\n":                                       "x.txt:3: the line ends too early",
		opening + "judged now\n":                                        "x.txt:3: want: judged every 5m",
		opening + "interval soon\n":                                     "x.txt:3: \"soon\" is no length of time",
		opening + "closed Tuesday\n":                                    "x.txt:3: \"Tuesday\" is no day",
		opening + "\n# so\n9:00 A on\n":                                 "x.txt:5: \"9:00\" is neither a time nor a word that begins a line",
		opening + "09:00 A explodes\n":                                  "x.txt:3: \"explodes\" is nothing that happens; what does: and the next",
		opening + "09:00 B starts\n":                                    "x.txt:3: \"B starts\" is nothing that happens; what does: the collector",
		opening + "12:00 A starts\n":                                    "x.txt:3: 12:00 is not within the days that are played",
		opening + "at 09:00 A well\n":                                   "x.txt:3: A well: no office, or no state",
		opening + "at 07:00 A ok\n":                                     "x.txt:3: 07:00 is not within the days that are played",
		opening + "outage A uplink_down 09:30-09:20 last_mile\n":        "x.txt:3: no time from one moment to another, and a cause",
		opening + "outage A uplink_down 09:30-09:50 sabotage\n":         "x.txt:3: \"sabotage\" is no cause, want of: unknown",
		opening + "outage A broken 09:30-09:50 lan\n":                   "x.txt:3: \"broken\" is no kind of outage, want of:",
		opening + "outage A lan_down 09:30-09:50 lan at last\n":         "x.txt:3: what is \"at\" of an outage?",
		opening + "outage Z lan_down 09:30-09:50 lan\n":                 "x.txt:3: want: outage A B uplink_down",
		opening + "incident lan_down 09:30-09:50 lan of A and others\n": "x.txt:3: what is \"and\" of an incident?",
		opening + "hour A 09:00 down 20m\n":                             "x.txt:3: site_hour has no field \"down\"",
		opening + "day A down_seconds 20\n":                             "x.txt:3: want: hour A 09:00",
		opening + "alarm A fire\n":                                      "x.txt:3: want: alarm A B uplink_down, a kind of:",
		opening + "twin\n":                                              "x.txt:3: a twin says what is missing in it",
		opening + "twin no luck\nwithout luck\n":                        "x.txt:4: without \"luck\": want of looks",
		opening + "twin of others\nsite B\n":                            "x.txt:4: a twin changes neither offices nor days",
	} {
		_, err := parseScenario("x.txt", text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n  want %s\n  got  %v", text, want, err)
		}
	}
}

func TestATwinHasTheStoryAndNotItsEnd(t *testing.T) {
	plays, err := parseScenario("x.txt", opening+"09:00 A starts\nat 10:00 A ok\nalarm A silent\ntwin nobody looked\nwithout looks\n09:30 A switch dies\n")
	if err != nil {
		t.Fatal(err)
	}
	base, twin := plays[0], plays[1]
	if len(base.events) != 1 || len(base.checks) != 1 || len(base.wants) != 1 || len(base.without) != 0 {
		t.Errorf("the story is %+v", base)
	}
	if len(twin.events) != 2 || len(twin.checks) != 0 || len(twin.wants) != 0 || !twin.without["looks"] || twin.name != "nobody looked" {
		t.Errorf("the twin is %+v", twin)
	}
}

func TestMomentsReadBackAsTheyAreWritten(t *testing.T) {
	r := &reader{now: &play{weekday: weekdayOf("Fri")}}
	for _, text := range []string{"00:00", "09:30", "Sat 23:59", "Thu 07:00", "Fri+7 00:05", "Mon+7 12:00"} {
		at, ok := r.moment(text)
		if got := r.now.clock(at); !ok || got != text {
			t.Errorf("%q is read as %s and written %q", text, at, got)
		}
	}
	for _, text := range []string{"", "24:00", "7:00", "Fry 09:00", "Fri+6 09:00", "Fri +7 09:00", "Fri"} {
		if at, ok := r.moment(text); ok {
			t.Errorf("%q is read as %s", text, at)
		}
	}
}

func TestADifferenceSaysTheScenariosLineWhatIsWantedAndWhatIsThere(t *testing.T) {
	plays, err := parseScenario("x.txt", opening+"outage A silent 09:29-09:50 unknown\nalarm A silent\n")
	if err != nil {
		t.Fatal(err)
	}
	outage := "outage A silent 09:29-09:50 unknown"
	for _, c := range []struct{ got, want []string }{
		{[]string{outage, "alarm A silent"}, nil},
		{[]string{outage}, []string{"x.txt:4: as it was\n  want alarm A silent\n  got  nothing of the kind"}},
		{[]string{"outage A silent 09:29- power", "alarm A silent"}, []string{"x.txt:3: as it was\n  want " + outage + "\n  got  outage A silent 09:29- power"}},
		{[]string{outage, outage, "alarm A silent"}, []string{"x.txt:1: as it was: this is found, and nobody wants it:\n  " + outage}},
	} {
		if d := cmp.Diff(c.want, plays[0].differences(c.got)); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.got, d)
		}
	}
}
