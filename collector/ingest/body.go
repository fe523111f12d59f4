package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

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
}

func readHead(r *http.Request) (head, *api.Error) {
	if r.Method != http.MethodPost {
		return head{}, fail(api.CodeMethod, "only POST is served here")
	}
	h := head{backlog: r.Header.Get(api.HeaderBacklog) == "1"}
	switch coding := r.Header.Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		h.gzip = true
	default:
		return head{}, fail(api.CodeMedia, fmt.Sprintf("Content-Encoding is %.40q, want gzip or none", coding))
	}
	switch clock := api.ClockState(r.Header.Get(api.HeaderClock)); clock {
	case api.ClockSynced, api.ClockCorrected:
		h.clock = clock
	}
	switch h.goodbye = api.Goodbye(r.Header.Get(api.HeaderGoodbye)); h.goodbye {
	case "", api.GoodbyeStop:
	default:
		// Not ignored: a site that said goodbye in words unknown here would count as silent.
		return head{}, fail(api.CodeUnreadable, fmt.Sprintf("%s is %.40q, want %s", api.HeaderGoodbye, string(h.goodbye), api.GoodbyeStop))
	}
	named := r.Header.Get(api.HeaderBatches)
	if named == "" && h.goodbye != "" {
		return h, nil
	}
	var err error
	if h.batches, err = api.ParseBatchList(named); err != nil {
		return head{}, fail(api.CodeUnreadable, err.Error())
	}
	return h, nil
}

// bodyBytes is how large the body is at most.
func bodyBytes(r *http.Request) int64 {
	if r.ContentLength >= 0 {
		return min(r.ContentLength, api.MaxBodyBytes)
	}
	return api.MaxBodyBytes
}

// readBody reads at most api.MaxBodyBytes.
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
		return nil, tooLarge("body", api.MaxBodyBytes, "bytes")
	case err != nil:
		return nil, fail(api.CodeUnreadable, "the body ended early")
	}
	return body.Bytes(), nil
}

var decoders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate unpacks a body, all of its gzip members, up to api.MaxInflateBytes: beyond
// that nothing is unpacked, whatever it would become.
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
	text.Grow(min(8*len(body), api.MaxInflateBytes)) // lines shrink to a tenth or so
	n, err := io.Copy(&text, io.LimitReader(decoder, api.MaxInflateBytes+1))
	switch {
	case n > api.MaxInflateBytes:
		return "", tooLarge("body after gzip", api.MaxInflateBytes, "bytes")
	case err != nil:
		return "", fail(api.CodeUnreadable, "gzip is broken or cut off: "+err.Error())
	}
	return text.String(), nil
}

func tooLarge(what string, limit int, unit string) *api.Error {
	return fail(api.CodeTooLarge, fmt.Sprintf("%s exceeds %d %s", what, limit, unit))
}
