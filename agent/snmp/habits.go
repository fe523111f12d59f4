package snmp

import "time"

// habits are what is known of the way a device talks, kept from poll to poll.
type habits struct {
	pace
	engine engine
	proven bool // it answers for several subtrees at once
	single bool // it does not
}

func newHabits() *habits { return &habits{pace: pace{now: startVariables, most: mostVariables}} }

const (
	// What one answer may hold: RFC 3417 has every engine take 484 octets, which is
	// about ten variables of a table; fifty fill an Ethernet frame.
	startVariables = 10
	mostVariables  = 50
	// A device is asked for more again after so many polls without trouble: an hour.
	calmPolls = 60
)

// pace is how many variables are asked for at once.
type pace struct {
	now, most int
	doubt     int // so many were not answered, the last time; 0 = none
	calm      int // polls
}

func (p *pace) faster() { p.now = min(2*p.now, p.most) }

// slower asks for half of n, which was too much, and remembers it.
func (p *pace) slower(n int) {
	p.now = max(n/2, 1)
	p.most, p.calm, p.doubt = p.now, 0, 0
}

// unheard asks for half of n, to which nothing came. Packets get lost, so only the
// second time it is taken for too much.
func (p *pace) unheard(n int) {
	if p.doubt != 0 && n >= p.doubt {
		p.slower(n)
		return
	}
	p.now, p.doubt = max(n/2, 1), n
}

// heard is told of a whole answer of n.
func (p *pace) heard(n int) {
	if n >= p.doubt {
		p.doubt = 0
	}
}

// rested is told of a poll without trouble. A device, or the way to it, may have
// become better; to try costs the time-out of a request where it has not.
func (p *pace) rested() {
	if p.calm++; p.calm >= calmPolls {
		p.most, p.calm = min(p.most+p.most/4+1, mostVariables), 0
	}
}

// engine is a device of version 3 as it was last met (RFC 3414 §2.2): to know it
// saves asking for it and deriving keys, which is a hash of a megabyte each.
type engine struct {
	id            string
	boots, time   uint32
	at            time.Time
	auth, privacy []byte // keys
}
