package upstream

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"communewatch/collector/api"
)

// EnrolDeps is what enrolling is given. All of it may be left out.
type EnrolDeps struct {
	Log   *slog.Logger
	Clock Clock  // nil: one of its own
	Proxy string // as Config.Proxy

	change func(*Config) // tests scale times
}

// Enrol makes a key for this machine and has the collector of an invitation sign it; the
// two stand in identityFile then, for [Config].Identity. Before the invitation's secret
// is sent, the collector has shown that it is the one whose pin stands in the invitation,
// and has said the time, against which its certificate holds: the PC's clock may be
// decades off. An identity that was there before stays until the new one is whole.
//
// The key is on disk before it is asked for, and the same invitation asks with the same
// key, so that it can be used again when the answer was lost. What went wrong is a
// [*Failure].
func Enrol(ctx context.Context, inv api.Invitation, who api.EnrolRequest, identityFile string, deps EnrolDeps) (api.EnrolReply, error) {
	v, err := newVisit(inv.URL, inv.Pin, deps)
	if err != nil {
		return api.EnrolReply{}, err
	}
	defer v.remote.close()
	if err := v.ask(ctx); err != nil {
		return api.EnrolReply{}, err
	}
	id, err := invitedKey(identityFile, inv.Token)
	if err != nil {
		return api.EnrolReply{}, &Failure{Problem: ProblemDisk, Who: identityFile, Err: err}
	}
	body, err := requestBody(id, inv.Token, who)
	if err != nil {
		return api.EnrolReply{}, &Failure{Problem: ProblemAnswer, Err: err}
	}
	reply, err := v.enrol(ctx, body)
	if err != nil {
		return api.EnrolReply{}, err
	}
	now, _ := v.clock.Collector()
	if err := id.take(reply, v.remote.trust, now); err != nil {
		return api.EnrolReply{}, &Failure{Problem: ProblemReply, Who: v.host(), Err: err}
	}
	if err := id.settle(identityFile); err != nil {
		return api.EnrolReply{}, &Failure{Problem: ProblemDisk, Who: identityFile, Err: err}
	}
	v.log.Info("machine is enrolled", "site", api.CleanText(reply.Site), "agent", api.CleanText(reply.Agent), "until", id.leaf.NotAfter)
	return *reply, nil
}

// Reached is what is learnt by asking a collector for the time.
type Reached struct {
	Time  time.Time // by its clock, now
	Proxy string    // host:port of the one in between; empty: none
}

// Reach asks the collector at an address for the time, as Enrol and a sender do first:
// without any secret, and whatever the PC's clock says. What went wrong is a [*Failure].
func Reach(ctx context.Context, address, pin string, deps EnrolDeps) (Reached, error) {
	v, err := newVisit(address, pin, deps)
	if err != nil {
		return Reached{}, err
	}
	defer v.remote.close()
	reached := Reached{}
	if proxy := v.remote.via(); proxy != nil {
		reached.Proxy = proxy.Host
	}
	if err := v.ask(ctx); err != nil {
		return reached, err
	}
	reached.Time, _ = v.clock.Collector()
	return reached, nil
}

// visit is a talk with a collector outside of sending.
type visit struct {
	remote *remote
	meter  meter
	clock  Clock
	log    *slog.Logger
}

func newVisit(address, pin string, deps EnrolDeps) (*visit, error) {
	v := &visit{clock: deps.Clock, log: deps.Log}
	if v.clock == nil {
		v.clock = &ownClock{}
	}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	cfg := Config{URL: address, Pin: pin, Proxy: deps.Proxy}
	if deps.change != nil {
		deps.change(&cfg)
	}
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, errandTime) // somebody sits before it
	cfg.fill()
	var err error
	if v.remote, err = newRemote(cfg, v.clock, &v.meter); err == nil {
		return v, nil
	}
	if errors.Is(err, errProxyForm) {
		return nil, &Failure{Problem: ProblemProxy, Err: err}
	}
	return nil, &Failure{Problem: ProblemInvitation, Who: address, Err: err}
}

func (v *visit) host() string { return v.remote.base.Host }

// ask learns the time, and with it that this is the collector.
func (v *visit) ask(ctx context.Context) error {
	a := v.remote.exchange(ctx, outgoing{method: http.MethodGet, path: api.PathHealth, asking: true})
	if a.err != nil {
		return explain(a.err, v.host(), v.remote.via())
	}
	_, known := v.clock.Collector()
	said := decideTime(a, known)
	switch {
	case said.action == api.Delete && timed(a.header):
		return nil
	case said.reason == Reason(api.CodeUnavailable):
		return &Failure{Problem: ProblemBusy, Who: v.host(), Wait: said.wait, Code: api.CodeUnavailable, Err: said}
	}
	return &Failure{Problem: ProblemStranger, Who: v.host(), Err: stranger(a)}
}

func (v *visit) enrol(ctx context.Context, body []byte) (*api.EnrolReply, error) {
	a := v.remote.exchange(ctx, outgoing{method: http.MethodPost, path: api.PathEnrol, body: body, header: jsonHeader(), most: api.MaxEnrolBytes})
	if a.err != nil {
		return nil, explain(a.err, v.host(), v.remote.via())
	}
	reply, refusal := decideReply(a)
	switch {
	case refusal != nil:
		return nil, explainCode(refusal, retryAfter(a.header))
	case reply == nil:
		return nil, &Failure{Problem: ProblemStranger, Who: v.host(), Err: stranger(a)}
	}
	return reply, nil
}

// invitedKey gives the key to use an invitation with: the one that was used with it
// before, should the answer have been lost, or been had already. The file tells the
// invitation by a hash: its secret stands nowhere.
func invitedKey(path, token string) (*identity, error) {
	sum := sha256.Sum256([]byte(token))
	purpose := "invitation " + hex.EncodeToString(sum[:8])
	if id, err := readKey(path); err == nil && id.purpose == purpose {
		return id, nil
	}
	return nextKey(path, purpose)
}

// settle puts a new identity in the place of whatever was there, which is not gone back
// to: it may be another office's.
func (i *identity) settle(path string) error {
	if err := removeIfThere(path + priorSuffix); err != nil {
		return fmt.Errorf("remove %s: %w", path+priorSuffix, err)
	}
	if err := i.save(path); err != nil {
		return err
	}
	_ = removeIfThere(path + nextSuffix) // should it stay: it is for this invitation only, which is used
	return nil
}

// ownClock is the time of one visit: the collector's is the PC's and what lies between.
type ownClock struct {
	mu    sync.Mutex
	ahead time.Duration
	known bool
}

func (c *ownClock) Now() time.Time { return time.Now() }

func (c *ownClock) Observe(sent, answered, came, left time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.known = (came.Sub(sent)+left.Sub(answered))/2, true // RFC 5905 §8
}

func (c *ownClock) Collector() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead), c.known
}
