package gate

import (
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"communewatch/collector/api"
)

// every is what is done to every request on either door: when it came and when its
// answer left is said, it is counted, and a handler that panics ends its own
// request only. name gives the metric's label for a path.
func (g *Gate) every(name func(path string) string, handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, came: time.Now()}
		label := name(r.URL.Path)
		defer func() { g.metrics.requests.WithLabelValues(label, strconv.Itoa(a.status)).Inc() }()
		defer g.survive(a, r)
		handle(a, r)
		if a.status == 0 {
			a.WriteHeader(http.StatusOK)
		}
	})
}

// survive turns a panic into an answer by which an agent keeps what it sent; an
// answer that has begun is broken off, so that nobody takes it for whole.
func (g *Gate) survive(a *answer, r *http.Request) {
	problem := recover()
	if problem == nil {
		return
	}
	if err, ok := problem.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	g.metrics.panics.Inc()
	g.log.Error("a handler panicked", "path", r.URL.Path, "panic", problem, "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	clear(a.Header()) // not what the handler meant to say
	(&api.Error{Code: api.CodeUnavailable, Message: "internal error", RetryAfter: spread()}).WriteTo(a)
}

// answer is a ResponseWriter that says when the request came and the answer left.
type answer struct {
	http.ResponseWriter
	came   time.Time
	status int // 0: nothing is said yet
}

// WriteHeader adds api.HeaderTime. A step of the wall clock meanwhile is not seen:
// the time between the two is monotonic.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
		came := a.came.UnixNano()
		left := came + int64(time.Since(a.came))
		a.Header().Set(api.HeaderTime, strconv.FormatInt(came, 10)+" "+strconv.FormatInt(left, 10))
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// limitBody bounds a body and, being handed the server's own writer, ends the
// connection of one that is larger.
func limitBody(w http.ResponseWriter, r *http.Request, limit int64) io.ReadCloser {
	if a, ok := w.(*answer); ok {
		w = a.ResponseWriter
	}
	return http.MaxBytesReader(w, r.Body, limit)
}

// known labels paths by themselves, and all others as one, so that a caller cannot
// make labels.
func known(paths ...string) func(string) string {
	return func(path string) string {
		if slices.Contains(paths, path) {
			return path
		}
		return "other"
	}
}
