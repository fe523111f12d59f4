//go:build integration && long

package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/gate"
	"communewatch/collector/ingest"
)

func TestAMillionPointsOf1970CostTheDatabaseNothing(t *testing.T) { waveOf1970(t, 200, 5_000) }

func TestMemoryStaysBelowTheStatedBoundForLong(t *testing.T) { largeBodies(t, 64, 3) }

// TestAnAnswerThatIsNeverReadHoldsUpNobody: request after request, and what comes back
// stays in the line until it is full. It takes the five seconds for which TLS tries to
// say goodbye.
func TestAnAnswerThatIsNeverReadHoldsUpNobody(t *testing.T) {
	t.Parallel()
	cfg := ingest.DefaultConfiguration()
	cfg.AgentBurst = 1 << 40
	in := run(t, cfg, writer(func(context.Context, []byte) error { return nil }))
	d := openDoor(t, in, func(c *gate.Config) { c.WriteTimeout = 500 * time.Millisecond })
	deaf, good := d.sender(t, "bd-666"), d.sender(t, "bd-1")
	body := strings.Repeat("x\n", 1_000) // its answer is 40 times as long
	conn := d.wire(t)
	request := fmt.Sprintf("POST /api/v2/write HTTP/1.1\r\nHost: x\r\nAuthorization: Token %s\r\nCommunewatch-Batches: 0123abcd/1\r\nContent-Length: %d\r\n\r\n%s", deaf.token, len(body), body)
	sent := 0
	for ; ; sent++ {
		if _, err := io.WriteString(conn, request); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				t.Error("the connection was never ended")
			}
			break
		}
	}
	if a := good.send(pings(t, 1)); a.Code != api.CodeStored {
		t.Errorf("another one is answered %q after %d requests of the deaf one", a.Code, sent)
	}
}
