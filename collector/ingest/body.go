package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"communewatch/collector/api"
)

// head is what the headers of a write say.
type head struct {
	gzip    bool
	batches api.BatchList // empty only with goodbye and an empty body
	backlog bool
	goodbye api.Goodbye
	clock   api.ClockState // empty: not named, or not known here
	every   int64          // seconds between two sends; 0: not named, or not plausible
}

func readHead(r *http.Request) (head, *api.Error) {
	if r.Method != http.MethodPost {
		return head{}, fail(api.CodeMethod, "only POST is served here")
	}
	h := head{backlog: value(r, api.HeaderBacklog) == "1"}
	switch coding := value(r, "Content-Encoding"); coding {
	case "":
	case "gzip":
		h.gzip = true
	default:
		return head{}, fail(api.CodeMedia, fmt.Sprintf("Content-Encoding is %.40q, want gzip or none", coding))
	}
	switch clock := api.ClockState(value(r, api.HeaderClock)); clock {
	case api.ClockSynced, api.ClockCorrected, api.ClockBounded:
		h.clock = clock
	}
	if every, err := strconv.ParseInt(value(r, api.HeaderEvery), 10, 64); err == nil && every >= 1 && every <= int64(api.MaxEvery/time.Second) {
		h.every = every
	}
	if h.goodbye = api.Goodbye(value(r, api.HeaderGoodbye)); h.goodbye != "" && !h.goodbye.Known() {
		// Not ignored: a site that said goodbye in words unknown here would count as silent.
		return head{}, fail(api.CodeUnreadable, fmt.Sprintf("%s is %.40q, want one of: %s", api.HeaderGoodbye, string(h.goodbye), api.Goodbyes))
	}
	named := value(r, api.HeaderBatches)
	if named == "" && h.goodbye != "" {
		return h, nil
	}
	var err error
	if h.batches, err = api.ParseBatchList(named); err != nil {
		return head{}, fail(api.CodeUnreadable, err.Error())
	}
	return h, nil
}

// value is a header's; of one that stands twice it is both (RFC 9110 §5.3), which is
// none that is known here: two of a kind are never taken for the first.
func value(r *http.Request, name string) string { return strings.Join(r.Header.Values(name), ", ") }

// gzipRatio is how much larger lines are than their gzip, by experience: 8 to 12 times.
const gzipRatio = 8

// room is what a body will likely take when it is read: without it a full queue would be
// noticed only when all the work is done.
func (h head) room(r *http.Request) int64 {
	bytes := int64(api.MaxBodyBytes)
	if r.ContentLength >= 0 {
		bytes = min(r.ContentLength, api.MaxBodyBytes)
	}
	if h.gzip {
		bytes = min(gzipRatio*bytes, api.MaxInflateBytes)
	}
	return bytes
}

// readBody reads at most api.MaxBodyBytes. With a failure comes what was read.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *api.Error) {
	if r.ContentLength > api.MaxBodyBytes {
		return nil, tooLarge("body", api.MaxBodyBytes, "bytes")
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, api.MaxBodyBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return body.Bytes(), tooLarge("body", api.MaxBodyBytes, "bytes")
	case err != nil:
		return body.Bytes(), fail(api.CodeUnreadable, "the body ended early")
	}
	return body.Bytes(), nil
}

var decoders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate unpacks a body, all of its gzip members, up to api.MaxInflateBytes: beyond
// that nothing is unpacked, whatever it would become. With a failure comes what was unpacked.
func inflate(body []byte, zipped bool) (string, *api.Error) {
	if !zipped || len(body) == 0 {
		return string(body), nil
	}
	decoder := decoders.Get().(*gzip.Reader)
	defer decoders.Put(decoder)
	if err := decoder.Reset(bytes.NewReader(body)); err != nil {
		return "", fail(api.CodeUnreadable, "body is not gzip: "+err.Error())
	}
	var text strings.Builder
	text.Grow(min(gzipRatio*len(body), api.MaxInflateBytes))
	n, err := io.Copy(&text, io.LimitReader(decoder, api.MaxInflateBytes+1))
	switch {
	case n > api.MaxInflateBytes:
		return text.String(), tooLarge("body after gzip", api.MaxInflateBytes, "bytes")
	case err != nil:
		return text.String(), fail(api.CodeUnreadable, "gzip is broken or cut off: "+err.Error())
	}
	return text.String(), nil
}

func tooLarge(what string, limit int, unit string) *api.Error {
	return fail(api.CodeTooLarge, fmt.Sprintf("%s exceeds %d %s", what, limit, unit))
}
