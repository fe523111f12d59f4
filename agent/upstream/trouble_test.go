package upstream

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

func TestFailuresAreLoggedOnceARowAndItsEnd(t *testing.T) {
	c := newCollector(t, refuse(api.Error{Code: api.CodeUnavailable, Message: "InfluxDB is down"}))
	q := newMemory(1)
	var log safeBuffer
	s := senderWith(t, c, q, &watch{}, slog.NewTextHandler(&log, nil))
	run(t, s)
	eventually(t, "many attempts", func() bool { return s.Stats().Attempts > 25 })
	c.answerWith(stored)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 && s.Stats().Trouble == "" })
	eventually(t, "the end is logged", func() bool { return strings.Contains(log.String(), "stores again") })
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "InfluxDB is down") {
		t.Errorf("%d lines, want one for the row and one for its end:\n%s", n, log.String())
	}
	if strings.Contains(log.String(), "secret") {
		t.Error("the token is in the log")
	}
}

func TestALineThatComesAndGoesEveryMinuteFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := newMemory(0)
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 1)
		run(t, s)
		measure(t, q, 45*time.Second) // while it is gone
		reasons := []error{syscall.ECONNREFUSED, nil, syscall.EHOSTUNREACH}
		for i := range 6 * 60 {
			time.Sleep(30 * time.Second)
			b.leave(reasons[i%len(reasons)])
			time.Sleep(30 * time.Second)
			b.comeBack()
		}
		size := len(log.String())
		t.Logf("%d bytes of log in 6 h, %d attempts", size, s.Stats().Attempts)
		if size > 250_000 || !strings.Contains(log.String(), "stores again") {
			t.Errorf("%d bytes of log in 6 h, want less than a megabyte a day", size)
		}
	})
}

// safeBuffer takes a log that is read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
