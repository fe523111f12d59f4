package store

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxComplaint bounds what is read of an answer that is not the awaited one.
const maxComplaint = 64 << 10

// maxRetryAfter bounds how long a database may make us wait.
const maxRetryAfter = 10 * time.Minute

// answer is a database's answer that is not the awaited one.
type answer struct {
	status     int
	said       string // the complaint, on one line
	foreign    bool   // the body is a page, so not InfluxDB's
	retryAfter time.Duration
}

func (a *answer) Error() string {
	return fmt.Sprintf("answered %d: %s", a.status, short(a.said))
}

// onlyStored is the client's way to HTTP for writes: 204 is an answer, every other
// an error, so that a login page's 200 is never taken for a stored write.
type onlyStored struct{ http *http.Client }

func (o onlyStored) Do(request *http.Request) (*http.Response, error) {
	response, err := o.http.Do(request)
	if err != nil || response.StatusCode == http.StatusNoContent {
		return response, err
	}
	return nil, readAnswer(response)
}

// readAnswer takes the complaint out of a response and closes it.
func readAnswer(response *http.Response) *answer {
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxComplaint)) // half a complaint is one too
	a := &answer{
		status:  response.StatusCode,
		foreign: strings.Contains(response.Header.Get("Content-Type"), "html") || strings.HasPrefix(strings.TrimSpace(string(body)), "<"),
	}
	a.said = complaint(body)
	if a.said == "" {
		a.said = response.Header.Get("X-Influxdb-Error")
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		a.retryAfter = min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	return a
}

// complaint finds the sentence in {"error": …} (1.x) or {"code": …, "message": …}
// (2.x); what is neither is the sentence itself.
func complaint(body []byte) string {
	var known struct{ Error, Message string }
	if json.Unmarshal(body, &known) == nil && known.Error+known.Message != "" {
		return known.Error + known.Message
	}
	return strings.TrimSpace(string(body))
}

// meaning is what an answer to a write means, and the label it is counted under.
type meaning string

const (
	stored        meaning = "stored"
	refused       meaning = "refused"       // of these lines at least one never will be stored; the others may or may not be
	later         meaning = "later"         // send the same bytes again
	misconfigured meaning = "misconfigured" // a person must look; keep everything
)

// aboutLines are complaints about lines, in InfluxDB's and its relatives' words.
// They decide before the status does: a cluster says them with 500.
var aboutLines = []string{"partial write:", "field type conflict", "unable to parse", "duplicate tag", "beyond retention policy"}

// aboutPlaces is what may be "not found" by an operator's mistake. 1.8 says it with
// 500 of a policy; a shard that is not found is none, and passes.
var aboutPlaces = []string{"database", "retention policy", "bucket", "dbrp"}

// meaningOf decides what an answer to a write means: who answered and whom it knows
// first (a credential it cannot read is "unable to parse" as well), then the body,
// then the status.
//
// A "partial write" with nothing behind it is not about lines: with it a cluster
// says that too few of its machines have stored, which passes.
func meaningOf(a *answer) meaning {
	said := strings.ToLower(a.said)
	switch {
	case a.foreign, a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return misconfigured
	case containsAny(said, aboutLines):
		return refused
	case strings.Contains(said, "not found") && containsAny(said, aboutPlaces):
		return misconfigured
	case said == "partial write":
		return later
	}
	switch a.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return misconfigured
	}
	if a.status < 400 { // 200 and its kin, redirections: not InfluxDB's answer to a write
		return misconfigured
	}
	return later
}

var droppedCount = regexp.MustCompile(`dropped=(\d+)$`)

// dropped is how many lines the answer says are not stored, 0 if it does not say.
func (a *answer) dropped() int {
	if m := droppedCount.FindStringSubmatch(a.said); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits; too many of them are 0 and decide nothing
		return n
	}
	return 0
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// short makes a complaint fit for a log line or an agent's screen.
func short(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
