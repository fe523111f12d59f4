package office

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestADocumentIsFollowedOnTrialAndKeptWhenItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		time.Sleep(2 * time.Minute)
		b.offer(`"v1"`, docOf("switch", "camera"))
		if got := b.inForce(); got != "" {
			t.Errorf("%s is followed while probes are under way", got)
		}
		time.Sleep(5 * time.Second)
		if got := b.inForce(); got != `"v1"` || b.worked() != "" || !b.status().Document.Trial {
			t.Errorf("%s is followed, %s worked", got, b.worked())
		}
		time.Sleep(time.Minute)
		if b.worked() != `"v1"` || b.status().Document.Trial {
			t.Errorf("%q worked after an interval", b.worked())
		}
		time.Sleep(time.Minute)
		b.stop()
		if b.count("target=camera") < 1 || b.count(`document="\"v1\""`) < 1 {
			t.Errorf("measured: %s", strings.Join(b.lines(), "\n"))
		}
	})
}

func TestADocumentThatCannotBeBuiltChangesNothingAndSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		for i, wrong := range []func(*api.Document){
			func(d *api.Document) { d.Interval = 0 },
			func(d *api.Document) { d.Packets = 1000 },
			func(d *api.Document) { d.Targets[0].Address = "192.168.1.300" },
			func(d *api.Document) { d.Targets[0].Parent = "nobody" },
		} {
			doc := docOf("switch")
			wrong(&doc)
			b.offer(fmt.Sprint("bad", i), doc)
			if got := b.inForce(); got != "" || b.feed.Problem() == "" {
				t.Errorf("%d: %q is followed, the problem is %q", i, got, b.feed.Problem())
			}
		}
		time.Sleep(time.Minute)
		b.stop()
		if b.count("document_problem=") < 1 {
			t.Error("the centre is not told")
		}
	})
}

func TestADocumentWithAWrongProfileIsNotBuilt(t *testing.T) {
	b := newBench(t, t.TempDir())
	b.deps.Probers = nil
	b.build()
	defer b.Close()
	doc := docOf("ups")
	doc.Profiles = []api.Profile{{Name: "x.yaml", YAML: "about: [\n"}}
	if _, err := b.plan(doc, "x", home, nil); err == nil || !strings.Contains(err.Error(), "document/x.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestProfilesAreReadAgainOnlyForADocumentWithOthers(t *testing.T) {
	var p profiles
	log := slog.New(slog.DiscardHandler)
	first, err := p.of("", nil, log)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.of("", nil, log); err != nil || again != first {
		t.Errorf("read again: %v", err)
	}
	given := []api.Profile{{Name: "x.yaml", YAML: "about: x\n"}}
	other, err := p.of("", given, log)
	if err != nil || other == first {
		t.Errorf("not read: %v", err)
	}
	if _, err := p.of("", []api.Profile{{Name: "x.yaml", YAML: "about: [\n"}}, log); err == nil {
		t.Error("a wrong one is taken")
	}
	if kept, err := p.of("", given, log); err != nil || kept != other {
		t.Errorf("a wrong one is remembered: %v", err)
	}
}

func TestADocumentThatDoesNotWorkGivesWayToTheLastThatDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		b.offer("v1", docOf("switch"))
		time.Sleep(2 * time.Minute)
		b.will("broken", api.ResultNotProbed)
		b.offer("v2", docOf("broken"))
		time.Sleep(time.Minute)
		b.will("broken too", api.ResultNotProbed)
		b.offer("v3", docOf("broken too")) // the one before never worked
		time.Sleep(time.Minute + 50*time.Second)
		if got := b.inForce(); got != "v3" {
			t.Errorf("%s is followed before the trial is over", got)
		}
		time.Sleep(30 * time.Second)
		if got := b.inForce(); got != "v1" || b.worked() != "v1" || !strings.Contains(b.feed.Problem(), "no probe could be made") {
			t.Errorf("%s is followed, %s worked, problem %q", got, b.worked(), b.feed.Problem())
		}
		time.Sleep(2 * time.Minute)
		if b.worked() != "v1" || b.inForce() != "v1" {
			t.Errorf("later: %s is followed, %s worked", b.inForce(), b.worked())
		}
		b.stop()
		if b.feed.adjourned != "" {
			t.Errorf("the trial of %s is adjourned, after its end", b.feed.adjourned)
		}
	})
}

func TestATargetThatDoesNotAnswerIsNoFaultOfItsDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		time.Sleep(2 * time.Minute)
		b.will("dead", api.ResultTimeout)
		b.offer("v1", docOf("dead"))
		time.Sleep(2 * time.Minute)
		if b.worked() != "v1" {
			t.Errorf("refused: %s", b.feed.Problem())
		}
		b.stop()
	})
}

func TestWhereNothingCouldBeProbedBeforeABatchIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir())
		for _, name := range []string{"gateway", "dns", "collector", "anchor-1", "anchor-2", "switch"} {
			b.will(name, api.ResultNotProbed)
		}
		b.start()
		time.Sleep(2 * time.Minute)
		b.offer("v1", docOf("switch"))
		time.Sleep(2 * time.Minute)
		if b.worked() != "v1" {
			t.Errorf("refused: %s", b.feed.Problem())
		}
		b.stop()
	})
}

func TestABatchThatTheDiskDoesNotTakeDecidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		time.Sleep(2 * time.Minute)
		b.will("broken", api.ResultNotProbed)
		b.offer("v1", docOf("broken"))
		time.Sleep(time.Minute)
		b.current.Load().unkept.Store(true)
		time.Sleep(2 * time.Minute)
		if b.inForce() != "v1" || b.feed.Problem() != "" {
			t.Errorf("%q is followed, problem %q", b.inForce(), b.feed.Problem())
		}
		time.Sleep(2 * time.Minute)
		if b.inForce() != "" || b.feed.Problem() == "" {
			t.Errorf("the disk takes batches again, and %q is followed still", b.inForce())
		}
		b.stop()
	})
}

func TestOfTwoDocumentsInARowTheNewerHoldsAndTheOlderIsNotJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		b.offer("v1", docOf("a"))
		time.Sleep(12 * time.Second)
		b.offer("v2", docOf("b"))
		time.Sleep(2 * time.Minute)
		if b.worked() != "v2" || b.feed.Problem() != "" || b.inForce() != "v2" {
			t.Errorf("%s worked, problem %q", b.worked(), b.feed.Problem())
		}
		b.stop()
	})
}

func TestADocumentDuringShutdownDecidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		b := newBench(t, folder).start()
		b.offer("v1", docOf("a"))
		time.Sleep(10 * time.Second)
		b.offer("v2", docOf("b"))
		b.stop()
		if b.worked() != "" || b.feed.Problem() != "" {
			t.Errorf("%q worked, problem %q", b.worked(), b.feed.Problem())
		}
		if got := b.feed.adjourned; got != "v1" && got != "v2" {
			t.Error("a clean stop counts as a death")
		}
	})
}

func TestTheKeptDocumentHoldsFromTheStartAndOneThatNoLongerCanIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		b := newBench(t, folder).start()
		b.offer("v1", docOf("a"))
		time.Sleep(2 * time.Minute)
		b.stop()
		b = newBench(t, folder).start()
		if b.inForce() != "v1" || b.current.Load().origin != OfCentre {
			t.Errorf("%q after a new start", b.inForce())
		}
		b.stop()
		b = newBench(t, folder)
		makers := b.deps.Probers
		b.deps.Probers = func(doc api.Document, now func() time.Time, log *slog.Logger) (Probers, error) {
			if names(doc.Targets) == "a" {
				return Probers{}, errors.New("this version cannot")
			}
			return makers(doc, now, log)
		}
		b.start()
		if b.inForce() != "" || b.current.Load().origin != OfDefault || b.feed.Problem() == "" {
			t.Errorf("%q is followed, problem %q", b.inForce(), b.feed.Problem())
		}
		b.stop()
	})
}

func TestAPowerCutDuringATrialIsNoCleanEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		b.offer("v1", docOf("a"))
		time.Sleep(10 * time.Second)
		b.cancel(ErrPowerCut)
		<-b.ended
		if b.feed.adjourned != "" {
			t.Error("upstream is told that it was one")
		}
	})
}

func TestADocumentThatIsFollowedAlreadyIsRememberedAndNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir()).start()
		for range 2 { // the first time the disk was full, say
			b.offer("v1", docOf("a"))
			time.Sleep(2 * time.Minute)
		}
		if b.status().Document.Trial {
			t.Error("it is tried")
		}
		b.stop()
		if d := cmp.Diff([]string{"v1", "v1"}, b.feed.committed); d != "" {
			t.Error(d)
		}
	})
}

func TestANetworkThatChangesDuringATrialDoesNotEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), func(c *Config) { c.Document.Interval = 10 * time.Second }).start()
		time.Sleep(time.Minute)
		for _, name := range []string{"gateway", "dns", "dns-2", "collector", "anchor-1", "anchor-2"} {
			b.will(name, api.ResultNotProbed)
		}
		doc := docOf()
		doc.Interval = 50 * time.Second // two of them are longer than it takes to look around
		b.offer("v1", doc)
		time.Sleep(10 * time.Second)
		next := home
		next.gateway = netip.MustParseAddr("192.168.1.2")
		b.move(next)
		time.Sleep(75 * time.Second)
		if s := b.status(); !s.Document.Trial || s.Targets[0].Address != "192.168.1.2" {
			t.Errorf("on trial %v, at %s", s.Document.Trial, s.Targets[0].Address)
		}
		b.will("anchor-1", "")
		time.Sleep(2 * time.Minute)
		if b.worked() != "v1" {
			t.Errorf("%q worked, problem %q", b.worked(), b.feed.Problem())
		}
		b.stop()
	})
}

func TestAProbeThatDoesNotEndDoesNotHoldUpADocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir())
		b.will("gateway", "hangs")
		b.start()
		time.Sleep(time.Second)
		b.offer("v1", docOf("a"))
		time.Sleep(finishTime + time.Second)
		if b.inForce() != "v1" {
			t.Errorf("%q is followed", b.inForce())
		}
		b.stop()
	})
}
