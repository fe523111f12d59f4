package icmp

import (
	"net/netip"
	"testing"
	"time"
)

// underway is a sweep without a socket, in which one target was sent that many echoes,
// a millisecond apart; their cookies are 100, 101 …
func underway(echoes int) (*sweep, *wideRound) {
	cfg := DefaultConfiguration()
	cfg.Packets = echoes
	s := newSweep(&cfg, nil, standstill(cfg.Timeout))
	s.next = 65_534 // numbers go round in mid-round
	r := newWideRound(netip.MustParseAddr("198.18.128.9"), newAccount(echoes, cfg.Timeout), echoes)
	s.rounds, s.begun = 1, 1
	for i := range echoes {
		r.books.left(time.Duration(i) * ms)
		r.numbers = append(r.numbers, s.next)
		s.flights[s.next] = flight{r, i, uint64(100 + i)}
		s.next++
	}
	r.due = cfg.Timeout
	s.awaiting.push(r)
	return s, r
}

func TestMoreTargetsThanAnOfficeHasMakeRoundsWide(t *testing.T) {
	for targets, want := range map[int]bool{0: false, Narrow: false, Narrow + 1: true} {
		p, err := New(Config{Targets: targets})
		if err != nil {
			t.Fatal(err)
		}
		if p.wide != nil != want {
			t.Errorf("%d targets: wide is %v", targets, p.wide != nil)
		}
	}
}

// answer is the right reply to an echo.
func (r *wideRound) answer(echo int) arrival {
	return arrival{
		message: message{number: r.numbers[echo], cookie: uint64(100 + echo), whole: true},
		from:    r.address, at: 10 * ms,
	}
}

func TestOnlyAnEchosOwnReplyIsItsReply(t *testing.T) {
	stranger := netip.MustParseAddr("198.18.128.10")
	for name, c := range map[string]struct {
		change                           func(*arrival)
		received, forged, errors, passed int
	}{
		"its own":                          {func(*arrival) {}, 1, 0, 0, 0},
		"of another address":               {func(a *arrival) { a.from = stranger }, 0, 1, 0, 0},
		"with another cookie":              {func(a *arrival) { a.cookie++ }, 0, 1, 0, 0},
		"without cookie":                   {func(a *arrival) { a.cookie, a.whole = 0, false }, 0, 1, 0, 0},
		"to a number that was not sent":    {func(a *arrival) { a.number = 7 }, 0, 0, 0, 0},
		"an error":                         {func(a *arrival) { a.quoted, a.asked, a.from = true, a.from, stranger }, 0, 0, 1, 0},
		"a short error":                    {func(a *arrival) { a.quoted, a.asked, a.whole, a.cookie = true, a.from, false, 0 }, 0, 0, 1, 0},
		"an error with another cookie":     {func(a *arrival) { a.quoted, a.asked, a.cookie = true, a.from, 1 }, 0, 1, 0, 0},
		"an error about another target":    {func(a *arrival) { a.quoted, a.asked = true, stranger }, 0, 1, 0, 0},
		"a redirect, which is not the end": {func(a *arrival) { a.quoted, a.asked, a.redirect = true, a.from, true }, 0, 0, 0, 1},
	} {
		s, r := underway(3)
		a := r.answer(2)
		c.change(&a)
		s.take(a)
		o := r.books.settle(time.Hour)
		if len(o.rtts) != c.received || r.books.forged != c.forged || o.returned != c.errors || r.books.redirects != c.passed {
			t.Errorf("%s: got %+v, %d forged, %d redirects", name, o, r.books.forged, r.books.redirects)
		}
	}
}

func TestARoundEndsAfterItsLastReplyAndItsDoubles(t *testing.T) {
	s, r := underway(3)
	for _, echo := range []int{2, 0, 0, 1} {
		if s.endAll(&s.answered, time.Hour); len(s.ended) > 0 {
			t.Fatal("ended too early")
		}
		s.take(r.answer(echo))
	}
	s.endAll(&s.answered, r.due-1)
	if len(s.ended) > 0 {
		t.Fatal("doubles are no longer awaited")
	}
	due := r.due
	s.take(r.answer(2))
	if r.due != due || len(s.answered.rounds) != 1 {
		t.Error("a double prolongs the round")
	}
	for range 2 { // by either queue, once
		s.endAll(&s.answered, r.due)
		s.endAll(&s.awaiting, time.Hour)
	}
	if len(s.ended) != 1 || s.rounds != 0 || len(s.flights) != 0 || r.books.duplicates != 2 {
		t.Errorf("%d ended, %d rounds, %d flights, %d duplicates", len(s.ended), s.rounds, len(s.flights), r.books.duplicates)
	}
	s.take(r.answer(1)) // to nobody
	if r.books.duplicates != 2 {
		t.Error("a reply is credited to a round that is over")
	}
}

func TestASilentRoundEndsWithItsDeadlineAndLeavesNothingBehind(t *testing.T) {
	s, r := underway(3)
	s.endAll(&s.awaiting, r.due-1)
	if len(s.ended) > 0 {
		t.Fatal("ended too early")
	}
	s.endAll(&s.awaiting, r.due)
	if len(s.ended) != 1 || len(s.flights) != 0 || s.begun != 0 || s.awaiting.head() != nil {
		t.Errorf("%d ended, %d flights", len(s.ended), len(s.flights))
	}
}

// What was answered before a standstill stands; the rest is neither lost nor answered.
func TestAStandstillIsNoLoss(t *testing.T) {
	s, r := underway(3)
	s.take(r.answer(1))
	if s.stoodStill() {
		t.Fatal("a moment is a standstill")
	}
	if s.alive -= time.Minute; !s.stoodStill() {
		t.Fatal("a minute is none")
	}
	s.forget()
	s.take(r.answer(0))
	if o := r.books.settle(time.Hour); o.sent != 1 || len(o.rtts) != 1 || o.late != 0 {
		t.Errorf("got %+v", o)
	}
	if s.end(r); len(s.flights) != 0 {
		t.Errorf("%d flights are left", len(s.flights))
	}
}

// A number that was taken from a round may have become another's.
func TestTheEndOfARoundLeavesOthersAlone(t *testing.T) {
	s, r := underway(1)
	other := newWideRound(r.address, newAccount(1, time.Second), 1)
	s.flights[r.numbers[0]] = flight{round: other}
	if s.end(r); len(s.flights) != 1 {
		t.Error("the other's echo is gone")
	}
}

func TestRoundsThatHaveBegunFindNumbersForAllTheirEchoes(t *testing.T) {
	for packets := 1; packets <= 100; packets++ {
		cfg := DefaultConfiguration()
		cfg.Packets = packets
		if most := newSweep(&cfg, nil, 0).most; most < Narrow || most*packets > maxFlights {
			t.Errorf("%d rounds of %d echoes at once", most, packets)
		}
	}
}

// BenchmarkReply is what we do with a reply, from its bytes to the books.
func BenchmarkReply(b *testing.B) {
	s, r := underway(1)
	var packet [requestSize]byte
	writeRequest(&packet, false, 1, r.numbers[0], 100)
	packet[0] = echoReply4
	b.ReportAllocs()
	for b.Loop() {
		m, _ := parse(packet[:], false)
		s.take(arrival{message: m, from: r.address, at: 10 * ms})
	}
	if r.books.duplicates == 0 && b.N > 1 {
		b.Error("no reply was taken")
	}
}
