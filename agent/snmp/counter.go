package snmp

import "time"

// counter is one reading of a counter of 32 or 64 bits; the zero value was not read.
type counter struct {
	value uint64
	bits  uint8
}

// flow is what went through an interface in one direction.
type flow struct {
	octets counter
	// Read only beside octets of 32 bits: ifXUcastPkts and ifXNUcastPkts.
	unicast, others counter
}

// reading is all counters of one interface in one poll.
type reading struct {
	in, out                 flow
	inErrors, outErrors     counter
	inDiscards, outDiscards counter
	discontinuity           counter // ifCounterDiscontinuityTime
}

// span is what two readings are apart.
type span struct {
	time  time.Duration
	speed uint64 // of the interface in bit/s, 0 = unknown
}

const (
	wrap32      = 1 << 32
	largest     = 1 << 53 // of an integer in the contract
	gigabit     = 1_000_000_000
	frameOctets = 1_600 // a full Ethernet frame with tags; offices have no jumbo frames
	leastFrame  = 64
	// Devices refresh their counters only now and then (net-snmp every 3 to 15 s),
	// so a difference may hold this much more than the time between the readings.
	refresh = 15 * time.Second
)

// since is what a counter grew, modulo its width, and whether it went round (or
// back) for that. Not known when one was not read or the width changed.
func (c counter) since(before counter) (grown uint64, around, known bool) {
	if c.bits == 0 || c.bits != before.bits {
		return 0, false, false
	}
	if c.value >= before.value {
		return c.value - before.value, false, true
	}
	if c.bits == 32 {
		return c.value + wrap32 - before.value, true, true
	}
	// 64 bits do not wrap in a lifetime (RFC 2863 §3.1.6): it was reset.
	return 0, true, false
}

// octets is how much passed, if that is beyond doubt.
func (s span) octets(before, now flow) (int64, bool) {
	grown, around, known := now.octets.since(before.octets)
	if !known {
		return 0, false
	}
	if now.octets.bits == 64 {
		// A counter that read 0 for a moment must not come back as a flood. Not held
		// against the stated speed: tunnels and loopbacks state any.
		return int64(grown), grown <= s.possible(max(s.speed, 10*gigabit)) && grown <= largest
	}
	frames, counted, cleared := framesSince(before, now)
	if cleared || around && grown > s.possible(s.speedOr(gigabit)) {
		return 0, false
	}
	return int64(grown), !s.hidesWrap(grown, frames, counted)
}

// hidesWrap tells whether a 32-bit counter may have gone round once more than it
// shows: at 1 Gbit/s it does so every 34 s. It has not if the frames that passed
// could not carry that much, or the line could not. When frames are not counted, a
// line is taken to be at most half full from one reading to the next.
func (s span) hidesWrap(grown, frames uint64, counted bool) bool {
	line := uint64(s.time.Seconds() * float64(s.speedOr(gigabit)) / 8)
	if !counted {
		return grown+wrap32 <= line/2
	}
	return grown+wrap32 <= min(line, frames*frameOctets)
}

// framesSince tells how many frames passed, if the device counts them, and whether
// its frame counters went back. Those are slow to wrap (2^32 frames at 10,000 a
// second are five days), so that means that somebody cleared the counters.
func framesSince(before, now flow) (frames uint64, counted, cleared bool) {
	unicast, back, known := now.unicast.since(before.unicast)
	others, othersBack, _ := now.others.since(before.others)
	if back || othersBack {
		return 0, false, true
	}
	frames = unicast + others
	return frames, known && frames > 0, false
}

// events is how many errors or discards were counted. No more can be than the
// smallest frames that fit the line.
func (s span) events(before, now counter) int64 {
	grown, _, known := now.since(before)
	if !known || grown > s.possible(s.speedOr(gigabit))/leastFrame {
		return 0
	}
	return int64(grown)
}

// possible is the most that can have passed at a speed, in octets.
func (s span) possible(speed uint64) uint64 {
	most := (s.time + refresh).Seconds() * float64(speed) / 8
	return uint64(min(most, 1<<62))
}

func (s span) speedOr(unknown uint64) uint64 {
	if s.speed == 0 {
		return unknown
	}
	return s.speed
}
