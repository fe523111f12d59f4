package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/line-protocol/v2/lineprotocol"
)

// FuzzParseLine: what parses and holds is encoded, parsed back the same, and read
// with the same values by the reference decoder.
func FuzzParseLine(f *testing.F) {
	for _, line := range []string{
		benchLine,
		`ping,target=a\,b\=c\ d,role=lan sent=1i,received=0i,result="timeout" 5`,
		`ping,target=C:\x,role=lan,site=a\\\ b sent=1i,received=0i -5`,
		`ping,target="q",role=uplink sent=1i,received=0i,rtt_min_ms=1e-300 5`,
		`device,target=ups up=1i,battery_percent=97.5,model="a\"b\\c, d=e \x",name="Xã Đắk Drô" 1700000000000000000`,
		`interface,target=a,interface=gi0/1 oper_up=1i,alias="" 1`,
		`receipt batches=1i,lines=0i,backlog=TRUE,goodbye="stop" 1`,
		`site_state,site=bd-1 state="ok",rank=9i 1`,
		`agent_health spool_batches=-0i,clock_offset_ms=-0,cpu_percent=.5 1`,
		`m f=1u 1`, `ping,a=b\`, `ping,target=x\\,role=lan sent=1i,received=0i 1`, "ping f=1 1\r", `ping,target=#,role=lan sent=01i,received=00i 01`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, "\n") {
			return // a line is what stands between newlines
		}
		var p Point
		if ParseLine(line, &p) != nil || p.Check() != nil {
			return
		}
		encoded, err := p.AppendLine(nil)
		if err != nil {
			t.Fatalf("%q holds and is not encoded: %v", line, err)
		}
		var back Point
		if err := ParseLine(strings.TrimSuffix(string(encoded), "\n"), &back); err != nil {
			t.Fatalf("%q is encoded as %q, which is not read: %v", line, encoded, err)
		}
		if d := cmp.Diff(p, back); d != "" {
			t.Fatalf("%q is encoded as %q: %s", line, encoded, d)
		}
		if d := cmp.Diff(p, reference(t, encoded)); d != "" {
			t.Fatalf("%q is read by the reference otherwise: %s", encoded, d)
		}
	})
}

// reference reads one encoded line with the public decoder.
func reference(t *testing.T, encoded []byte) (p Point) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatalf("%q is refused by the reference: %v", encoded, err)
		}
	}
	decoder := lineprotocol.NewDecoderWithBytes(encoded)
	if !decoder.Next() {
		t.Fatalf("%q is no line to the reference", encoded)
	}
	name, err := decoder.Measurement()
	must(err)
	p.Measurement = string(name)
	for {
		key, value, err := decoder.NextTag()
		must(err)
		if key == nil {
			break
		}
		p.Tags = append(p.Tags, TagValue{string(key), string(value)})
	}
	for {
		key, value, err := decoder.NextField()
		must(err)
		if key == nil {
			break
		}
		p.Fields = append(p.Fields, FieldValue{string(key), of(t, value)})
	}
	when, err := decoder.Time(lineprotocol.Nanosecond, time.Time{})
	must(err)
	p.Time = when.UnixNano()
	if decoder.Next() {
		t.Fatalf("%q is more than one line to the reference", encoded)
	}
	return p
}

func of(t *testing.T, v lineprotocol.Value) Value {
	switch v.Kind() {
	case lineprotocol.Float:
		return FloatValue(v.FloatV())
	case lineprotocol.Int:
		return IntegerValue(v.IntV())
	case lineprotocol.Bool:
		return BooleanValue(v.BoolV())
	case lineprotocol.String:
		return TextValue(v.StringV())
	}
	t.Fatalf("reference reads a %s", v.Kind())
	return Value{}
}
