package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
)

// TestALineThatShouldNotBeIsRefusedAloneInTheseWords: each stands between two good
// lines, which are stored.
func TestALineThatShouldNotBeIsRefusedAloneInTheseWords(t *testing.T) {
	t.Parallel()
	ns := now.UnixNano()
	at := fmt.Sprint(" ", ns)
	rtt := func(v string) string { return "ping,target=a,role=lan sent=1i,received=1i,rtt_min_ms=" + v + at }
	target := func(v string) string { return "ping,target=" + v + ",role=lan sent=1i,received=1i" + at }
	when := func(v any) string { return "ping,target=a,role=lan sent=1i,received=1i " + fmt.Sprint(v) }
	model := func(v string) string { return `device,target=a up=1i,model="` + v + `"` + at }
	const value = "value is no float, integer, boolean or string"
	const text = "field model holds invalid UTF-8 or a control character"
	const tag = `tag "target" holds invalid UTF-8 or a control character`
	day := func(year int) int64 { return time.Date(year, 9, 22, 0, 0, 0, 0, time.UTC).UnixNano() }
	ago := func(then int64) string {
		return fmt.Sprintf("time is %d days ago, beyond the retention of 90 days", ns/86400e9-then/86400e9)
	}
	for _, c := range []struct{ name, line, want string }{
		{"NaN", rtt("NaN"), value}, {"nan", rtt("nan"), value},
		{"+Inf", rtt("+Inf"), value}, {"-Inf", rtt("-Inf"), value}, {"Infinity", rtt("Infinity"), value}, {"inf", rtt("inf"), value},
		{"1e999", rtt("1e999"), value}, {"-1e999", rtt("-1e999"), value},
		{"1e308", rtt("1e308"), "field rtt_min_ms is 1e+308, want 0 to 120000 ms"},
		{"hexadecimal", rtt("0x1p4"), value}, {"digits with underscores", rtt("1_0"), value}, {"other digits", rtt("١"), value},
		{"unsigned", "ping,target=a,role=lan sent=1u,received=1i" + at, value},
		{"an integer of 20 digits", "ping,target=a,role=lan sent=18446744073709551616i,received=1i" + at, value},
		{"an integer beyond 2^53", "interface,target=a,interface=b oper_up=1i,in_octets=9007199254740993i" + at, "field in_octets is 9007199254740993, beyond ±2^53"},

		{"a NUL in a tag", target("a\x00b"), tag}, {"a NUL in a text", model("a\x00b"), text}, {"a NUL for a line", "\x00", "no fields"},
		{"an escape sequence in a text", model("a\x1b[31mb"), text}, {"a tab in a tag", target("a\tb"), tag}, {"DEL", target("a\x7fb"), tag}, {"a C1 control", model("a\u0085b"), text},
		{"a CR in a text", model("a\rb"), text}, {"CR LF", when(ns) + "\r", "no timestamp in nanoseconds"},
		{"invalid UTF-8", target("N\xe9l"), tag}, {"overlong UTF-8", target("a\xc0\xafb"), tag}, {"overlong UTF-8 in a text", model("\xe0\x80\xaf"), text},
		{"half a surrogate pair", target("a\xed\xa0\x80"), tag}, {"beyond Unicode", model("\xf4\x90\x80\x80"), text}, {"UTF-8 cut off", target("\xe1\xba"), tag},
		{"a byte order mark", "\ufeff" + when(ns), `unknown measurement "\ufeffping"`}, {"UTF-16", "p\x00i\x00n\x00g\x00 \x00", "field without name or value"},

		{"1677", when("-9223372036854775808"), ago(math.MinInt64)},
		{"1678", when(day(1678)), ago(day(1678))},
		{"1970", when(0), ago(0)},
		{"1989", when(day(1989)), ago(day(1989))},
		{"2262", when(math.MaxInt64), fmt.Sprintf("time is %d s ahead of the collector's, at most 10m0s is stored", (math.MaxInt64-ns)/1e9)},
		{"2262 and a nanosecond", when("9223372036854775808"), "no timestamp in nanoseconds"},
		{"no time", strings.TrimSuffix(when(""), " "), "no timestamp in nanoseconds"},
		{"a time with a point", when("1.5"), "no timestamp in nanoseconds"},
		{"seconds", when(ns / 1e9), fmt.Sprintf("time %d looks like seconds, want nanoseconds since 1970", ns/1e9)},
		{"milliseconds", when(ns / 1e6), fmt.Sprintf("time %d looks like milliseconds, want nanoseconds since 1970", ns/1e6)},
		{"microseconds", when(ns / 1e3), fmt.Sprintf("time %d looks like microseconds, want nanoseconds since 1970", ns/1e3)},
		{"a day ahead", when(now.Add(24 * time.Hour).UnixNano()), "time is 86400 s ahead of the collector's, at most 10m0s is stored"},
		{"91 days ago", when(now.Add(-91 * 24 * time.Hour).UnixNano()), "time is 91 days ago, beyond the retention of 90 days"},

		{"thousands of tags", "ping" + strings.Repeat(",a=b", 4_000) + " sent=1i" + at, `ping has no tag "a"`},
		{"a hundred thousand tags", "ping" + strings.Repeat(",a=b", 100_000) + " sent=1i" + at, "line longer than 16384 bytes"},
		{"thousands of fields", "device,target=a up=1i" + fieldsOf(1_000) + at, "device has 1001 fields, at most 256"},
		{"a line of a MiB", strings.Repeat("x", 1<<20), "line longer than 16384 bytes"},
		{"a string without an end", `device,target=a up=1i,model="` + strings.Repeat(`\"`, 8_000), "string is not closed"},
		{"a tag of backslashes", target(strings.Repeat(`\`, 8_001)), "tag without name or value"},
		{"a long tag", target(strings.Repeat("x", 257)), `tag "target" has 257 bytes, at most 256`},
		{"a comment", "# a comment", "field without name or value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stored string
			in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
				stored = string(lines)
				return nil
			}))
			body := bytes.Join([][]byte{bytes.TrimSpace(ping(t, nil, "before", 0)), []byte(c.line), ping(t, nil, "after", 0)}, []byte("\n"))
			a := send(t, in, post(zip(t, body), zipped))
			want := api.Error{Code: api.CodeInvalid, Message: "1 of 3 lines are rejected, all others are stored", Lines: []api.RejectedLine{{Line: 2, Reason: c.want}}}
			if d := cmp.Diff(want, a.Error); d != "" {
				t.Error(d)
			}
			if n := strings.Count(stored, "\n"); n != 3 || !strings.Contains(stored, "target=before") || !strings.Contains(stored, "target=after") {
				t.Errorf("stored %d lines:\n%.500s", n, stored)
			}
		})
	}
}

// fieldsOf is that many fields that an open measurement takes.
func fieldsOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",f%d_count=1", i)
	}
	return b.String()
}

func TestAMillionLinesAreTooManyAndNothingIsStored(t *testing.T) {
	t.Parallel()
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		t.Errorf("stored %.100q", lines)
		return nil
	}))
	a := send(t, in, post(zips(t, bytes.Repeat([]byte("a b=1 1\n"), 1_000), 1_000), zipped))
	if a.Code != api.CodeTooLarge || a.Message != "body exceeds 20000 lines" {
		t.Errorf("answered %q %q", a.Code, a.Message)
	}
}

func TestAMillionTagsOnOneLineAreALineTooLong(t *testing.T) {
	t.Parallel()
	in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return nil }))
	a := send(t, in, post(append(zip(t, []byte("ping")), zips(t, bytes.Repeat([]byte(",a=b"), 1_000), 1_000)...), zipped))
	want := []api.RejectedLine{{Line: 1, Reason: "line longer than 16384 bytes"}}
	if d := cmp.Diff(want, a.Lines); d != "" || a.Code != api.CodeInvalid {
		t.Errorf("answered %q %s", a.Code, d)
	}
}

func TestABodyOfOneLineIsReadToTheLastByteOfTheLimit(t *testing.T) {
	t.Parallel()
	in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return nil }))
	line := zips(t, bytes.Repeat([]byte("x"), api.MaxInflateBytes/64), 64)
	a := send(t, in, post(line, zipped))
	want := []api.RejectedLine{{Line: 1, Reason: "line longer than 16384 bytes"}}
	if d := cmp.Diff(want, a.Lines); d != "" || a.Code != api.CodeInvalid {
		t.Errorf("answered %q %s", a.Code, d)
	}
}

func TestGzipCutOffAtAnyByteIsUnreadableAndStoresNothing(t *testing.T) {
	t.Parallel()
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		t.Errorf("stored %.100q", lines)
		return nil
	}))
	whole := zip(t, pings(t, 20))
	two := append(bytes.Clone(whole), zip(t, pings(t, 20))...)
	for i := 1; i < len(two); i++ {
		if i == len(whole) {
			continue // the first member alone is whole
		}
		a := send(t, in, post(two[:i], zipped, from(siteNamed(i))))
		if a.Code != api.CodeUnreadable || !strings.HasPrefix(a.Message, "gzip is broken or cut off: ") && !strings.HasPrefix(a.Message, "body is not gzip: ") {
			t.Errorf("cut off at %d of %d: %q %q", i, len(two), a.Code, a.Message)
		}
	}
}

func TestABitFlippedInGzipStoresNothingThatWasNotSent(t *testing.T) {
	t.Parallel()
	good := pings(t, 20)
	whole := zip(t, good)
	var stored []byte
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored = bytes.Clone(lines)
		return nil
	}))
	for bit := range 8 * len(whole) {
		body := bytes.Clone(whole)
		body[bit/8] ^= 1 << (bit % 8)
		stored = nil
		a := send(t, in, post(body, zipped, from(siteNamed(bit))))
		// A few bits of the header say nothing about the contents (RFC 1952: time, system).
		if a.Code == api.CodeStored && bytes.Count(stored, []byte("\n")) == 21 {
			continue
		}
		if a.Code != api.CodeUnreadable && a.Code != api.CodeTooLarge || stored != nil {
			t.Errorf("bit %d: %q %q, stored %d bytes", bit, a.Code, a.Message, len(stored))
		}
	}
}

// A token of one site and lines of another: they are the token's, and no line of the
// other's is touched, whichever tags are written how often.
func TestATokenOfAnotherSiteWritesItsOwnSeriesOnly(t *testing.T) {
	var stored string
	in := run(t, ingest.DefaultConfiguration(), writer(func(_ context.Context, lines []byte) error {
		stored += string(lines)
		return nil
	}))
	ns := now.UnixNano()
	body := strings.Join([]string{
		fmt.Sprintf("ping,site=bd-2,agent=a1,target=a,role=lan sent=1i,received=1i %d", ns),
		fmt.Sprintf("ping,site=bd-2,site=bd-1,target=a,role=lan sent=1i,received=1i %d", ns),
		fmt.Sprintf(`ping,target=a\,site\=bd-2,role=lan sent=1i,received=1i %d`, ns),
		fmt.Sprintf(`receipt,site=bd-2 batches=1i,lines=1i %d`, ns),
		fmt.Sprintf(`site_state,site=bd-2 state="ok",rank=1i %d`, ns),
		fmt.Sprintf(`device,target=a up=1i,model="x\nping,site=bd-2 sent=1i" %d`, ns),
		fmt.Sprintf("device,target=a up=1i,model=\"x\nping,site=bd-2,target=a,role=lan sent=1i,received=1i %d", ns),
	}, "\n")
	a := send(t, in, post([]byte(body), from("bd-1")))
	want := []api.RejectedLine{
		{Line: 2, Reason: `tag "site" given twice`}, {Line: 4, Reason: "receipt is not an agent's to write"}, {Line: 5, Reason: "site_state is not an agent's to write"},
		{Line: 7, Reason: "string is not closed"},
	}
	if d := cmp.Diff(want, a.Lines); d != "" {
		t.Error(d)
	}
	lines := 0
	for line := range strings.Lines(stored) {
		lines++
		var p api.Point
		if err := api.ParseLine(strings.TrimSuffix(line, "\n"), &p); err != nil || p.TagNamed(api.TagSite) != "bd-1" || p.TagNamed(api.TagAgent) != "a1" {
			t.Errorf("stored %s %v", line, err)
		}
	}
	if lines != 5 { // 1, 3, 6, 8 and the receipt
		t.Errorf("stored\n%s", stored)
	}
}
