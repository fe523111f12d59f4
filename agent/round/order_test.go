package round

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// network is targets that answer or not; a round takes as long as a real one.
type network struct {
	tasks []Task
	dead  map[string]*atomic.Bool
	sent  map[string]*atomic.Int64
}

func newNetwork() *network {
	return &network{dead: map[string]*atomic.Bool{}, sent: map[string]*atomic.Int64{}}
}

func (n *network) add(name, parent string) {
	dead, sent := new(atomic.Bool), new(atomic.Int64)
	n.dead[name], n.sent[name] = dead, sent
	point := func(received int64, result string) []*api.Point {
		return []*api.Point{api.NewPoint("ping", time.Now()).Tag("target", name).Tag("role", "lan").
			Int("sent", 10).Int("received", received).Text("result", result)}
	}
	n.tasks = append(n.tasks, Task{Name: name, Parent: parent,
		Probe: func(context.Context) ([]*api.Point, Answer) {
			sent.Add(1)
			if dead.Load() {
				time.Sleep(4800 * time.Millisecond)
				return point(0, api.ResultTimeout), Silent
			}
			time.Sleep(1800 * time.Millisecond)
			return point(10, ""), Answered
		},
		Skipped: func() []*api.Point { return point(0, api.ResultSkippedParent) },
	})
}

// live runs the office through a story and gives what each target's rounds were: A
// answered, x not, s skipped.
func (n *network) live(t *testing.T, story func(minutes func(int))) map[string]string {
	t.Helper()
	said := map[string]string{}
	put := func(lines []byte) error {
		for line := range strings.Lines(string(lines)) {
			var p api.Point
			if err := api.ParseLine(strings.TrimSpace(line), &p); err != nil {
				return err
			}
			if p.Measurement != "ping" {
				continue
			}
			result, _ := p.FieldNamed("result")
			said[p.TagNamed("target")] += map[string]string{"": "A", api.ResultTimeout: "x", api.ResultSkippedParent: "s"}[result.Text()]
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		_, stop := start(t, time.Minute, n.tasks, put)
		early := 500 * time.Millisecond // changes come just before a round
		story(func(m int) { time.Sleep(time.Duration(m)*time.Minute - early); early = 0 })
		stop()
	})
	return said
}

func (n *network) kill(names ...string)   { n.set(true, names) }
func (n *network) revive(names ...string) { n.set(false, names) }
func (n *network) set(dead bool, names []string) {
	for _, name := range names {
		n.dead[name].Store(dead)
	}
}

func TestASwitchThatDiesIsOneTargetDownAndWhatIsBehindItIsSkipped(t *testing.T) {
	n := newNetwork()
	var devices []string
	for i := range 23 { // they stand before the switch in the file
		devices = append(devices, fmt.Sprintf("pc%02d", i))
		n.add(devices[i], "switch")
	}
	n.add("switch", "")
	said := n.live(t, func(minutes func(int)) {
		minutes(3)
		n.kill(append(devices, "switch")...)
		minutes(12)
		for _, name := range devices {
			n.sent[name].Store(0)
		}
		minutes(10)
		for _, name := range devices {
			if sent := n.sent[name].Load(); sent != 2 {
				t.Errorf("%s was looked at %d times in ten rounds", name, sent)
			}
		}
		n.revive(append(devices, "switch")...)
		n.kill("pc07") // it does not come back
		minutes(4)
	})
	want := map[string]string{"switch": "AAA" + strings.Repeat("x", 22) + "AAAA"}
	for _, name := range devices {
		want[name] = "AAA" + strings.Repeat("s", 22) + "AAAA"
	}
	want["pc07"] = "AAA" + strings.Repeat("s", 22) + "xxxx"
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
}

// Between the parent's newest round and the target's own it cannot be known yet.
func TestATargetWhoseParentDiesInMidRoundFailsByItselfOnceAtMost(t *testing.T) {
	n := newNetwork()
	n.add("switch", "")
	n.add("printer", "switch")
	said := n.live(t, func(minutes func(int)) {
		minutes(2)
		time.Sleep(15 * time.Second) // the switch has answered, the printer is asked at half past
		n.kill("switch", "printer")
		minutes(3)
	})
	if d := cmp.Diff(map[string]string{"switch": "AAAxxx", "printer": "AAxss"}, said); d != "" {
		t.Error(d)
	}
}

func TestWhatIsBehindASkippedTargetIsSkippedTooAndComesBackInTheSameRound(t *testing.T) {
	n := newNetwork()
	n.add("province", "router")
	n.add("router", "switch")
	n.add("switch", "")
	all := []string{"switch", "router", "province"}
	said := n.live(t, func(minutes func(int)) {
		minutes(1)
		n.kill(all...)
		minutes(7)
		n.revive(all...)
		minutes(1)
	})
	want := map[string]string{"switch": "AxxxxxxxA", "router": "AsssssssA", "province": "AsssssssA"}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
}

func TestATargetThatAnswersThoughItsParentDoesNotIsMeasuredInEveryRoundAndFailsByItself(t *testing.T) {
	n := newNetwork()
	n.add("router", "") // ignores pings
	n.add("provider", "router")
	n.add("province", "router")
	n.kill("router", "province")
	said := n.live(t, func(minutes func(int)) {
		minutes(4)
		n.kill("provider")
		minutes(4)
		n.revive("provider", "router")
		minutes(1)
		n.kill("router", "provider")
		minutes(1)
	})
	want := map[string]string{"router": "xxxxxxxxAx", "provider": "AAAAxxxxAs", "province": "ssssssssxs"}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
}

func TestAParentsRoundThatCouldNotBeMadeChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []Answer{Answered, Unknown, Silent, Unknown, Answered}
		rounds, said := 0, ""
		_, stop := start(t, time.Minute, []Task{
			{Name: "parent", Probe: func(context.Context) ([]*api.Point, Answer) { rounds++; return nil, answers[rounds-1] }},
			{Name: "child", Parent: "parent",
				Probe:   func(context.Context) ([]*api.Point, Answer) { said += "x"; return nil, Silent },
				Skipped: func() []*api.Point { said += "s"; return nil }},
		}, func([]byte) error { return nil })
		time.Sleep(5*time.Minute - time.Second)
		stop()
		if said != "xxxssx" { // the third is looked at and said to be skipped
			t.Errorf("the child's rounds are %s", said)
		}
	})
}

func TestAProbeWithALimitOfItsOwnMayTakeLongerThanAnIntervalAndDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var long, live atomic.Int64
		var longest time.Duration
		r, err := New(Config{Interval: 10 * time.Second}, []Task{
			{Name: "long", Limit: 25 * time.Second, Probe: func(ctx context.Context) ([]*api.Point, Answer) {
				long.Add(1)
				<-ctx.Done()
				return nil, Unknown
			}},
			always("live", func(context.Context) []*api.Point { live.Add(1); return nil }),
		}, Deps{Put: func([]byte) error { return nil }, Log: discard,
			Health: func(timing Timing) *api.Point { longest = max(longest, timing.Longest); return health(timing) }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute-time.Second)
		defer cancel()
		r.Run(ctx)
		if long.Load() != 2 || live.Load() != 6 || longest != 0 {
			t.Errorf("%d long probes, %d others, the longest took %s", long.Load(), live.Load(), longest)
		}
	})
}

func TestParentsThatCannotBeAreRefused(t *testing.T) {
	for want, tasks := range map[string][]Task{
		`task "a" is given twice`:                    {{Name: "a"}, {Name: "a"}},
		`task "a" has the parent "b", which is none`: {{Name: "a", Parent: "b"}},
		`the parents of task "a" go in a circle`:     {{Name: "a", Parent: "a"}},
		`the parents of task "leaf" go in a circle`:  {{Name: "leaf", Parent: "a"}, {Name: "a", Parent: "b"}, {Name: "b", Parent: "a"}},
	} {
		if _, err := order(tasks); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestParentsComeFirstAndAllElseKeepsItsOrder(t *testing.T) {
	nodes, err := order([]Task{{Name: "d", Parent: "c"}, {Name: "b"}, {Name: "c", Parent: "a"}, {Name: "a"}, {Name: "e", Parent: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	if d := cmp.Diff([]string{"b", "a", "c", "e", "d"}, names); d != "" {
		t.Error(d)
	}
}
