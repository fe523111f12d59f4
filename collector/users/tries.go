package users

import (
	"context"
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// How often one may try. Many people may stand behind one address.
const (
	addressEvery = 3 * time.Second
	addressBurst = 20
	nameEvery    = 30 * time.Second
	nameBurst    = 10
)

// Limits of what is remembered.
const (
	maxAddresses = 10_000
	nameBuckets  = 4096
	friendAge    = 30 * 24 * time.Hour
)

// tries are the limits of signing in: by address, and by name, whether anybody has that
// name or not. Who signed in from an address before is not held by the second, so that a
// stranger who tries a name without end does not keep its holder out.
type tries struct {
	now  func() time.Time
	seed maphash.Seed

	mu      sync.Mutex
	of      map[netip.Prefix]*caller
	names   [nameBuckets]*rate.Limiter // a name's place cannot be foreseen
	friends map[friend]time.Time
}

// caller is one address.
type caller struct {
	limit  *rate.Limiter
	failed int // since the last success
}

// friend is a name from where its holder signed in.
type friend struct {
	from netip.Prefix
	name string
}

func newTries(now func() time.Time) *tries {
	return &tries{now: now, seed: maphash.MakeSeed(), of: map[netip.Prefix]*caller{}, friends: map[friend]time.Time{}}
}

// allow tells whether one may try now, and whether it is a friend.
func (t *tries) allow(from netip.Prefix, name string) (ok, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if !t.caller(from).limit.AllowN(now, 1) {
		return false, false
	}
	if at, is := t.friends[friend{from, name}]; is && now.Sub(at) < friendAge {
		return true, true
	}
	place := t.hash(name) % nameBuckets
	if t.names[place] == nil {
		t.names[place] = rate.NewLimiter(rate.Every(nameEvery), nameBurst)
	}
	return t.names[place].AllowN(now, 1), false
}

// hash is one that nobody outside can foresee.
func (t *tries) hash(name string) uint64 { return maphash.String(t.seed, name) }

// caller remembers an address. When too many are, one is forgotten, by chance.
func (t *tries) caller(from netip.Prefix) *caller {
	c := t.of[from]
	if c != nil {
		return c
	}
	makeRoom(t.of)
	c = &caller{limit: rate.NewLimiter(rate.Every(addressEvery), addressBurst)}
	t.of[from] = c
	return c
}

func makeRoom[K comparable, V any](all map[K]V) {
	for other := range all {
		if len(all) < maxAddresses {
			return
		}
		delete(all, other)
	}
}

// failed counts; it tells how many of this address there were since it last succeeded.
func (t *tries) failed(from netip.Prefix) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.caller(from)
	c.failed++
	return c.failed
}

// succeeded tells how many failed before.
func (t *tries) succeeded(from netip.Prefix, name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	makeRoom(t.friends)
	t.friends[friend{from, name}] = t.now()
	c := t.caller(from)
	before := c.failed
	c.failed = 0
	return before
}

func hostOf(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

// Hashing at once: each takes 64 MiB and a core, and five a second are a province's. The
// other place is for those who signed in from their address before, so that strangers do
// not fill all.
const (
	strangersAtOnce = 1
	friendsAtOnce   = 1
	maxWaiting      = 32
	hashWait        = 5 * time.Second
)

// worker is who hashes.
type worker struct {
	strangers, friends chan struct{}
	waiting            [2]atomic.Int64 // strangers, friends: those do not take these ones' place either
	done               atomic.Int64    // how often it hashed
}

func newWorker() *worker {
	return &worker{strangers: make(chan struct{}, strangersAtOnce), friends: make(chan struct{}, friendsAtOnce)}
}

// check holds a password against a digest; ok is false if it never came to that.
func (k *worker) check(ctx context.Context, d digest, password string, known bool) (is, ok bool) {
	waiting, own := &k.waiting[0], chan struct{}(nil) // nil is never ready
	if known {
		waiting, own = &k.waiting[1], k.friends
	}
	defer waiting.Add(-1)
	if waiting.Add(1) > maxWaiting {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	place := k.strangers
	select {
	case k.strangers <- struct{}{}:
	case own <- struct{}{}:
		place = own
	case <-ctx.Done():
		return false, false
	}
	defer func() { <-place }()
	k.done.Add(1)
	return d.is(password), true
}
