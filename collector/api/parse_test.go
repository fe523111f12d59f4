package api

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestALineIsReadAsItIsWritten(t *testing.T) {
	for line, want := range map[string]*Point{
		`ping sent=1i 5`:  {Measurement: "ping", Fields: []FieldValue{{"sent", IntegerValue(1)}}, Time: 5},
		`ping sent=1i -5`: {Measurement: "ping", Fields: []FieldValue{{"sent", IntegerValue(1)}}, Time: -5},
		`m,b=2,a=1 f=1,g=-0.5e3,h=-7i,s="x" 9223372036854775807`: {Measurement: "m", Tags: []TagValue{{"b", "2"}, {"a", "1"}},
			Fields: []FieldValue{{"f", FloatValue(1)}, {"g", FloatValue(-500)}, {"h", IntegerValue(-7)}, {"s", TextValue("x")}}, Time: 1<<63 - 1},
		`m,t=a\,b\=c\ d f=t,g=F,h=TRUE,i=false 1`: {Measurement: "m", Tags: []TagValue{{"t", "a,b=c d"}},
			Fields: []FieldValue{{"f", BooleanValue(true)}, {"g", BooleanValue(false)}, {"h", BooleanValue(true)}, {"i", BooleanValue(false)}}, Time: 1},
		`m,t=C:\x\\,y s="a\"b\\c\d, e=f" 1`: {Measurement: "m", Tags: []TagValue{{"t", `C:\x\,y`}}, Fields: []FieldValue{{"s", TextValue(`a"b\c\d, e=f`)}}, Time: 1},
		`m,t=Xã\ Ea\ H'leo s="" 1`:          {Measurement: "m", Tags: []TagValue{{"t", "Xã Ea H'leo"}}, Fields: []FieldValue{{"s", TextValue("")}}, Time: 1},
	} {
		var got Point
		if err := ParseLine(line, &got); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if d := cmp.Diff(want, &got); d != "" {
			t.Errorf("%s: %s", line, d)
		}
	}
}

// A number is read in one pass and a float is written back as it stood: both must
// come to what the standard library says.
func TestANumberIsTheStandardLibrarysToTheLastBit(t *testing.T) {
	words := []string{"0", "-0", "-0.0", "0.1", "-0.1", ".5", "-.5", "5.", "00.50", "0.3000", "007", "123456789012345", "1234567890123456", "0.000000000000001",
		"9007199254740993", "999999999999999", "99999999999999.9", "1e3", "-2.5E-3", "1e-300", "4.35", "1.005", "2.675", "179769313486231.5"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		words = append(words, strconv.FormatFloat(float64(r.Int64N(1e16))/tens[r.IntN(16)], 'f', -1, 64))
	}
	var p, back Point
	for _, word := range words {
		if err := ParseLine("m f="+word+" 1", &p); err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		want, err := strconv.ParseFloat(word, 64)
		if got := p.Fields[0].Value.Float(); err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s is read as %v, want %v, %v", word, got, want, err)
		}
		line := strings.TrimSuffix(string(p.AppendParsed(nil)), "\n")
		if err := ParseLine(line, &back); err != nil || math.Float64bits(back.Fields[0].Value.Float()) != math.Float64bits(want) || p.Fields[0].Value.Text() != "" {
			t.Errorf("%s is written back as %q, %v", word, line, err)
		}
	}
}

func TestALineThatCannotBeReadIsComplainedOf(t *testing.T) {
	for want, lines := range map[string][]string{
		"empty line":                  {""},
		"no fields":                   {"ping", "ping,a=b", "#comment"},
		"tag without name or value":   {"m,=x f=1 1", "m,a= f=1 1", "m,a=,b=2 f=1 1", "m,a=b=c f=1 1", "m, f=1 1", `m,a\ b=c f=1 1`, "m,a f=1 1"},
		"field without name or value": {"m =1 1", "m f= 1", "m f", "m  f=1 1", `m "f"=1 1`, `m a\ b=1 1`, "m f=1, 1"},
		"value is no float, integer, boolean or string": {"m f=1u 1", "m f=0x10 1", "m f=1_000 1", "m f=nan 1", "m f=Inf 1", "m f=+1 1", "m f=+1i 1", "m f=1.5i 1", "m f=i 1",
			"m f=tRUE 1", "m f=x 1", `m f="a"b 1`, "m f=1e999 1", "m f=9223372036854775808i 1", "m f=- 1", "m f=1e 1", "m f=1\r 1"},
		"string is not closed":         {`m f="abc 1`, `m f="abc\" 1`, `m f=" 1`},
		"no timestamp in nanoseconds":  {"m f=1", "m f=1 ", "m f=1 1.5", "m f=1 1 1", "m f=1 1\r", "m f=1  1", "m f=1 1i", "m f=1 9223372036854775808", `m f="a"`, "m f=1 x"},
		"line longer than 16384 bytes": {strings.Repeat("x", MaxLineBytes+1)},
	} {
		for _, line := range lines {
			var p Point
			if err := ParseLine(line, &p); err == nil || err.Error() != want {
				t.Errorf("%.60q: %v, want %s", line, err, want)
			}
		}
	}
}

func TestAPointIsUsedAgainWithoutATraceOfTheLastLine(t *testing.T) {
	var p Point
	for _, line := range []string{`m,a=1,b=2 f=1,g=2 3`, `bad`, `n h=1i 4`} {
		_ = ParseLine(line, &p)
	}
	if d := cmp.Diff(Point{Measurement: "n", Tags: []TagValue{}, Fields: []FieldValue{{"h", IntegerValue(1)}}, Time: 4}, p); d != "" {
		t.Error(d)
	}
}

func TestEveryTagAndTextIsEncodedAndParsedBackTheSame(t *testing.T) {
	for _, s := range []string{
		"a", "a b", "a,b", "a=b", `,`, `=`, ` `, `  `, `"`, `a"b"`, "Xã Đắk Drô", "日本語", "🛰", "'", "#x", `, = x`,
	} {
		line, err := round().Tag("site", s).AppendLine(nil)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		var p Point
		if err := ParseLine(strings.TrimSuffix(string(line), "\n"), &p); err != nil || p.TagNamed("site") != s {
			t.Errorf("tag %q is written %s and read %q, %v", s, line, p.TagNamed("site"), err)
		}
	}
	for _, s := range []string{`\`, `"`, `\"`, `\\`, `ends in \`, `a=b,c d`, " ", `{"a": "b\n"}`, "Tiếng Việt"} {
		line, err := NewPoint("device", at).Tag("target", "a").Int("up", 1).Text("model", s).AppendLine(nil)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		var p Point
		err = ParseLine(strings.TrimSuffix(string(line), "\n"), &p)
		if v, _ := p.FieldNamed("model"); err != nil || v.Text() != s {
			t.Errorf("text %q is written %s and read %q, %v", s, line, v.Text(), err)
		}
	}
}

func TestNothingIsEncodedThatDoesNotHold(t *testing.T) {
	dst := []byte("before")
	got, err := round().Float("late", 1).AppendLine(dst)
	if err == nil || err.Error() != "encode ping: field late is a float, want integer" || string(got) != "before" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestALineIsWrittenOneWay(t *testing.T) {
	line, err := round().Tag("site", "bd 1").Float("rtt_min_ms", 0.1).Count("late", 0).Count("duplicates", 2).Text("result", "").AppendLine(nil)
	if want := fmt.Sprintf(`ping,target=router,role=gateway,site=bd\ 1 sent=10i,received=9i,rtt_min_ms=0.1,duplicates=2i %d`+"\n", at.UnixNano()); err != nil || string(line) != want {
		t.Errorf("%s%v, want\n%s", line, err, want)
	}
}

func TestTagsAreReplacedOrAdded(t *testing.T) {
	p := round()
	p.SetTag("site", "one")
	p.SetTag("site", "two")
	if d := cmp.Diff([]TagValue{{"target", "router"}, {"role", "gateway"}, {"site", "two"}}, p.Tags); d != "" {
		t.Error(d)
	}
}

func TestAnyTextBecomesATagByOneRule(t *testing.T) {
	for in, want := range map[string]string{
		`C:\`: "C:/", ` a `: "a", "a\x00b": "ab", "a\xffb": "ab", "": "", "\n": "", "Xã": "Xã", "a\u0085b": "ab",
		strings.Repeat("x", 300): strings.Repeat("x", 256), strings.Repeat("ế", 100): strings.Repeat("ế", 85),
		strings.Repeat("x", 255) + " y": strings.Repeat("x", 255),
	} {
		got := CleanTag(in)
		if got != want {
			t.Errorf("%.20q becomes %.20q, want %.20q", in, got, want)
		}
		if got != "" && round().Tag("site", got).Check() != nil {
			t.Errorf("%q does not hold", got)
		}
	}
	for in, want := range map[string]string{"a\nb": "a b", ` C:\ `: `C:\`, "": "", "a \t b": "a b"} {
		if got := CleanText(in); got != want {
			t.Errorf("text %q becomes %q, want %q", in, got, want)
		}
	}
}
