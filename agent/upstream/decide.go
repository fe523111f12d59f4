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
	ReasonQueue       = Reason("queue")       // our own disk
)

// maxRetryAfter bounds what an answer may ask for: one wrong figure must not silence
// an office for a day.
const maxRetryAfter = time.Hour

// answer is what came of one exchange.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // then nothing else is set but begun
	begun  bool  // the request had been written, in part at least
}

// verdict is what to do, and why.
type verdict struct {
	action  api.Action
	wait    time.Duration      // with Keep and KeepAsk: at least
	lines   []api.RejectedLine // with SetAside: in the body as sent, ascending, none twice
	reason  Reason
	message string
	begun   bool // set by the caller, from the answer
}

func (v verdict) Error() string { return fmt.Sprintf("%s: %s", v.reason, v.message) }

// decide reads the answer to a write of so many lines in these batches, by the table
// api.Answers. Only the collector itself can make us delete or set aside: a 204 must
// name our batches, an error must be of the contract's own making.
func decide(a answer, sent api.BatchList, lines int) verdict {
	if a.err != nil {
		return failure(a.err)
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
	case api.SetAside:
		if v.lines, ok = rejected(e.Lines, lines); !ok {
			return stranger(a) // InfluxDB itself also says "invalid", and not what of it is stored
		}
	}
	return v
}

// ours tells whether an answer names exactly the batches that were sent. One without
// batches (a goodbye) shows by its time that it is the collector's.
func ours(h http.Header, sent api.BatchList) bool {
	if len(sent) == 0 {
		_, _, ok := collectorTime(h)
		return ok && h.Get(api.HeaderStored) == ""
	}
	return h.Get(api.HeaderStored) == sent.String()
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
func failure(err error) verdict {
	v := verdict{action: api.Keep, reason: ReasonUnreachable, message: err.Error()}
	var refused *CertificateError
	var netErr net.Error
	switch {
	case errors.As(err, &refused):
		v.action, v.reason = api.KeepAsk, ReasonCertificate
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		v.reason = ReasonTimeout
	}
	return v
}

// decideTime reads the answer to a question for the time; Delete means go on.
func decideTime(a answer, known bool) verdict {
	switch {
	case a.err != nil:
		return failure(a.err)
	case known && a.status == http.StatusOK:
		return verdict{action: api.Delete}
	}
	if _, _, ok := collectorTime(a.header); !ok {
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
