package icmp

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"
)

// sweep is what is under way on one socket: whose echo is due, which echoes may still
// be answered, and which round ends when. It owns no goroutine and takes no lock; who
// runs it calls turn once a beat.
type sweep struct {
	cfg   *Config
	line  *line
	burst int // echoes a beat, at most
	took  func(arrival)

	rounds  int // under way
	begun   int // of these, an echo was tried
	most    int // may have begun, so that each finds numbers for all of its echoes
	flights map[uint16]flight
	next    uint16 // sequence number to try first

	// The time between two echoes to a target, the time-out and the wait for doubles are
	// each the same for all, so that each queue is in the order of its rounds' due.
	fresh    queue // not yet begun
	again    queue // due for the next echo
	awaiting queue // all sent; due when the last echo's time is over
	answered queue // all answered; due when doubles are no longer awaited
	ended    []*wideRound

	bears time.Duration // not being turned, see [standstill]
	alive time.Duration // the machine's time at the last turn, sleep included
}

// wideRound is one target's round.
type wideRound struct {
	address netip.Addr
	to      socketAddress
	books   *account
	tried   time.Duration // when the last send was
	due     time.Duration // see the queue that it is in
	numbers []uint16      // sequence numbers of its echoes
	replies int           // to different echoes
	over    bool
	done    chan struct{}
}

// flight is an echo for as long as its round is under way.
type flight struct {
	round  *wideRound
	echo   int    // in the round's books
	cookie uint64 // in its payload: whoever did not see the echo cannot answer it
}

const (
	// maxFlights bounds the echoes of rounds under way; there are 65,536 sequence numbers,
	// and a free one should be found soon.
	maxFlights = 60_000
	// linger is how long the doubles of a round's last reply are awaited.
	linger = 5 * beat
)

func newSweep(cfg *Config, line *line, bears time.Duration) *sweep {
	s := &sweep{
		cfg: cfg, line: line, bears: bears, burst: max(1, int(beat/cfg.Pace)), most: maxFlights / cfg.Packets,
		flights: make(map[uint16]flight), next: uint16(rand.Uint32()), alive: sinceBoot(),
	}
	s.took = s.take
	return s
}

func newWideRound(address netip.Addr, books *account, packets int) *wideRound {
	return &wideRound{
		address: address.WithZone(""), to: addressFor(address), books: books,
		numbers: make([]uint16, 0, packets), done: make(chan struct{}),
	}
}

func (s *sweep) add(r *wideRound) {
	s.rounds++
	s.fresh.push(r)
}

// turn takes what has arrived, then sends what is due, and gives the rounds that have
// ended by then, those that are left among them.
func (s *sweep) turn(left []*wideRound) []*wideRound {
	s.ended = s.ended[:0]
	s.line.receive(s.took)
	if s.stoodStill() || s.line.overflowed() {
		s.forget()
	}
	for _, r := range left {
		s.end(r)
	}
	now := monotonic()
	s.endAll(&s.answered, now)
	s.endAll(&s.awaiting, now)
	s.send(now)
	return s.ended
}

// stoodStill finds out whether the machine was suspended since the last turn, or this
// process stopped.
func (s *sweep) stoodStill() bool {
	before := s.alive
	s.alive = sinceBoot()
	return s.alive-before > s.bears
}

// forget takes the echoes under way out of all counts, those aside whose reply was taken:
// others may have been answered when nobody could take it.
func (s *sweep) forget() {
	for number, f := range s.flights {
		if !f.round.books.echoes[f.echo].answered {
			f.round.books.disregard(f.echo)
			delete(s.flights, number)
		}
	}
}

// send sends what is due: the rounds that have begun come first, so that a crowd of
// rounds is made one after another, not all of them slowly. A round for whose echoes there
// would not be numbers enough waits: many that stop half-way would keep theirs.
func (s *sweep) send(now time.Duration) {
	for range s.burst {
		from := &s.again
		r := from.head()
		if r == nil || r.due > now+beat/2 { // it leaves in the beat that is nearest to its due
			from = &s.fresh
			r = from.head()
		}
		if r == nil || from == &s.fresh && s.begun >= s.most {
			return
		}
		if !r.over && !s.echo(r) {
			return
		}
		from.pop()
		s.schedule(r, now)
	}
}

// echo sends one, or enters that it was refused. It is false when the socket is full,
// which is no failure: there is a next beat.
func (s *sweep) echo(r *wideRound) bool {
	for _, taken := s.flights[s.next]; taken; _, taken = s.flights[s.next] {
		s.next++
	}
	f := flight{round: r, echo: len(r.books.echoes), cookie: rand.Uint64()}
	first := r.books.attempts() == 0
	at, err := s.line.send(&r.to, s.next, f.cookie)
	switch {
	case isFull(err):
		return false
	case err != nil:
		r.books.failed(err)
	default:
		r.books.left(at)
		r.numbers = append(r.numbers, s.next)
		s.flights[s.next] = f
		s.next++
	}
	if first {
		s.begun++
	}
	r.tried = at
	return true
}

// schedule puts a round, which was just sent to, where it is found again.
func (s *sweep) schedule(r *wideRound, now time.Duration) {
	switch {
	case r.over:
	case r.books.attempts() < s.cfg.Packets:
		r.due = max(r.due, now) + s.cfg.Spacing
		s.again.push(r)
	case r.replies == len(r.books.echoes):
		s.await(r, now)
	default:
		r.due = r.tried + s.cfg.Timeout + grain
		s.awaiting.push(r)
	}
}

// await ends a round that is complete, after a moment for doubles; there are none
// where nothing was sent.
func (s *sweep) await(r *wideRound, now time.Duration) {
	if len(r.numbers) == 0 {
		s.end(r)
		return
	}
	r.due = now + linger
	s.answered.push(r)
}

// endAll ends the rounds whose time has come. One that was answered after it had begun
// to wait is in two queues; in awaiting it is then due for doubles, or over.
func (s *sweep) endAll(q *queue, now time.Duration) {
	for r := q.head(); r != nil && (r.over || r.due <= now); r = q.head() {
		q.pop()
		s.end(r)
	}
}

func (s *sweep) end(r *wideRound) {
	if r.over {
		return
	}
	r.over = true
	for _, number := range r.numbers {
		if s.flights[number].round == r { // else it was taken by forget, and used anew
			delete(s.flights, number)
		}
	}
	if r.books.attempts() > 0 {
		s.begun--
	}
	s.rounds--
	s.ended = append(s.ended, r)
}

// take enters a message into the books of the target that it is about, if it is about
// one: number, cookie and address must be those of one echo.
func (s *sweep) take(a arrival) {
	f, known := s.flights[a.number]
	switch {
	case !known: // of a round that is over, or a stranger's
	case a.quoted:
		s.quoted(f, a)
	case !a.whole || a.cookie != f.cookie || a.from != f.round.address:
		f.round.books.disowned()
	default:
		s.replied(f, a.at)
	}
}

// quoted enters an ICMP error. Old routers quote no more than eight bytes of our packet
// (RFC 792), without the cookie.
func (s *sweep) quoted(f flight, a arrival) {
	if books := f.round.books; a.asked != f.round.address || a.whole && a.cookie != f.cookie {
		books.disowned()
	} else {
		books.noticed(notice{sequence: f.echo, redirect: a.redirect, kind: a.kind, code: a.code, by: a.from})
	}
}

// disregard takes an echo out of the count, as one that is open when the round ends:
// whether it was answered is not known. There must be no reply to it after that.
func (a *account) disregard(sequence int) { a.echoes[sequence].sent = never }

// never is a time of sending whose deadline is not reached.
const never = time.Duration(math.MaxInt64 / 2)

func (s *sweep) replied(f flight, at time.Duration) {
	r := f.round
	double := r.books.echoes[f.echo].answered
	r.books.replied(f.echo, at)
	if double {
		return // it does not prolong the round
	}
	r.replies++
	if r.replies == len(r.books.echoes) && r.books.attempts() == s.cfg.Packets {
		s.await(r, monotonic())
	}
}

// queue is rounds in the order in which they are due.
type queue struct{ rounds []*wideRound }

func (q *queue) push(r *wideRound) { q.rounds = append(q.rounds, r) }

// head is nil when the queue is empty.
func (q *queue) head() *wideRound {
	if len(q.rounds) == 0 {
		return nil
	}
	return q.rounds[0]
}

func (q *queue) pop() {
	q.rounds[0] = nil
	q.rounds = q.rounds[1:]
}
