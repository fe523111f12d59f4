package icmp

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

const ms = time.Millisecond

var (
	errNoRoute = fmt.Errorf("sendmsg: %w", unreachableForTest)
	errDenied  = fmt.Errorf("sendmsg: %w", syscall.EPERM)
)

// TestARoundSaysWhatHappenedAndNothingElse feeds the events of a round with a time-out
// of 3 s and reads the fields of its point.
func TestARoundSaysWhatHappenedAndNothingElse(t *testing.T) {
	send := func(a *account, n int) {
		for i := range n {
			a.left(time.Duration(i) * 200 * ms)
		}
	}
	for name, c := range map[string]struct {
		events func(*account)
		ended  time.Duration
		want   string
	}{
		"all come back": {func(a *account) {
			send(a, 4)
			a.replied(0, 10*ms)
			a.replied(1, 230*ms)
			a.replied(2, 420*ms)
			a.replied(3, 640*ms)
		}, 640 * ms, "sent=4i,received=4i,rtt_min_ms=10,rtt_p25_ms=17.5,rtt_median_ms=25,rtt_p75_ms=32.5,rtt_max_ms=40,jitter_ms=16.667"},
		"one is lost": {func(a *account) {
			send(a, 3)
			a.replied(0, 10*ms)
			a.replied(2, 430*ms)
		}, 3400 * ms, "sent=3i,received=2i,rtt_min_ms=10,rtt_p25_ms=15,rtt_median_ms=20,rtt_p75_ms=25,rtt_max_ms=30,jitter_ms=20"},
		"one reply has no jitter": {func(a *account) {
			send(a, 2)
			a.replied(0, 7*ms)
		}, 3200 * ms, "sent=2i,received=1i,rtt_min_ms=7,rtt_p25_ms=7,rtt_median_ms=7,rtt_p75_ms=7,rtt_max_ms=7"},
		"replies overtake one another, jitter goes by the order of sending": {func(a *account) {
			send(a, 3)
			a.replied(2, 401*ms)
			a.replied(1, 402*ms)
			a.replied(0, 403*ms)
		}, 403 * ms, "sent=3i,received=3i,rtt_min_ms=1,rtt_p25_ms=101.5,rtt_median_ms=202,rtt_p75_ms=302.5,rtt_max_ms=403,jitter_ms=201,reordered=2i"},
		"none comes back": {func(a *account) { send(a, 10) },
			4800 * ms, `sent=10i,received=0i,result="timeout"`},
		"nothing was tried": {func(*account) {},
			0, `sent=0i,received=0i,result="not_probed"`},
		"no send finds a way": {func(a *account) {
			a.failed(errNoRoute)
			a.failed(errNoRoute)
		}, 400 * ms, `sent=0i,received=0i,send_errors=2i,result="no_route"`},
		"sends are refused for another reason": {func(a *account) {
			a.failed(errNoRoute)
			a.failed(errDenied)
		}, 400 * ms, `sent=0i,received=0i,send_errors=2i,result="not_probed"`},
		"the link goes down behind the second echo": {func(a *account) {
			send(a, 2)
			a.replied(0, 5*ms)
			a.replied(1, 205*ms)
			a.failed(errNoRoute)
			a.failed(errNoRoute)
		}, 800 * ms, "sent=2i,received=2i,rtt_min_ms=5,rtt_p25_ms=5,rtt_median_ms=5,rtt_p75_ms=5,rtt_max_ms=5,jitter_ms=0,send_errors=2i"},
		"the link goes down under an echo": {func(a *account) {
			send(a, 1)
			a.failed(errNoRoute)
		}, 3200 * ms, `sent=1i,received=0i,send_errors=1i,result="timeout"`},
		"a reply after its deadline is late and lost": {func(a *account) {
			send(a, 2)
			a.replied(0, 3001*ms)
			a.replied(1, 3001*ms)
		}, 3200 * ms, "sent=2i,received=1i,rtt_min_ms=2801,rtt_p25_ms=2801,rtt_median_ms=2801,rtt_p75_ms=2801,rtt_max_ms=2801,late=1i"},
		"a reply on its deadline is in time": {func(a *account) {
			send(a, 1)
			a.replied(0, 3000*ms)
		}, 3000 * ms, "sent=1i,received=1i,rtt_min_ms=3000,rtt_p25_ms=3000,rtt_median_ms=3000,rtt_p75_ms=3000,rtt_max_ms=3000"},
		"all are late": {func(a *account) {
			send(a, 1)
			a.replied(0, 3010*ms)
		}, 3020 * ms, `sent=1i,received=0i,late=1i,result="timeout"`},
		"second and third replies are duplicates, of a late one too": {func(a *account) {
			send(a, 2)
			a.replied(1, 210*ms)
			a.replied(1, 220*ms)
			a.replied(1, 3500*ms)
			a.replied(0, 3001*ms)
			a.replied(0, 3002*ms)
		}, 3510 * ms, "sent=2i,received=1i,rtt_min_ms=10,rtt_p25_ms=10,rtt_median_ms=10,rtt_p75_ms=10,rtt_max_ms=10,duplicates=3i,late=1i,reordered=1i"},
		"a reply to nothing is forged": {func(a *account) {
			send(a, 1)
			a.replied(1, 10*ms)
			a.replied(-1, 10*ms)
			a.replied(65535, 10*ms)
			a.disowned()
		}, 3000 * ms, `sent=1i,received=0i,forged=4i,result="timeout"`},
		"echoes that are given up on the way are lost, and known to be": {func(a *account) {
			send(a, 3)
			a.noticed(notice{sequence: 0})
			a.noticed(notice{sequence: 0})
			a.noticed(notice{sequence: 1})
		}, 3400 * ms, `sent=3i,received=0i,icmp_errors=2i,result="icmp_error"`},
		"an error beside replies is a count": {func(a *account) {
			send(a, 2)
			a.noticed(notice{sequence: 0})
			a.replied(1, 210*ms)
		}, 3000 * ms, "sent=2i,received=1i,rtt_min_ms=10,rtt_p25_ms=10,rtt_median_ms=10,rtt_p75_ms=10,rtt_max_ms=10,icmp_errors=1i"},
		"an echo that is given up is lost also when the round is broken off": {func(a *account) {
			send(a, 3)
			a.noticed(notice{sequence: 0})
		}, 500 * ms, `sent=1i,received=0i,icmp_errors=1i,result="icmp_error"`},
		"a redirect does not mean that the echo is lost": {func(a *account) {
			send(a, 1)
			a.noticed(notice{sequence: 0, redirect: true})
			a.replied(0, 10*ms)
		}, 3000 * ms, "sent=1i,received=1i,rtt_min_ms=10,rtt_p25_ms=10,rtt_median_ms=10,rtt_p75_ms=10,rtt_max_ms=10,redirects=1i"},
		"redirects alone are no ICMP error": {func(a *account) {
			send(a, 1)
			a.noticed(notice{sequence: 0, redirect: true})
		}, 3000 * ms, `sent=1i,received=0i,redirects=1i,result="timeout"`},
		"an error about an echo that was never sent is forged": {func(a *account) {
			send(a, 1)
			a.noticed(notice{sequence: 1})
		}, 3000 * ms, `sent=1i,received=0i,forged=1i,result="timeout"`},
		"an echo that is open when the round is broken off is not lost": {func(a *account) {
			send(a, 3)
			a.replied(0, 12*ms)
		}, 500 * ms, "sent=1i,received=1i,rtt_min_ms=12,rtt_p25_ms=12,rtt_median_ms=12,rtt_p75_ms=12,rtt_max_ms=12"},
		"only what had its time is lost when the round is broken off": {func(a *account) { send(a, 10) },
			3100 * ms, `sent=1i,received=0i,result="timeout"`},
		"all echoes are open when the round is broken off": {func(a *account) { send(a, 3) },
			500 * ms, `sent=0i,received=0i,result="not_probed"`},
		"a reply that seems to come before its echo took no time": {func(a *account) {
			a.left(5 * ms)
			a.replied(0, 4*ms)
		}, 5 * ms, "sent=1i,received=1i,rtt_min_ms=0,rtt_p25_ms=0,rtt_median_ms=0,rtt_p75_ms=0,rtt_max_ms=0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(10, 3*time.Second)
			c.events(a)
			p := api.NewPoint("ping", time.Unix(0, 0)).Tag(api.TagTarget, "x").Tag(api.TagRole, string(api.RoleUplink))
			a.addTo(p, c.ended)
			line, err := p.AppendLine(nil)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(string(line), "ping,target=x,role=uplink "), " 0\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoOrderOfEventsMakesBooksThatDoNotBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAccount(10, 3*time.Second)
		at := time.Duration(0)
		left, refused := 0, 0
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			at += time.Duration(rapid.IntRange(0, 900).Draw(t, "pause")) * ms
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				a.left(at)
				left++
			case 1:
				a.failed(rapid.SampledFrom([]error{errNoRoute, errDenied}).Draw(t, "error"))
				refused++
			case 2:
				a.noticed(notice{sequence: rapid.IntRange(-1, 20).Draw(t, "sequence"), redirect: rapid.Bool().Draw(t, "redirect")})
			default:
				a.replied(rapid.IntRange(-1, 20).Draw(t, "sequence"), at)
			}
		}
		o := a.settle(at)
		if len(o.rtts)+o.late > o.sent || o.returned > o.sent || o.sent > left || a.attempts() != left+refused {
			t.Fatalf("left %d refused %d, sent %d received %d late %d", left, refused, o.sent, len(o.rtts), o.late)
		}
		p := api.NewPoint("ping", time.Unix(0, 0)).Tag(api.TagTarget, "x").Tag(api.TagRole, string(api.RoleLAN))
		a.addTo(p, at)
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		holdsOrder(t, p)
	})
}

func holdsOrder(t *rapid.T, p *api.Point) {
	previous := 0.0
	for _, name := range []string{"rtt_min_ms", "rtt_p25_ms", "rtt_median_ms", "rtt_p75_ms", "rtt_max_ms"} {
		v, there := p.FieldNamed(name)
		if received, _ := p.FieldNamed("received"); there != (received.Integer() > 0) {
			t.Fatalf("%s is there: %v, received %d", name, there, received.Integer())
		}
		if there && v.Float() < previous {
			t.Fatalf("%s is %v, smaller than the one before, %v", name, v, previous)
		}
		previous = v.Float()
	}
}

func TestOnlyAWantOfAWayIsNoRoute(t *testing.T) {
	for err, want := range map[error]bool{
		errNoRoute: true, errDenied: false, syscall.ENOBUFS: false, syscall.EACCES: false, errors.New("x"): false,
	} {
		if got := noWay(err); got != want {
			t.Errorf("%v: got %v", err, got)
		}
	}
}

func BenchmarkAccountOfARound(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		a := newAccount(10, 3*time.Second)
		for i := range 10 {
			sent := time.Duration(i) * 200 * ms
			a.left(sent)
			a.replied(i, sent+time.Duration(10+i%3)*ms)
		}
		p := api.NewPoint("ping", time.Unix(0, 0)).Tag(api.TagTarget, "x").Tag(api.TagRole, string(api.RoleUplink))
		a.addTo(p, 2*time.Second)
	}
}
