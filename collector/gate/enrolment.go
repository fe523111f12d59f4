package gate

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"communewatch/collector/api"
)

// enrolTime bounds how long a stranger may take for the 16 KiB of a request: 4.4 kbit/s.
const enrolTime = 30 * time.Second

// enrolPlaces are the requests of strangers that are worked on at once.
const enrolPlaces = 16

// maxAddresses bounds how many strangers' addresses are remembered.
const maxAddresses = 10_000

// enrol lets a stranger ask for a certificate: the one door without an identity. What
// the invitation is worth, its room knows; here it is held that strangers neither try
// without end nor take the agents' places.
func (g *Gate) enrol(w http.ResponseWriter, r *http.Request) {
	if g.deps.Enrol == nil {
		notFound(w)
		return
	}
	if !allowed(w, r, http.MethodPost) {
		return
	}
	if !g.tries.allow(r.RemoteAddr) {
		g.metrics.hurried.Inc()
		(&api.Error{Code: api.CodeTooMany, Message: "too many tries to enrol", RetryAfter: spread()}).WriteTo(w)
		return
	}
	r.Header.Del("Authorization")
	// Read before a place is taken, so that slow ones hold up nobody.
	body, problem := readSmall(w, r)
	if problem != nil {
		problem.WriteTo(w)
		return
	}
	if !g.enrolling.take() {
		(&api.Error{Code: api.CodeUnavailable, Message: "too many enrol at once", RetryAfter: spread()}).WriteTo(w)
		return
	}
	defer g.enrolling.give()
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.deps.Enrol.ServeHTTP(w, r)
}

// readSmall reads a request of enrolment or renewal whole.
func readSmall(w http.ResponseWriter, r *http.Request) ([]byte, *api.Error) {
	// Without this bound ReadTimeout holds, which is for large bodies on slow lines.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(enrolTime))
	body, err := io.ReadAll(limitBody(w, r, api.MaxEnrolBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &api.Error{Code: api.CodeTooLarge, Message: "body too large"}
	}
	if err != nil {
		return nil, &api.Error{Code: api.CodeUnreadable, Message: "the body did not arrive"}
	}
	return body, nil
}

// tries is how often strangers may try: each address, so that one of them does not use
// up what there is for all; and all together, so that many cost no more than that.
type tries struct {
	every time.Duration
	burst int
	all   *rate.Limiter

	mu sync.Mutex
	of map[netip.Prefix]*rate.Limiter
}

func newTries(cfg Config) *tries {
	return &tries{
		every: cfg.EnrolEvery, burst: cfg.EnrolBurst,
		all: rate.NewLimiter(rate.Limit(cfg.EnrolRate), 2*cfg.EnrolRate),
		of:  map[netip.Prefix]*rate.Limiter{},
	}
}

func (t *tries) allow(address string) bool {
	return t.one(api.Network(address)).Allow() && t.all.Allow()
}

// one is the limit of an address. When too many are remembered one is forgotten, by
// chance: who has that many addresses is held by the limit of all.
func (t *tries) one(from netip.Prefix) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.of[from]
	if l != nil {
		return l
	}
	for other := range t.of {
		if len(t.of) < maxAddresses {
			break
		}
		delete(t.of, other)
	}
	l = rate.NewLimiter(rate.Every(t.every), t.burst)
	t.of[from] = l
	return l
}

func hostOf(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}
