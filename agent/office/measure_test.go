package office

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func names(targets []api.Target) string {
	var out []string
	for _, t := range targets {
		out = append(out, t.Name)
	}
	return strings.Join(out, " ")
}

func TestTheFilesTargetsHoldAndTheCentreIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), func(c *Config) { c.Document = docOf("mine") }).start()
		if b.documents != nil || b.current.Load().origin != OfFile {
			t.Error("the centre's document may come")
		}
		b.stop()
	})
}

func TestADocumentWithoutTargetsMeansTheDefaultOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		b.offer("v1", docOf("a"))
		time.Sleep(2 * time.Minute)
		b.offer("v2", docOf())
		time.Sleep(2 * time.Minute)
		now := b.current.Load()
		if b.worked() != "v2" || now.origin != OfDefault || names(now.targets) != "gateway dns collector anchor-1 anchor-2" {
			t.Errorf("%s: %s", now.origin, names(now.targets))
		}
		b.stop()
	})
}

func TestADocumentOfAThousandTargetsIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		var many []string
		for i := range api.MaxTargets {
			many = append(many, fmt.Sprint("t", i))
		}
		b.offer("v1", docOf(many...))
		time.Sleep(5*time.Second + 2*time.Minute + 6*time.Second)
		b.stop()
		if b.worked() != "v1" || b.count("target=t999,") != 2 {
			t.Errorf("%q worked, the last target was measured %d times", b.worked(), b.count("target=t999,"))
		}
	})
}

func TestADocumentChangesTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		doc := docOf("a")
		doc.Interval = 10 * time.Second
		b.offer("fast", doc)
		time.Sleep(65 * time.Second) // five to end, then at 0, 10, ... 50 and one that begins now
		if n := b.roundsOf("a"); n < 6 || n > 7 {
			t.Errorf("%d rounds in a minute", n)
		}
		doc.Interval = time.Hour
		b.offer("slow", doc)
		time.Sleep(30 * time.Minute)
		if b.worked() != "fast" {
			t.Error("judged before a batch")
		}
		time.Sleep(90 * time.Minute)
		if b.worked() != "slow" {
			t.Errorf("%s: %s", b.worked(), b.feed.Problem())
		}
		b.stop()
	})
}

func TestADocumentThatOnlySaysMeteredChangesThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		doc := docOf("a")
		b.offer("v1", doc)
		time.Sleep(2 * time.Minute)
		doc.Metered = true
		b.offer("v2", doc)
		time.Sleep(2 * time.Minute)
		if b.status().Line.Every != 600 || b.worked() != "v2" {
			t.Errorf("every %v", b.status().Line.Every)
		}
		time.Sleep(15 * time.Minute) // the line's next use
		b.stop()
		if b.sender.Stats().BudgetLeft == 0 {
			t.Error("the sender is not told: it has no budget")
		}
		if b.count("every_seconds=600i") < 1 {
			t.Error("the centre is not told")
		}
	})
}

func TestTheFileMayMakeALineMeteredByItself(t *testing.T) {
	p := &plan{doc: api.Document{Metered: true}}
	if got := p.line(Config{Every: time.Minute, DailyBytes: 5e6}); got != (line{time.Minute, 5e6}) {
		t.Errorf("the file's own figures do not hold: %+v", got)
	}
	if got := p.line(Config{}); got != (line{10 * time.Minute, 10e6}) {
		t.Errorf("got %+v", got)
	}
	p.doc.Metered = false
	if got := p.line(Config{Every: 10 * time.Minute, DailyBytes: 10e6}); got != (line{10 * time.Minute, 10e6}) {
		t.Errorf("the centre takes back what the file says: %+v", got)
	}
}

// Whatever a probe found that ended by itself is in a batch, once.
func TestManyChangesLoseNoProbeAndDoubleNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		for i := range 40 {
			b.offer(fmt.Sprint("v", i), docOf("a", "b", fmt.Sprint("only in ", i)))
			time.Sleep(time.Duration(7+i*3) * time.Second)
		}
		b.stop()
		got := map[string]int{}
		for _, l := range b.lines() {
			if name, found := strings.CutPrefix(l, "ping,target="); found {
				got[strings.ReplaceAll(name[:strings.Index(name, ",")], `\ `, " ")]++
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		total := 0
		for name, want := range b.rounds {
			total += len(want)
			if got[name] != len(want) {
				t.Errorf("%s: %d rounds ended, %d stored", name, len(want), got[name])
			}
		}
		if total < 80 {
			t.Errorf("only %d rounds", total)
		}
	})
}

func TestDevicesThatDoNotChangeKeepTheirProbeAndItsCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		doc := docOf("ups", "switch")
		doc.Targets[0].SNMP = &api.SNMP{Version: "2c", Community: "x"}
		doc.Targets[1].SNMP = &api.SNMP{Version: "2c", Community: "x"}
		b.offer("v1", doc)
		time.Sleep(2 * time.Minute)
		again := docOf("ups", "switch", "new")
		again.Targets[0].SNMP = &api.SNMP{Version: "2c", Community: "x"}
		again.Targets[1].SNMP = &api.SNMP{Version: "2c", Community: "y"}
		b.offer("v2", again)
		time.Sleep(2 * time.Minute)
		if d := cmp.Diff(map[string]int{"ups": 1, "switch": 2}, b.made()); d != "" {
			t.Error(d)
		}
		again.Profiles = []api.Profile{{Name: "x.yaml"}}
		b.offer("v3", again)
		time.Sleep(2 * time.Minute)
		if d := cmp.Diff(map[string]int{"ups": 2, "switch": 3}, b.made()); d != "" {
			t.Error("what is asked changed: " + d)
		}
		b.stop()
	})
}

func TestAnOfficeThatMovesToAnotherNetworkKeepsItsTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		time.Sleep(5 * time.Minute)
		wifi := surroundings{
			gateway: netip.MustParseAddr("10.0.0.1"), dns: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")},
			own: []netip.Prefix{netip.MustParsePrefix("10.0.0.7/24")},
		}
		b.move(wifi)
		time.Sleep(2 * time.Minute)
		want := "gateway=10.0.0.1 dns=10.0.0.2 collector=127.0.0.1 anchor-1=192.0.2.1 anchor-2=192.0.2.2"
		if got := addresses(b.current.Load().targets); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		b.move(surroundings{}) // the cable is out: just now it matters that the router is silent
		time.Sleep(5 * time.Minute)
		if got := addresses(b.current.Load().targets); got != want {
			t.Errorf("without a network: %s", got)
		}
		b.stop()
	})
}

func TestANetworkThatChangesAllTheTimeDoesNotStopTheRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), func(c *Config) { c.Document.Interval = 10 * time.Minute }).start()
		for i := range 120 {
			next := home
			next.gateway = netip.AddrFrom4([4]byte{192, 168, 1, byte(i + 1)})
			b.move(next)
			time.Sleep(time.Minute)
		}
		b.stop()
		if n := b.count("target=anchor-2"); n < 5 {
			t.Errorf("the last target was measured %d times in 2 h", n)
		}
	})
}

func addresses(targets []api.Target) string {
	var out []string
	for _, t := range targets {
		out = append(out, t.Name+"="+t.Address)
	}
	return strings.Join(out, " ")
}
