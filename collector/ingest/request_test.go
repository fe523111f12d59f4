package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
)

func TestARequestThatCannotBeReadIsAnsweredByTheTableAndNothingIsStored(t *testing.T) {
	good := pings(t, 2)
	zip1 := zip(t, good)
	flipped := bytes.Clone(zip1)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	for _, c := range []struct {
		name    string
		request *http.Request
		code    api.Code
		message string
	}{
		{"nobody known", func() *http.Request {
			r := post(good)
			return r.WithContext(context.Background())
		}(), api.CodeUnauthorized, "the caller is not known"},
		{"a site that would break lines", post(good, from("bd\\")), api.CodeUnauthorized, "the caller is not known"},
		{"a site without a name", post(good, from("")), api.CodeUnauthorized, "the caller is not known"},
		{"GET", post(nil, func(r *http.Request) { r.Method = http.MethodGet }), api.CodeMethod, "only POST is served here"},
		{"a coding of the web", post(good, header("Content-Encoding", "br")), api.CodeMedia, `Content-Encoding is "br", want gzip or none`},
		{"two codings", post(good, header("Content-Encoding", "gzip, gzip")), api.CodeMedia, `Content-Encoding is "gzip, gzip", want gzip or none`},
		{"no batches", post(good, header(api.HeaderBatches, "")), api.CodeUnreadable, api.HeaderBatches + " is missing or empty"},
		{"bad batches", post(good, header(api.HeaderBatches, "x/1")), api.CodeUnreadable, api.HeaderBatches + ` has "x/1", want session/sequence or session/first-last`},
		{"too many batches", post(good, header(api.HeaderBatches, "0123abcd/1-5000")), api.CodeUnreadable, api.HeaderBatches + " names more than 4096 batches"},
		{"no batches, and lines with a goodbye", post(good, header(api.HeaderBatches, ""), header(api.HeaderGoodbye, "stop")), api.CodeUnreadable, api.HeaderBatches + " is missing or empty"},
		{"a goodbye in other words", post(nil, header(api.HeaderGoodbye, "tschüss")), api.CodeUnreadable, api.HeaderGoodbye + ` is "tschüss", want one of: stop shutdown sleep`},
		{"not gzip", post(good, zipped), api.CodeUnreadable, "body is not gzip: gzip: invalid header"},
		{"gzip cut off", post(zip1[:len(zip1)-9], zipped), api.CodeUnreadable, "gzip is broken or cut off: unexpected EOF"},
		{"gzip cut off in the trailer", post(zip1[:len(zip1)-1], zipped), api.CodeUnreadable, "gzip is broken or cut off: unexpected EOF"},
		{"gzip with a wrong checksum", post(flipped, zipped), api.CodeUnreadable, "gzip is broken or cut off: gzip: invalid checksum"},
		{"gzip with something behind", post(append(bytes.Clone(zip1), "tail"...), zipped), api.CodeUnreadable, "gzip is broken or cut off: "},
		{"a large body", post(make([]byte, api.MaxBodyBytes+1)), api.CodeTooLarge, "body exceeds 1048576 bytes"},
		{"a large body of unknown length", post(make([]byte, api.MaxBodyBytes+1), func(r *http.Request) { r.ContentLength = -1 }), api.CodeTooLarge, "body exceeds 1048576 bytes"},
		{"a bomb", post(bomb(t), zipped), api.CodeTooLarge, "body after gzip exceeds 8388608 bytes"},
		{"a bomb in pieces", post(bombs(t), zipped), api.CodeTooLarge, "body after gzip exceeds 8388608 bytes"},
		{"too many lines", post(zip(t, bytes.Repeat([]byte("x\n"), api.MaxLines+1)), zipped), api.CodeTooLarge, "body exceeds 20000 lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
				t.Errorf("stored %.100q", lines)
				return nil
			}))
			a := send(t, in, c.request)
			if a.Code != c.code || !strings.HasPrefix(a.Message, c.message) || len(a.Lines) != 0 {
				t.Errorf("answered %q, %q, want %q, %q", a.Code, a.Message, c.code, c.message)
			}
			if n := metric(t, in.registry, "communewatch_ingest_requests_total", string(c.code)); n != 1 {
				t.Errorf("counted %v times", n)
			}
			if n := metric(t, in.registry, "communewatch_ingest_queue_bytes", ""); n != 0 {
				t.Errorf("%v bytes are still held", n)
			}
		})
	}
}

// bomb is 16 MiB of zeros, a thousand to one: gzip can no more. bombs is the most
// that a body can hold: a GiB, in members.
func bomb(t testing.TB) []byte { return bytes.Repeat(mebibyte(t), 16) }

func bombs(t testing.TB) []byte { return bytes.Repeat(mebibyte(t), api.MaxBodyBytes/len(mebibyte(t))) }

func mebibyte(t testing.TB) []byte { return zipAt(t, gzip.BestCompression, make([]byte, 1<<20)) }

func TestABombCostsNoMoreMemoryThanTheLimit(t *testing.T) {
	in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return nil }))
	request := post(bombs(t), zipped)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	send(t, in, request)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4*api.MaxInflateBytes {
		t.Errorf("%d MiB were allocated", used>>20)
	}
}

func TestBadLinesAreNamedByTheirPlaceAndTheGoodOnesStored(t *testing.T) {
	ns := now.UnixNano()
	body := strings.Join([]string{
		string(bytes.TrimSpace(ping(t, nil, "a", 0))),
		``,
		`ping,target=a,role=lan sent=1,received=1i ` + fmt.Sprint(ns),
		`ping,target=a,role=lan sent=1i,received=1i ` + fmt.Sprint(ns) + "\r",
		`receipt batches=1i,lines=1i ` + fmt.Sprint(ns),
		`site_state state="ok",rank=1i ` + fmt.Sprint(ns),
		`pong x=1 1`,
		`ping,target=a,role=lan sent=1i,received=1i 0`,
		`ping,target=a,role=lan sent=1i,received=1i ` + fmt.Sprint(now.Add(time.Hour).UnixNano()),
		string(bytes.TrimSpace(ping(t, nil, "b", time.Second))),
	}, "\n") // no newline at the end
	var stored string
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored = string(lines)
		return nil
	}))
	a := send(t, in, post([]byte(body)))
	want := api.Error{Code: api.CodeInvalid, Message: "7 of 9 lines are rejected, all others are stored", Lines: []api.RejectedLine{
		{Line: 3, Reason: "field sent is a float, want integer"},
		{Line: 4, Reason: "no timestamp in nanoseconds"},
		{Line: 5, Reason: "receipt is not an agent's to write"},
		{Line: 6, Reason: "site_state is not an agent's to write"},
		{Line: 7, Reason: `unknown measurement "pong"`},
		{Line: 8, Reason: fmt.Sprintf("time is %d days ago, beyond the retention of 90 days", ns/86400e9)},
		{Line: 9, Reason: "time is 3600 s ahead of the collector's, at most 10m0s is stored"},
	}}
	if d := cmp.Diff(want, a.Error); d != "" {
		t.Error(d)
	}
	lines := strings.Split(strings.TrimSuffix(stored, "\n"), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "target=a") || !strings.Contains(lines[1], "target=b") || !strings.HasPrefix(lines[2], "receipt,site=bd-1,agent=a1 batches=1i,lines=9i,rejected=7i,") {
		t.Errorf("stored\n%s", stored)
	}
	if lines, rejected := metric(t, in.registry, "communewatch_ingest_lines_total", ""), metric(t, in.registry, "communewatch_ingest_rejected_lines_total", ""); lines != 9 || rejected != 7 {
		t.Errorf("counted %v lines, %v rejected", lines, rejected)
	}
}

func TestSiteAndAgentAreTheCallersWhateverTheSenderWrote(t *testing.T) {
	var stored string
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored = string(lines)
		return nil
	}))
	body := fmt.Sprintf("ping,site=bd-9,agent=a7,target=a,role=lan sent=1i,received=1i %d\nping,target=b,role=lan sent=1i,received=1i %d\n", now.UnixNano(), now.UnixNano())
	if a := send(t, in, post([]byte(body))); a.Code != api.CodeStored {
		t.Fatal(a.Error)
	}
	for line := range strings.Lines(stored) {
		if !strings.Contains(line, "site=bd-1") || !strings.Contains(line, "agent=a1") || strings.Contains(line, "bd-9") || strings.Contains(line, "a7") {
			t.Errorf("stored %s", line)
		}
	}
}

func TestMoreRejectedLinesThanAreListedAreStillCounted(t *testing.T) {
	in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return nil }))
	a := send(t, in, post(bytes.Repeat([]byte("x\n"), 1_500)))
	if len(a.Lines) != 1_000 || a.Lines[999].Line != 1_000 || a.Message != "1500 of 1500 lines are rejected, all others are stored; the first 1000 are listed" {
		t.Errorf("%d listed, %q", len(a.Lines), a.Message)
	}
	if n := metric(t, in.registry, "communewatch_ingest_rejected_lines_total", ""); n != 1_500 {
		t.Errorf("counted %v", n)
	}
}

func TestAGoodbyeNeedsNoLines(t *testing.T) {
	var stored string
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored = string(lines)
		return nil
	}))
	for why := range strings.FieldsSeq(api.Goodbyes) {
		a := send(t, in, post(nil, header(api.HeaderBatches, ""), header(api.HeaderGoodbye, why)))
		if a.Code != api.CodeStored || !strings.Contains(stored, `goodbye="`+why+`"`) || !strings.Contains(stored, "batches=0i,lines=0i") {
			t.Errorf("%s: answered %q, stored %q", why, a.Code, stored)
		}
		if named := a.header.Values(api.HeaderStored); len(named) != 0 {
			t.Errorf("%s: batches are named although there were none: %q", why, named)
		}
	}
}

func TestAReceiptSaysHowTheAgentSendsWhereItIsKnownHere(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        string // in the receipt; empty: nothing of it
	}{
		{api.HeaderClock, "synced", `clock="synced"`}, {api.HeaderClock, "corrected", `clock="corrected"`}, {api.HeaderClock, "bounded", `clock="bounded"`},
		{api.HeaderClock, "guessed", ""}, {api.HeaderClock, "", ""},
		{api.HeaderEvery, "600", "every_seconds=600i"}, {api.HeaderEvery, "1", "every_seconds=1i"}, {api.HeaderEvery, "3600", "every_seconds=3600i"},
		{api.HeaderEvery, "0", ""}, {api.HeaderEvery, "3601", ""}, {api.HeaderEvery, "-5", ""}, {api.HeaderEvery, "1.5", ""}, {api.HeaderEvery, "", ""},
		{api.HeaderBacklog, "1", "backlog=true"}, {api.HeaderBacklog, "yes", ""},
	} {
		var receipt string
		in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
			_, receipt, _ = strings.Cut(string(lines), "receipt,")
			return nil
		}))
		a := send(t, in, post(pings(t, 1), header(c.name, c.value)))
		if a.Code != api.CodeStored || c.want != "" && !strings.Contains(receipt, c.want) ||
			c.want == "" && (strings.Contains(receipt, "clock=") || strings.Contains(receipt, "every_seconds=") || strings.Contains(receipt, "backlog=")) {
			t.Errorf("%s %q: answered %q, receipt %s", c.name, c.value, a.Code, receipt)
		}
	}
}

func TestALargestRequestIsTaken(t *testing.T) {
	stored := 0
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored += bytes.Count(lines, []byte("\n"))
		return nil
	}))
	if a := send(t, in, post(zip(t, pings(t, api.MaxLines)), zipped)); a.Code != api.CodeStored || stored != api.MaxLines+1 {
		t.Errorf("answered %v, stored %d", a.Error, stored)
	}
}
