package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
)

// After a power failure whole provinces send what they measured in 1970, between what
// is right. The long tests send a million of such lines.
func TestAWaveOfPointsOf1970CostsTheDatabaseNothingAndTheGoodOnesNoTime(t *testing.T) {
	waveOf1970(t, 20, 500)
}

func waveOf1970(t *testing.T, agents, lines int) {
	db := &ledger{}
	var old sync.Once
	in := run(t, ingest.DefaultConfiguration(), writer(func(ctx context.Context, block []byte) error {
		for line := range bytes.Lines(block) {
			if at := bytes.LastIndexByte(line, ' '); len(line)-at < 19 {
				old.Do(func() { t.Errorf("the database is asked to store %s", line) })
			}
		}
		return db.write(ctx, block)
	}))
	const every = 50 // of which one is good
	var all sync.WaitGroup
	for n := range agents {
		all.Go(func() {
			var body []byte
			good := 0
			for i := range lines {
				if i%every == 0 {
					good++
					body = ping(t, body, fmt.Sprint("target-", i), 0)
				}
				body = fmt.Appendf(body, "ping,target=router,role=lan sent=10i,received=10i,rtt_min_ms=0.25 %d\n", i*1e9)
			}
			a := send(t, in, post(zip(t, body), zipped, from(siteNamed(n))))
			message := fmt.Sprintf("%d of %d lines are rejected, all others are stored", lines, lines+good)
			if a.Code != api.CodeInvalid || !strings.HasPrefix(a.Message, message) || len(a.Lines) != min(lines, 1_000) {
				t.Errorf("answered %q %q, %d lines", a.Code, a.Message, len(a.Lines))
			}
			for _, l := range a.Lines {
				if (l.Line-1)%(every+1) == 0 || !strings.Contains(l.Reason, "beyond the retention of 90 days") {
					t.Errorf("line %d: %s", l.Line, l.Reason)
				}
			}
			if !db.has(t, siteNamed(n), body) {
				t.Error("the first good line is not stored")
			}
		})
	}
	all.Wait()
	// Of each agent the good ones and a receipt that counts the others.
	if want := agents * ((lines+every-1)/every + 1); db.count("") != want || db.count("receipt,") != agents {
		t.Errorf("%d lines are stored, want %d; %d receipts", db.count(""), want, db.count("receipt,"))
	}
	if n := metric(t, in.registry, "communewatch_ingest_rejected_lines_total", ""); n != float64(agents*lines) {
		t.Errorf("%v lines are counted as rejected, want %d", n, agents*lines)
	}
}
