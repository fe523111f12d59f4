package gate

import (
	"slices"
	"sync"
	"time"
)

// Two machines with one identity (a disk was copied, a backup restored) would mix their
// measurements. Each program that sends has a session, and a restart gives it a new
// one, once and for all: two sessions that take turns are two machines.
const (
	// silence is after how long a session is taken for ended. A metered line is waited
	// for twice as long as it says that it is silent between.
	silence = 10 * time.Minute
	// tail is how late a request of a program that was replaced may still arrive.
	tail = 10 * time.Second
	// repeat is how often at most one copy is named in the log.
	repeat = time.Hour

	maxSenders = 16 // remembered of one identity
)

// holder is an identity, by whichever way it was proven.
type holder struct{ site, agent string }

// sender is a session that writes under an identity.
type sender struct {
	session, address  string
	first, last, said time.Time
	patience          time.Duration // before it is taken for ended
	twin              bool          // refused while another one that is not is alive
}

// twins remembers who sends under which identity. It forgets who is silent, so it holds
// what an hour's agents are; each process has its own.
type twins struct {
	mu    sync.Mutex
	of    map[holder][]sender // by first
	said  map[holder]time.Time
	swept time.Time
}

func newTwins() *twins {
	return &twins{of: map[holder][]sender{}, said: map[holder]time.Time{}}
}

// hear takes note of a write, and gives the one that was there first if the writer is
// its copy. The second value says that it is time to name them.
func (t *twins) hear(who holder, now sender) (first *sender, name bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now.last)
	all := alive(t.of[who], now.last)
	i := slices.IndexFunc(all, func(s sender) bool { return s.session == now.session })
	if i < 0 {
		// Nobody knows yet: most likely the same machine, restarted.
		now.first = now.last
		t.of[who] = append(withRoom(all), now)
		return nil, false
	}
	t.of[who] = all
	me := &all[i]
	me.last, me.address, me.patience = now.last, now.address, now.patience
	if !me.twin {
		// It was not replaced by those who came after it, so they are others.
		for j := i + 1; j < len(all); j++ {
			all[j].twin = now.last.Sub(all[j].first) >= tail
		}
		return nil, false
	}
	j := slices.IndexFunc(all, func(s sender) bool { return !s.twin })
	if j < 0 {
		me.twin = false // the others are silent
		return nil, false
	}
	if name = now.last.Sub(me.said) >= repeat; name {
		me.said = now.last
	}
	other := all[j]
	return &other, name
}

// alive are those that are not silent.
func alive(all []sender, now time.Time) []sender {
	return slices.DeleteFunc(all, func(s sender) bool { return now.Sub(s.last) > s.patience })
}

// withRoom makes room for one more, at the cost of the one that is silent the longest.
func withRoom(all []sender) []sender {
	if len(all) < maxSenders {
		return all
	}
	oldest := 0
	for i := range all {
		if all[i].last.Before(all[oldest].last) {
			oldest = i
		}
	}
	return slices.Delete(all, oldest, oldest+1)
}

// sweep forgets, now and then, identities that are silent.
func (t *twins) sweep(now time.Time) {
	if now.Sub(t.swept) < silence {
		return
	}
	t.swept = now
	for who, all := range t.of {
		if all = alive(all, now); len(all) == 0 {
			delete(t.of, who)
		} else {
			t.of[who] = all
		}
	}
	for who, at := range t.said {
		if now.Sub(at) >= repeat {
			delete(t.said, who)
		}
	}
}

// copied is for a copy that is known by its certificate: it gives the address from
// which the other one was heard last, and whether it is time to name them.
func (t *twins) copied(who holder, now time.Time) (address string, name bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	var last time.Time
	for _, s := range t.of[who] {
		if s.last.After(last) {
			last, address = s.last, s.address
		}
	}
	if at, ok := t.said[who]; ok && now.Sub(at) < repeat {
		return address, false
	}
	t.said[who] = now
	return address, true
}
