package judge

import "time"

// farthest is how far a record is made longer for the sake of an outage. Of one that is
// longer, what was judged of its beginning stays.
const farthest = 7 * 24 * time.Hour

// Lead is how long before what it is to tell a record must begin: so long that what is
// judged does not depend on where it begins.
func (p Policy) Lead() time.Duration {
	return max(p.Rejoin, p.Calm) + p.lookAfter() + 2*p.sight() + time.Duration(p.RecoverRounds)*p.Interval
}

// Reach is what a record must be of, so that what came in of the time dirty is judged as
// if all that ever was had been read: from Lead before it, and before each outage
// that it touches, until as long after it. Devices are not reached for, but for those
// that flap: they may be dead for months, and nothing of them is lost by it.
func Reach(dirty Span, stored []Outage, p Policy, now time.Time) Span {
	least := dirty.From.Add(-farthest)
	out := Span{dirty.From.Add(-p.Lead()), dirty.To.Add(p.Lead())}
	for grown := true; grown; {
		grown = false
		for i := range stored {
			o := &stored[i]
			until := o.Ended
			if until.IsZero() {
				until = now
			}
			if o.Target != "" && (p.Flaps <= 0 || o.Interruptions < p.Flaps) || !o.Started.Before(out.To) || !until.After(out.From) {
				continue
			}
			if from := later(o.Started.Add(-p.Lead()), least); from.Before(out.From) {
				out.From, grown = from, true
			}
			if to := until.Add(p.Lead()); to.After(out.To) && out.To.Before(now) {
				out.To, grown = to, true
			}
		}
	}
	out.To = earlier(out.To, now)
	return out
}
