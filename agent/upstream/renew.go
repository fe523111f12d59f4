package upstream

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"communewatch/collector/api"
)

// renewedAgain is how long after one renewal no other is asked for, whatever the
// certificate says of itself: a collector whose clock jumps must not be asked in a circle.
const renewedAgain = time.Hour

// A renewal is due long before the certificate ends: there is time.
func newRenewal() errand { return newErrand(10*time.Minute, 6*time.Hour) }

const printable = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'()*+,-./:;<=>?@[]^_`{|}~"

// introduce decides who this is.
func (s *Sender) introduce() error {
	switch {
	case (s.cfg.Token == "") == (s.cfg.Identity == ""):
		return errors.New("give either a token or an identity")
	case strings.Trim(s.cfg.Token, printable) != "":
		return errors.New("token has a character that is not printable ASCII")
	case s.cfg.Token != "":
		return nil
	}
	id, complaint, err := loadIdentity(s.cfg.Identity)
	if err != nil {
		return err
	}
	if complaint != nil {
		s.log.Warn("identity cannot be read: the one before it is used", "error", complaint)
	}
	s.unproven, s.disk = s.hasPrior(), id.file
	s.use(id)
	return nil
}

func (s *Sender) hasPrior() bool {
	_, err := os.Stat(s.cfg.Identity + priorSuffix)
	return err == nil
}

// use has an identity shown from the next connection on.
func (s *Sender) use(id *identity) {
	s.identity = id
	s.remote.present(id.pair())
	s.count(func(st *Stats) { st.CertificateUntil = id.leaf.NotAfter })
}

// validate renews a certificate that has ended before anything is sent under it; Delete
// means go on.
func (s *Sender) validate(ctx context.Context) verdict {
	goOn := verdict{action: api.Delete}
	if s.identity == nil {
		return goOn
	}
	if s.refusedIdentity() && s.reload() {
		return goOn
	}
	if now, known := s.clock.Collector(); !known || !now.After(s.identity.leaf.NotAfter) {
		return goOn
	}
	return s.renew(ctx)
}

// mend does what can be done when a write was refused for who we are: an ended
// certificate is renewed, and one that came and is not taken is given up for the one
// before it. Delete means that there is another one now.
func (s *Sender) mend(ctx context.Context, v verdict) verdict {
	switch api.Code(v.reason) {
	case api.CodeExpired:
		if s.clock.Now().Before(s.renewal.due) && !s.stats.Renewed.IsZero() {
			return v
		}
		return s.renew(ctx)
	case api.CodeUnauthorized, api.CodeForbidden, api.CodeRevoked, api.CodeTwin:
		if s.swap(v) {
			return verdict{action: api.Delete}
		}
	}
	return v
}

func (s *Sender) renewalDue() bool {
	if s.identity == nil || s.clock.Now().Before(s.renewal.due) {
		return false
	}
	now, known := s.clock.Collector()
	return known && !now.Before(s.identity.renewAfter)
}

// renewInTime renews a certificate that still holds: should it fail, there is another day.
func (s *Sender) renewInTime(ctx context.Context) {
	began := s.clock.Now()
	v := s.renew(ctx)
	if v.action == api.Delete || ctx.Err() != nil {
		return
	}
	atLeast := v.wait
	if v.reason == Reason(api.CodeNotFound) {
		atLeast = unknownPath
	}
	now := s.clock.Now()
	if next, say := s.renewal.failed(now, now.Sub(began), v.reason, atLeast); say {
		s.log.Warn("certificate is not renewed yet", "reason", v.reason, "detail", v.message,
			"until", s.identity.leaf.NotAfter, "next_attempt_in", next.Round(time.Second))
	}
}

// renew asks for a certificate for a new key, showing the present one, ended or not, and
// puts both in its place; Delete means that it has.
func (s *Sender) renew(ctx context.Context) verdict {
	if s.reload() {
		return verdict{action: api.Delete}
	}
	next, err := nextKey(s.cfg.Identity, "renewal of "+s.identity.leaf.SerialNumber.Text(16))
	if err != nil {
		return ownDisk(err)
	}
	body, err := requestBody(next, "", s.cfg.Who)
	if err != nil {
		return ownDisk(err)
	}
	s.count(func(st *Stats) { st.Attempts++ })
	a := s.remote.exchange(ctx, outgoing{
		method: http.MethodPost, path: api.PathRenew, body: body, header: jsonHeader(), most: api.MaxEnrolBytes, timeout: errandTime,
	})
	reply, refusal := decideReply(a)
	switch {
	case a.err != nil:
		return failure(a)
	case refusal != nil:
		return notRenewed(a, refusal)
	case reply == nil:
		return stranger(a)
	}
	now, _ := s.clock.Collector()
	if err := next.take(reply, s.remote.trust, now); err != nil {
		return verdict{action: api.KeepAsk, reason: ReasonStranger, message: err.Error()}
	}
	if err := s.replace(next); err != nil {
		return ownDisk(err) // the key waits on disk, and is asked for again
	}
	s.use(next)
	s.renewal.due = s.clock.Now().Add(renewedAgain)
	s.count(func(st *Stats) { st.Renewed = now })
	s.log.Info("certificate is renewed", "until", next.leaf.NotAfter, "site", api.CleanText(reply.Site))
	return verdict{action: api.Delete}
}

// notRenewed reads the collector's refusal. Where it is about who asks, waiting mends
// nothing: too long after the certificate's end, too, the machine is enrolled again.
func notRenewed(a answer, e *api.Error) verdict {
	v := verdict{action: api.Answers[e.Code].Action, reason: Reason(e.Code), message: api.CleanText(e.Message), wait: retryAfter(a.header)}
	switch e.Code {
	case api.CodeExpired, api.CodeRevoked, api.CodeTwin, api.CodeForbidden, api.CodeUnauthorized:
		v.final = true
	}
	if v.action != api.KeepAsk {
		v.action = api.Keep // nothing here is split or set aside
	}
	return v
}

func ownDisk(err error) verdict {
	return verdict{action: api.Keep, reason: ReasonQueue, message: err.Error()}
}

// replace puts the next identity in the place of the present one, which stays beside it
// until a write was taken under the next; of several that never were, the last that was.
func (s *Sender) replace(next *identity) error {
	if !s.unproven {
		if err := s.identity.save(s.cfg.Identity + priorSuffix); err != nil {
			return err
		}
	}
	s.unproven = true
	if err := next.save(s.cfg.Identity); err != nil {
		return err
	}
	s.disk, s.swapped = next.file, false
	_ = removeIfThere(s.cfg.Identity + nextSuffix) // should it stay: it is for this purpose only, which is over
	return nil
}

// refusedIdentity tells whether the last answer was about who we are.
func (s *Sender) refusedIdentity() bool {
	switch st := s.Stats(); st.Code {
	case api.CodeUnauthorized, api.CodeForbidden, api.CodeExpired, api.CodeRevoked, api.CodeTwin:
		return true
	}
	return false
}

// lookEvery is how often a refused agent looks whether somebody enrolled it anew.
const lookEvery = 10 * time.Second

// pause waits, but no longer than until a machine that was refused is enrolled anew:
// somebody sits before it.
func (s *Sender) pause(ctx context.Context, wait time.Duration) {
	for wait > 0 && ctx.Err() == nil {
		part := min(wait, lookEvery)
		s.sleep(ctx, part, nil)
		wait -= part
		if s.enrolledAnew() {
			return
		}
	}
}

func (s *Sender) enrolledAnew() bool {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.identity != nil && s.refusedIdentity() && s.reload()
}

// reload takes an identity that somebody put on disk since, by enrolling again.
func (s *Sender) reload() bool {
	id, err := readIdentity(s.cfg.Identity)
	if err != nil || bytes.Equal(id.file, s.disk) {
		return false
	}
	s.log.Info("identity was replaced on disk: it is used from now on", "until", id.leaf.NotAfter)
	s.unproven, s.swapped, s.disk = s.hasPrior(), false, id.file
	s.use(id)
	return true
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}
