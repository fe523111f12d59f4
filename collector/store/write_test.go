//go:build integration

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

// now is a time that the raw policy keeps, on a whole second.
var now = time.Now().Truncate(time.Second)

// Rules W2 and W3: types are fixed by the contract, but a database may have
// been written around it.
func TestALineOfAnotherTypeIsRefusedAloneAndTheOthersAreStored(t *testing.T) {
	server := storetest.Start(t)
	s := storetest.OpenNamed(t, server, "conflict")
	if status := raw(t, server, "conflict/raw", fmt.Sprintf("ping,site=old late=1.5 %d\n", now.UnixNano())); status != http.StatusNoContent {
		t.Fatalf("writing around the contract: %d", status)
	}
	const lines, wrong = 5_000, 3_217
	var block []byte
	for i := 1; i <= lines; i++ {
		p := ping("bd-1", "a", now.Add(-time.Duration(i)*time.Second))
		if i == wrong {
			p.Int("late", 2)
		}
		block = line(t, block, p)
	}
	err := s.Write(t.Context(), api.Raw, block)
	var refused *store.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("%v, want a refused line", err)
	}
	if len(refused.Lines) != 1 || refused.Lines[0].Line != wrong || !strings.Contains(refused.Lines[0].Reason, "field type conflict") {
		t.Errorf("refused %v, want line %d alone", refused.Lines, wrong)
	}
	if n := count(t, s, "bd-1"); n != lines-1 {
		t.Errorf("%d stored, want %d", n, lines-1)
	}
	if err := s.Write(t.Context(), api.Raw, block); !errors.As(err, &refused) {
		t.Errorf("the same block again: %v", err)
	}
	if n := count(t, s, "bd-1"); n != lines-1 {
		t.Errorf("%d stored after the same block again, want %d", n, lines-1)
	}
}

func TestLinesBeyondAnOperatorsShorterRetentionAreRefusedAndTheNewerStored(t *testing.T) {
	server := storetest.Start(t)
	order(t, server, `CREATE DATABASE "short" WITH DURATION 30d NAME "raw"`)
	s := storetest.OpenNamed(t, server, "short")
	var block []byte
	const old, young = 3_000, 2_000
	for i := range old + young {
		at := now.Add(-time.Duration(i) * time.Second)
		if i < old {
			at = at.Add(-40 * 24 * time.Hour)
		}
		block = line(t, block, ping("bd-1", "a", at))
	}
	err := s.Write(t.Context(), api.Raw, block)
	var refused *store.Refused
	if !errors.As(err, &refused) || len(refused.Lines) != old || refused.Lines[old-1].Line != old {
		t.Fatalf("%v, want the first %d lines refused", err, old)
	}
	if !strings.Contains(refused.Lines[0].Reason, "beyond retention policy") {
		t.Errorf("reason is %q", refused.Lines[0].Reason)
	}
	if n := count(t, s, "bd-1"); n != young {
		t.Errorf("%d stored, want %d", n, young)
	}
}

// 1.8.10 takes this tag's quote for a string's, behind a backslash before a space and
// one before an equals sign, and reads on into the next line. Neither may be lost.
func TestAQuoteInATagNeverTakesTheNextLineWithIt(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	block := fmt.Appendf(nil, `ping,role=lan,site=bd-1,target=a\\ b\\=c" sent=1i,received=1i %d`+"\n", now.UnixNano())
	block = line(t, block, ping("bd-2", "victim", now))
	block = line(t, block, ping("bd-2", "victim", now.Add(time.Second)))
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	if one, two := count(t, s, "bd-1"), count(t, s, "bd-2"); one != 1 || two != 2 {
		t.Errorf("%d and %d stored, want 1 and 2", one, two)
	}
}

// Rules W2 and R8: what is written is read back, and found again
// by its value, whatever it holds.
func TestEveryValueIsReadBackTheSame(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	tags := []string{
		`C:/x`, `a,b=c d`, `#x`, `Xã Ea H'leo`, `"quoted"`, `5" disk`, ` leading and trailing `,
		`tab?no`, `日本語`, `emoji 🛰`, `/regex.*/`, `'; DROP DATABASE x --`, `$1`, `%s`, `null`, `true`, `1i`, `ế`, strings.Repeat("x", api.MaxTagBytes),
	}
	texts := []string{
		`C:\`, `a\"b`, `"`, `\\\`, `a,b=c d`, "Tiếng Việt – “quotes”", `ends in \\`, ` `, `{"json": [1]}`, strings.Repeat("ế", api.MaxStringBytes/len("ế")),
	}
	var block []byte
	for i, tag := range tags {
		p := ping("bd-1", tag, now.Add(time.Duration(i)*time.Nanosecond))
		block = line(t, block, p)
	}
	for i, text := range texts {
		p := api.NewPoint("device", now.Add(time.Duration(i)*time.Nanosecond)).Tag("site", "bd-1").Tag("target", fmt.Sprint(i)).Int("up", 1).Text("model", text)
		block = line(t, block, p)
	}
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	for i, tag := range tags {
		got := sel(t, s, store.Query{Measurement: "ping", Select: []store.Selector{{Field: "sent"}}, Where: []store.Match{{Tag: "target", Values: []string{tag}}}, By: []string{"*"}})
		if len(got) != 1 || len(got[0].Rows) != 1 || got[0].Tags["target"] != tag || !got[0].Rows[0].Time.Equal(now.Add(time.Duration(i)*time.Nanosecond)) {
			t.Errorf("tag %q is read back as %v", tag, got)
		}
	}
	for i, text := range texts {
		got := sel(t, s, store.Query{Measurement: "device", Select: []store.Selector{{Func: "last", Field: "model"}}, Where: []store.Match{{Tag: "target", Values: []string{fmt.Sprint(i)}}}})
		if len(got) != 1 || got[0].Rows[0].Values["model"].Text() != text {
			t.Errorf("text %q is read back as %v", text, got)
		}
	}
}

func TestNumbersAreReadBackTheSame(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	want := map[string]api.Value{
		"sent": api.IntegerValue(0), "received": api.IntegerValue(1 << 32), "rtt_min_ms": api.FloatValue(0.1 + 0.2),
		"rtt_max_ms": api.FloatValue(5e-324), "jitter_ms": api.FloatValue(120_000),
	}
	p := ping("bd-1", "a", now)
	p.Fields = p.Fields[:0]
	q := store.Query{Measurement: "ping"}
	for name, value := range want {
		p.Fields = append(p.Fields, api.FieldValue{Name: name, Value: value})
		q.Select = append(q.Select, store.Selector{Field: name})
	}
	receipt := api.NewPoint("receipt", now).Tag("site", "bd-1").Int("batches", 1).Int("lines", 1).
		Int("first_sequence", 1<<53).Int("delay_ms", -(1<<43)).Bool("backlog", true)
	if err := s.Write(t.Context(), api.Raw, line(t, line(t, nil, p), receipt)); err != nil {
		t.Fatal(err)
	}
	if got := sel(t, s, q); len(got) != 1 || !cmp.Equal(got[0].Rows, []store.Row{{Time: now.UTC(), Values: want}}) {
		t.Errorf("read back %v", got)
	}
	got := sel(t, s, store.Query{Measurement: "receipt", Select: []store.Selector{{Field: "first_sequence"}, {Field: "delay_ms"}, {Field: "backlog"}, {Field: "rejected"}}})
	values := map[string]api.Value{"first_sequence": api.IntegerValue(1 << 53), "delay_ms": api.IntegerValue(-(1 << 43)), "backlog": api.BooleanValue(true)}
	if len(got) != 1 || !cmp.Equal(got[0].Rows[0].Values, values) {
		t.Errorf("read back %v", got)
	}
}

func TestABlockBeyondTheDatabasesBodyLimitIsStoredInParts(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	filler := strings.Repeat("x", 15<<10)
	var block bytes.Buffer
	const lines = 2_300 // 34 MiB
	for i := range lines {
		fmt.Fprintf(&block, "ping,site=bd-1 sent=1i,result=\"%s\" %d\n", filler, now.Add(-time.Duration(i)*time.Second).UnixNano())
	}
	if err := s.Write(t.Context(), api.Raw, block.Bytes()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "bd-1"); n != lines {
		t.Errorf("%d stored, want %d", n, lines)
	}
}

func TestAnOperatorsMistakeKeepsEverythingAndSaysSo(t *testing.T) {
	server := storetest.Start(t)
	block := line(t, nil, ping("bd-1", "a", now))
	for _, c := range []struct{ name, database, token, want string }{
		{"no database", "absent", server.Token(), "database not found"},
		{"no policy", "communewatch", server.Token(), "retention policy not found"},
		{"wrong token", "communewatch", "communewatch:wrong", "authorization failed"},
		{"no token", "communewatch", "", "unable to parse authentication credentials"},
		{"a token that may only read", "communewatch", server.ReaderToken(), "not authorized to write"},
	} {
		s, err := store.New(store.Config{URL: server.URL(), Token: c.token, Database: c.database}, store.Deps{Log: storetest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Write(t.Context(), api.Raw, block); kindOf(err) != "misconfigured" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want misconfigured: %s", c.name, err, c.want)
		}
		if err := s.Ready(t.Context()); kindOf(err) != "misconfigured" {
			t.Errorf("%s: ready says %v", c.name, err)
		}
		if _, err := s.Select(t.Context(), lately(store.Query{Measurement: "ping", Select: []store.Selector{{Field: "sent"}}})); c.token != server.ReaderToken() && kindOf(err) != "misconfigured" {
			t.Errorf("%s: select says %v", c.name, err)
		}
	}
}

func TestADatabaseThatIsDownIsUnavailableAndStoresWhenItIsBack(t *testing.T) {
	dir := t.TempDir()
	cfg := embedded.Config{Dir: dir, Binary: storetest.Binary(t), Listen: "127.0.0.1:0", Log: storetest.Log(t)}
	server, err := embedded.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.OpenNamed(t, server, "communewatch")
	block := line(t, nil, ping("bd-1", "a", now))
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Error(err)
	}
	cfg.Listen = strings.TrimPrefix(server.URL(), "http://")
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	more := line(t, nil, ping("bd-1", "a", now.Add(time.Second)))
	if err := s.Write(t.Context(), api.Raw, more); kindOf(err) != "unavailable" {
		t.Errorf("write: %v", err)
	}
	if err := s.Ready(t.Context()); kindOf(err) != "unavailable" {
		t.Errorf("ready: %v", err)
	}
	server, err = embedded.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop(t.Context())
	if err := s.Write(t.Context(), api.Raw, more); err != nil {
		t.Errorf("write when it is back: %v", err)
	}
	if n := count(t, s, "bd-1"); n != 2 {
		t.Errorf("%d stored, want 2", n)
	}
}

func TestAnyTagThatTheContractLetsPassIsReadBackTheSame(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{`\`, ` `, `,`, `=`, `"`, `a`, `'`, `ế`, `#`, `/`}
	want := map[string]bool{}
	var block []byte
	for len(want) < 1_500 {
		var tag strings.Builder
		for range 1 + random.IntN(7) {
			tag.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		p := ping("bd-1", tag.String(), now)
		if want[tag.String()] || p.Check() != nil {
			continue
		}
		want[tag.String()] = true
		block = line(t, block, p)
	}
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	for _, series := range sel(t, s, store.Query{Measurement: "ping", Select: []store.Selector{{Func: "last", Field: "sent"}}, By: []string{"*"}}) {
		if !want[series.Tags["target"]] {
			t.Errorf("read back %q, which was not written", series.Tags["target"])
		}
		delete(want, series.Tags["target"])
	}
	for tag := range want {
		t.Errorf("%q was written and is not read back", tag)
	}
}
