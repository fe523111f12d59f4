package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Reason says why an exchange ended as it did; it is also a label. An answer of the
// collector has its own code for reason.
type Reason string

const (
	ReasonStored      = Reason(api.CodeStored)
	ReasonUnreachable = Reason("unreachable") // no name, no route, refused, reset
	ReasonTimeout     = Reason("timeout")
	ReasonCertificate = Reason("certificate") // not our collector's, or expired
	ReasonStranger    = Reason("stranger")    // an answer, not the collector's: a proxy, a login page
	ReasonNoTime      = Reason("no_time")     // the collector did not say a time that can be
	ReasonProxy       = Reason("proxy")       // it does not let us through, or wants a password
	ReasonQueue       = Reason("queue")       // our own disk
	ReasonBudget      = Reason("budget")      // the day's bytes are spent
)

// Line tells whether the line is at fault, or what is on it, and not the collector's
// answer or our own disk.
func (r Reason) Line() bool {
	switch r {
	case ReasonUnreachable, ReasonTimeout, ReasonCertificate, ReasonStranger, ReasonProxy:
		return true
	}
	return false
}

// maxRetryAfter bounds what an answer may ask for: one wrong figure must not silence
// an office for a day.
const maxRetryAfter = time.Hour

// answer is what came of one exchange.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // then nothing else is set but written
	// written: the whole request had gone to the kernel, which says nothing of the line.
	written bool
}

// verdict is what to do, and why.
type verdict struct {
	action  api.Action
	wait    time.Duration      // with Keep and KeepAsk: at least
	lines   []api.RejectedLine // with SetAside: in the body as sent, ascending, none twice
	reason  Reason
	message string
	broken  bool // no answer came: what was sent may have been more than the line carries
	silent  bool // and nothing else either, not so much as a refusal: the line is dead
	final   bool // waiting will not mend it: a person has to
}

func (v verdict) Error() string { return fmt.Sprintf("%s: %s", v.reason, v.message) }

// decide reads the answer to a write of so many lines in these batches, by the table
// api.Answers. Only the collector itself can make us delete or set aside: a 204 must
// name our batches, an error must be of the contract's own making.
func decide(a answer, sent api.BatchList, lines int) verdict {
	if a.err != nil {
		return failure(a)
	}
	if a.status == api.Answers[api.CodeStored].Status {
		if !ours(a.header, sent) {
			return stranger(a)
		}
		return verdict{action: api.Delete, reason: ReasonStored}
	}
	e, ok := contractError(a)
	if !ok {
		return stranger(a)
	}
	v := verdict{action: api.Answers[e.Code].Action, reason: Reason(e.Code), message: api.CleanText(e.Message)}
	switch v.action {
	case api.Keep, api.KeepAsk:
		v.wait = retryAfter(a.header)
		v.final = e.Code == api.CodeRevoked || e.Code == api.CodeTwin
	case api.SetAside:
		// InfluxDB itself also says "invalid", and not what of it is stored.
		if v.lines, ok = rejected(e.Lines, lines); !ok || !timed(a.header) {
			return stranger(a)
		}
	case api.Split:
		if !timed(a.header) {
			return stranger(a) // a batch that is too large alone is set aside: only on the collector's word
		}
	}
	return v
}

// ours tells whether an answer names exactly the batches that were sent. One without
// batches (a goodbye) shows by its time that it is the collector's.
func ours(h http.Header, sent api.BatchList) bool {
	stored := h.Values(api.HeaderStored)
	if len(sent) == 0 {
		return strings.Join(stored, "") == "" && timed(h)
	}
	return len(stored) == 1 && stored[0] == sent.String()
}

// timed tells whether the collector's time is in an answer: it is in all of its own.
func timed(h http.Header) bool {
	_, _, ok := collectorTime(h)
	return ok
}

// contractError reads an error whose code stands in the table under this very status.
func contractError(a answer) (api.Error, bool) {
	var e api.Error
	if err := json.Unmarshal(a.body, &e); err != nil {
		return e, false
	}
	row, known := api.Answers[e.Code]
	return e, known && row.Status == a.status
}

// rejected sorts the lines and refuses those that were not sent.
func rejected(in []api.RejectedLine, lines int) ([]api.RejectedLine, bool) {
	out := make([]api.RejectedLine, 0, len(in))
	for _, l := range in {
		if l.Line < 1 || l.Line > lines {
			return nil, false
		}
		out = append(out, api.RejectedLine{Line: l.Line, Reason: api.CleanText(l.Reason)})
	}
	slices.SortStableFunc(out, func(a, b api.RejectedLine) int { return a.Line - b.Line })
	out = slices.CompactFunc(out, func(a, b api.RejectedLine) bool { return a.Line == b.Line })
	return out, len(out) > 0
}

// stranger judges what something before the collector answered. It can make us wait
// or send less, never forget.
func stranger(a answer) verdict {
	v := verdict{
		action: api.Keep, reason: ReasonStranger, wait: retryAfter(a.header),
		message: fmt.Sprintf("HTTP %d, %q, without the collector's signs", a.status, api.CleanText(a.header.Get("Content-Type"))),
	}
	if a.status == http.StatusRequestEntityTooLarge {
		v.action = api.Split
	}
	return v
}

// failure judges an exchange without an answer.
func failure(a answer) verdict {
	v := verdict{action: api.Keep, reason: ReasonUnreachable, message: a.err.Error(), broken: true, silent: silent(a)}
	var refused *CertificateError
	var proxy *ProxyError
	switch {
	case errors.As(a.err, &refused):
		v.action, v.reason, v.broken = api.KeepAsk, ReasonCertificate, false
	case errors.As(a.err, &proxy), errors.Is(a.err, errProxyForm):
		v.action, v.reason, v.broken = api.KeepAsk, ReasonProxy, false
	case errors.Is(a.err, errRepeated):
		v.reason = ReasonStranger
	case timedOut(a.err):
		v.reason = ReasonTimeout
	}
	return v
}

// silent tells whether nothing at all came back from the other side. A refusal, a
// reset, an end of the stream came from somebody to whom the line is up. A request
// that was written and not answered may be one that the collector is slow with:
// unless the kernel says that none of it was acknowledged.
func silent(a answer) bool {
	var name *net.DNSError
	switch {
	case noWay(a.err):
		return true
	case errors.As(a.err, &name):
		return !name.IsNotFound
	case a.written:
		return unacknowledged(a.err)
	}
	return timedOut(a.err) || unacknowledged(a.err)
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
}

// decideTime reads the answer to a question for the time; Delete means go on.
func decideTime(a answer, known bool) verdict {
	switch {
	case a.err != nil:
		return failure(a)
	case known && a.status == http.StatusOK:
		return verdict{action: api.Delete}
	}
	if !timed(a.header) {
		return stranger(a)
	}
	if a.status != http.StatusOK {
		return verdict{action: api.Keep, reason: Reason(api.CodeUnavailable), wait: retryAfter(a.header), message: fmt.Sprintf("HTTP %d to a question for the time", a.status)}
	}
	return verdict{action: api.Keep, reason: ReasonNoTime, message: "the collector's time cannot be: " + api.CleanText(a.header.Get(api.HeaderTime))}
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3), and the date against the
// answer's own: the PC's clock may be years off.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(maxRetryAfter, time.Duration(seconds)*time.Second)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(maxRetryAfter, max(0, until.Sub(now)))
}
