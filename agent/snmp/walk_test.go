package snmp

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"
)

// in tells whether a question is about a column.
func (q question) in(c column) bool { return q.of(c) >= 0 }

// of is the place of a column in a question, −1 = not there.
func (q question) of(c column) int { return q.below(columns[c].oid) }

// below is the place of a name in or below a root.
func (q question) below(root string) int {
	return slices.IndexFunc(append([]string{q.oid}, q.with...), func(oid string) bool {
		return strings.HasPrefix(oid+".", root+".")
	})
}

// repetitions are those that were asked for in one column.
func repetitions(asked []question, c column) []uint32 {
	var n []uint32
	for _, q := range asked {
		if q.in(c) {
			n = append(n, q.n)
		}
	}
	return n
}

// singly are those in a column that was asked for by itself.
func singly(asked []question, c column) []uint32 {
	return repetitions(slices.DeleteFunc(slices.Clone(asked), func(q question) bool { return len(q.with) > 0 }), c)
}

// breaking gives ten variables at a time in a column and genErr after row 20.
func breaking(c column) twist {
	return func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		switch {
		case slices.Contains(append(q.with, q.oid), columns[c].oid+".20"):
			return refuse(a, gosnmp.GenErr)
		case q.in(c):
			a.Variables = a.Variables[:min(len(a.Variables), 10)]
		}
		return a
	}
}

func refuse(answer *gosnmp.SnmpPacket, with gosnmp.SNMPError) *gosnmp.SnmpPacket {
	answer.Error, answer.ErrorIndex, answer.Variables = with, 1, nil
	return answer
}

func TestAWalkThatMeetsGenErrIsAnErrorAndItsRowsAreUsed(t *testing.T) {
	b := newBench(t, switchOf(40)...)
	b.twisted(breaking(ifHighSpeed))
	got := b.round(t)
	if !got.up() || len(got.names()) != 40 {
		t.Errorf("up %v with %d interfaces, want 40", got.up(), len(got.names()))
	}
	if got.field("port 20", "speed_bps") != "1000000000" || got.field("port 21", "speed_bps") != "" {
		t.Error("the rows that came are not those that are used")
	}
	got.saysAll("switch-1", "ifHighSpeed", "after 1.3.6.1.2.1.31.1.1.1.15.20", "genErr")
}

func TestANameThatWasCutOffIsNotAnotherName(t *testing.T) {
	b := newBench(t, switchOf(40)...)
	b.twisted(breaking(ifName))
	got := b.round(t)
	got.saysAll("ifName", "genErr")
	if len(got.names()) != 20 {
		t.Errorf("%d interfaces, want the 20 whose name came", len(got.names()))
	}
	for _, name := range got.names() {
		if !strings.HasPrefix(name, "port ") {
			t.Errorf("interface %q has the wrong name", name)
		}
	}
}

func TestNamesThatLoopEndAsNotIncreasing(t *testing.T) {
	b := newBench(t, switchOf(5)...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifAlias) {
			a.Variables = []gosnmp.SnmpPDU{at(ifAlias, 1, "a"), at(ifAlias, 2, "b"), at(ifAlias, 3, "c"), at(ifAlias, 1, "a")}
		}
		return a
	})
	got := b.round(t)
	got.saysAll("ifAlias", "1.3.6.1.2.1.31.1.1.1.18", "backwards")
	if got.field("port 3", "alias") != "c" || got.field("port 4", "alias") != "" {
		t.Error("the aliases that came in order are not those that are used")
	}
	if n := len(singly(b.questions(), ifAlias)); n != 1 {
		t.Errorf("asked %d times for it alone, want once", n)
	}
}

func TestWhatIsTooBigIsAskedForInHalves(t *testing.T) {
	b := newBench(t, switchOf(60)...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.n > 12 {
			return refuse(a, gosnmp.TooBig)
		}
		return a
	})
	got := b.round(t)
	if got.complaint() != "" || len(got.names()) != 60 {
		t.Errorf("%d interfaces, error %q", len(got.names()), got.complaint())
	}
	asked := repetitions(b.questions(), ifOperStatus)
	if want := []uint32{10, 20, 10, 10, 10, 10, 10, 10}; !cmp.Equal(asked, want) {
		t.Error(cmp.Diff(want, asked))
	}
}

func TestAskingGrowsWhileAnswersAreFine(t *testing.T) {
	b := newBench(t, switchOf(200)...)
	b.round(t)
	asked := b.questions()
	if want := []uint32{10, 20, 40, 50, 50, 50}; !cmp.Equal(repetitions(asked, ifOperStatus), want) {
		t.Error(cmp.Diff(want, repetitions(asked, ifOperStatus)))
	}
	// The number of rows is known by now, and one more shows that there are no more.
	if want := []uint32{50, 50, 50, 50, 1}; !cmp.Equal(repetitions(asked, ifName), want) {
		t.Error(cmp.Diff(want, repetitions(asked, ifName)))
	}
}

func TestWhatIsAlwaysTooBigOrEmptyIsGivenUpByName(t *testing.T) {
	for name, answer := range map[string]func(*gosnmp.SnmpPacket) *gosnmp.SnmpPacket{
		"tooBig": func(a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return refuse(a, gosnmp.TooBig) },
		"empty":  func(a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return refuse(a, gosnmp.NoError) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, switchOf(3)...)
			b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
				if q.in(ifInErrors) {
					return answer(a)
				}
				return a
			})
			got := b.round(t)
			got.saysAll("switch-1", "ifInErrors", "1.3.6.1.2.1.2.2.1.14", name)
			asked := b.questions()
			if want := []uint32{4, 2, 1}; !cmp.Equal(singly(asked, ifInErrors), want) {
				t.Error(cmp.Diff(want, singly(asked, ifInErrors)))
			}
			// One odd column does not slow the others down.
			if want := []uint32{4}; !cmp.Equal(singly(asked, ifOutDiscards), want) {
				t.Error(cmp.Diff(want, singly(asked, ifOutDiscards)))
			}
			if len(got.names()) != 3 {
				t.Errorf("%d interfaces, want 3", len(got.names()))
			}
		})
	}
}

func TestADeviceThatFallsSilentInAWalkIsNotAskedForEveryColumn(t *testing.T) {
	b := newBench(t, switchOf(3)...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifHCInOctets) {
			return nil
		}
		return a
	})
	got := b.round(t)
	got.saysAll("ifHCInOctets", "no answer within 100ms")
	if !got.up() || len(got.names()) != 3 {
		t.Errorf("up %v with %d interfaces, want 3", got.up(), len(got.names()))
	}
	asked := b.questions()
	if n := len(repetitions(asked, ifHCInOctets)); n > maxSilences || repetitions(asked[len(asked)-1:], ifHCInOctets) == nil {
		t.Errorf("went on asking: %v", asked)
	}
}

func TestASilentDeviceIsDownAndNamed(t *testing.T) {
	b := newBench(t)
	b.twisted(func(question, *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return nil })
	got := b.round(t)
	if got.up() || len(got.points) != 1 {
		t.Errorf("up %v, %d points", got.up(), len(got.points))
	}
	got.saysAll("switch-1", "1.3.6.1.2.1.1.3.0", "no answer within 100ms")
	if logs := b.logs.String(); strings.Count(logs, "target=switch-1") != 1 {
		t.Errorf("log does not name the target once: %s", logs)
	}
	b.round(t)
	if logs := b.logs.String(); strings.Count(logs, "target=switch-1") != 1 {
		t.Errorf("a state that lasts is logged again: %s", logs)
	}
}

func TestATableWithoutEndIsCut(t *testing.T) {
	b := newBench(t, switchOf(maxInterfaces+40)...)
	got := b.round(t)
	if len(got.names()) != maxInterfaces {
		t.Errorf("%d interfaces, want %d", len(got.names()), maxInterfaces)
	}
	got.saysAll("ifOperStatus", "more rows than there may be: 512")
}

func TestAWalkAsksNoMoreThanItMay(t *testing.T) {
	r := newResponder(t, switchOf(100)...)
	talk, err := open(t.Context(), r.target(), DefaultConfiguration(), newHabits())
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	talk.left = 2
	seen := 0
	err = talk.walk(columns[ifName].oid, 0, 1_000, func(string, gosnmp.SnmpPDU) { seen++ })
	if err == nil || !strings.Contains(err.Error(), "more than") || seen != 30 {
		t.Errorf("after %d rows: %v, want an error after 10 and 20", seen, err)
	}
}

func TestColumnsThatAreNotNeededAreNotAskedFor(t *testing.T) {
	b := newBench(t, switchOf(24)...)
	b.round(t)
	b.round(t)
	b.questions()
	b.round(t)
	asked := b.questions()
	for _, c := range []column{ifDescr, ifSpeed, ifInOctets, ifInUcastPkts} {
		if n := len(repetitions(asked, c)); n > 0 {
			t.Errorf("%s asked for %d times", columns[c].name, n)
		}
	}
	// Two of the ten columns fit one answer, 25 of each.
	if len(asked) != 8 {
		t.Errorf("%d requests, want one for the state, five for ten columns and two for the uptime", len(asked))
	}
}

func TestTheEndOfATableIsNoError(t *testing.T) {
	for name, end := range map[string]func(*gosnmp.SnmpPacket){
		"noSuchName":    func(a *gosnmp.SnmpPacket) { refuse(a, gosnmp.NoSuchName) },
		"noSuchObject":  func(a *gosnmp.SnmpPacket) { a.Variables = []gosnmp.SnmpPDU{{Name: ".1.3", Type: gosnmp.NoSuchObject}} },
		"another table": func(a *gosnmp.SnmpPacket) { a.Variables = []gosnmp.SnmpPDU{octetString(".1.3.6.1.4.1.9.1", "x")} },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, switchOf(2)...)
			b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
				if q.in(ifAlias) {
					end(a)
				}
				return a
			})
			if got := b.round(t); got.complaint() != "" || len(got.names()) != 2 {
				t.Errorf("%d interfaces, error %q", len(got.names()), got.complaint())
			}
		})
	}
}

func TestACancelledPollEndsAtOnceAndSaysNothing(t *testing.T) {
	r := newResponder(t)
	asked := make(chan struct{}, 1)
	r.twisted(func(question, *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		asked <- struct{}{}
		return nil
	})
	p, err := New(Config{Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	// With a request's time-out of 30 s the test would not end in its own time.
	if points := p.Target(r.target())(ctx); points != nil {
		t.Errorf("got %d points, want none", len(points))
	}
}

func TestAPollThatRunsOutOfTimeSaysSo(t *testing.T) {
	b := newBench(t, switchOf(3)...)
	past, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	got := check(t, b.poll(past))
	if got.up() {
		t.Error("up without an answer")
	}
	got.saysAll("switch-1", "time for one poll is over")
}
