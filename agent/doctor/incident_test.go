package doctor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ping makes one round: A all ten answered, x none, a digit so many, s skipped, n no name.
func ping(mark rune) *api.Point {
	p := api.NewPoint("ping", time.Unix(0, 0))
	switch mark {
	case 'A':
		return p.Int("sent", 10).Int("received", 10)
	case 'x':
		return p.Int("sent", 10).Int("received", 0).Text("result", api.ResultTimeout)
	case 's':
		return p.Int("sent", 0).Int("received", 0).Text("result", api.ResultSkippedParent)
	case 'n':
		return p.Int("sent", 0).Int("received", 0).Text("result", api.ResultNoName)
	}
	return p.Int("sent", 10).Int("received", int64(mark-'0'))
}

func TestTheUplinkHurtsWhenNobodyAnswersOrTooMuchIsLost(t *testing.T) {
	for rounds, want := range map[string]string{
		"":            "",
		"AAAAA":       "",
		"x":           "", // one round says nothing
		"Ax":          "",
		"Axx":         "uplink_down a",
		"xx":          "uplink_down a",
		"xx AA":       "",              // too few rounds for loss
		"AAA55 AAAAA": "uplink_loss a", // a fifth
		"AAAAx AAAAA": "",              // in one round alone
		"AAAA1 AAAAA": "",
		"99999 88888": "uplink_loss b",
		"88888 77777": "uplink_loss b", // the worst of them
		"AAxxx AAAxx": "uplink_down a",
		"AAAxx AAAAx": "uplink_loss a",
		"xxs xxs":     "",              // something nearer is down
		"xxs xx":      "uplink_down b", // of what is known
		"nnn":         "",
		"xnx":         "uplink_down a", // a round that could not be made changes nothing
		"88":          "",              // too few rounds
		"xxxxxAAAAA":  "",              // it is over
	} {
		var l lines
		for i, marks := range strings.Fields(rounds) {
			for _, mark := range marks {
				l.heard(api.Target{Name: string(rune('a' + i))}, ping(mark))
			}
		}
		cause, worst := l.cause()
		if got := strings.TrimSpace(cause + " " + worst.Name); got != want {
			t.Errorf("%q: %q, want %q", rounds, got, want)
		}
	}
}

func TestAllIsWellWhenEveryUplinkTargetOfWhichSomethingIsKnownAnswers(t *testing.T) {
	for rounds, want := range map[string][2]bool{
		"":     {false, false},
		"A":    {true, true},
		"x1":   {true, true},
		"A x":  {false, true}, // two rounds say that it hurts; until then nothing is claimed
		"AA s": {true, true},
		"s n":  {false, false},
	} {
		var l lines
		for i, marks := range strings.Fields(rounds) {
			for _, mark := range marks {
				l.heard(api.Target{Name: string(rune('a' + i))}, ping(mark))
			}
		}
		if well, known := l.well(); well != want[0] || known != want[1] {
			t.Errorf("%q: well %v, known %v, want %v", rounds, well, known, want)
		}
	}
}

// A story is a letter a minute: . well, l loss, c collector lost, d down, ? nothing known.
func TestAnIncidentIsLookedAtOnceAndAgainWhenItGetsGraverOrIsOver(t *testing.T) {
	causes := map[rune]string{'l': api.CauseUplinkLoss, 'c': api.CauseCollectorLost, 'd': api.CauseUplinkDown}
	hour := strings.Repeat("d", 60)
	for story, want := range map[string][]string{
		"??..........":       {"2 start"},
		"dddddd...........":  {"0 uplink_down", "8 recovered"},
		"..d" + hour:         {"0 start", "2 uplink_down"},
		".lllcclldd.......":  {"0 start", "1 uplink_loss", "4 collector_lost", "8 uplink_down", "12 recovered"},
		".d.d..d.......":     {"0 start", "1 uplink_down", "9 recovered"},                   // a line that flaps is one incident
		".dd...dd..........": {"0 start", "1 uplink_down", "5 recovered"},                   // so soon again: not twice
		".dd..." + hour:      {"0 start", "1 uplink_down", "5 recovered", "31 uplink_down"}, // unless it lasts
		".dd..." + strings.Repeat(".", 40) + "dd....": {"0 start", "1 uplink_down", "5 recovered", "46 uplink_down", "50 recovered"},
	} {
		in := incident{looked: map[string]time.Time{}}
		var got []string
		at := time.Unix(0, 0)
		for i, mark := range story {
			if look := in.turn(at.Add(time.Duration(i)*time.Minute), causes[mark], api.Target{}, mark == '.'); look != "" {
				got = append(got, fmt.Sprintf("%d %s", i, look))
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", story, d)
		}
	}
}
