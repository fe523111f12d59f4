package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"communewatch/collector/say"
)

type example struct {
	Name     string        `json:"name"`
	Interval time.Duration `json:"interval"`
	Count    int           `json:"count"`
	Port     uint16        `json:"port"`
	Live     bool          `json:"live"`
	Scale    float64       `json:"scale"`
	Inner    *inner        `json:"inner"`
	Items    []inner       `json:"items"`

	ByName map[string]inner `json:"by_name"`
}

type inner struct {
	Address string `json:"address"`
	Name    string `json:"name"`
}

func TestAFileFillsTheStructAndKeepsDefaults(t *testing.T) {
	got := example{Interval: time.Minute, Count: 10}
	_, err := Decode("a.yaml", []byte("name: 0123\nport: 161\nlive: true\nscale: -1e-3\ncount:\ninner:\n  address: x\nitems:\n- {address: a, name: no}\n- address: b\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := example{Name: "0123", Interval: time.Minute, Count: 10, Port: 161, Live: true, Scale: -0.001, Inner: &inner{Address: "x"}, Items: []inner{{"a", "no"}, {"b", ""}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEveryMistakeIsSaidAtItsPlaceWithWhatWasExpected(t *testing.T) {
	for name, c := range map[string]struct{ in, en string }{
		"unknown key":     {"name: a\nintervall: 60s\n", `a.yaml:2:1: unknown key "intervall"; known here: by_name, count, inner, interval, items, live, name, port, scale`},
		"unknown nested":  {"items:\n- addres: x\n", `a.yaml:2:3: unknown key "addres"; known here: address, name`},
		"wrong type":      {"count: many\n", `a.yaml:1:8: count is "many", want an integer`},
		"duration":        {"interval: 60\n", `a.yaml:1:11: interval is "60", want a duration such as 60s or 5m`},
		"port":            {"port: 70000\n", `a.yaml:1:7: port is "70000", want a port from 0 to 65535`},
		"boolean":         {"live: \"true\"\n", `a.yaml:1:7: live is "true", want true or false`},
		"number":          {"scale: .inf\n", `a.yaml:1:8: scale is ".inf", want a number`},
		"infinite":        {"scale: Inf\n", `a.yaml:1:8: scale is "Inf", want a number`},
		"list for text":   {"name: [a]\n", `a.yaml:1:7: name is a list, want text`},
		"text for list":   {"items: a\n", `a.yaml:1:8: items is "a", want a list, each item starting with “- ”`},
		"text for struct": {"inner: a\n", `a.yaml:1:8: inner is "a", want a mapping of keys to values`},
		"duplicate":       {"name: a\nname: b\n", `a.yaml:2:1: key "name" was already given in line 1`},
		"alias":           {"name: &x a\n", `a.yaml:1:7: YAML anchors and aliases are not used here`},
		"two documents":   {"name: a\n---\nname: b\n", `a.yaml:2:1: the file holds more than one YAML document`},
		"empty":           {"# nothing\n", `a.yaml:1:1: the file is empty`},
		"ANSI":            {"name: a\n# X\xe3\n", `a.yaml:2:4: byte 11 is not UTF-8; save the file as UTF-8`},
		"two at once":     {"live: 7\ncount: x\n", "a.yaml:1:7: live is \"7\", want true or false\na.yaml:2:8: count is \"x\", want an integer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode("a.yaml", []byte(c.in), &example{})
			if err == nil {
				t.Fatal("accepted")
			}
			if d := cmp.Diff(c.en, err.Error()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestASyntaxErrorHasALineAndAColumn(t *testing.T) {
	_, err := Decode("a.yaml", []byte("name: a\n\tcount: 1\n"), &example{})
	if err == nil || !strings.HasPrefix(err.Error(), "a.yaml:2:") {
		t.Errorf("got %v", err)
	}
}

func TestProblemsSpeakVietnamese(t *testing.T) {
	_, err := Decode("a.yaml", []byte("count: x\n"), &example{})
	want := `a.yaml:1:8: count là "x", cần một số nguyên`
	if got := err.(Problems).In(say.Vietnamese); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFilesFromWindowsProgramsLoadAlike(t *testing.T) {
	const text = "name: \"Xã Đắk Drô\"\r\ncount: 3\r\n"
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	decomposed := strings.ReplaceAll(text, "ã", "a\u0303")
	for name, in := range map[string]string{"UTF-8": text, "with BOM": "\ufeff" + text, "UTF-16LE": utf16, "decomposed": decomposed} {
		var got example
		if _, err := Decode(name, []byte(in), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got.Name != "Xã Đắk Drô" || got.Count != 3 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestAComplaintStandsAtTheValueOrTheNearestThingAroundIt(t *testing.T) {
	f, err := Decode("a.yaml", []byte("items:\n- name: n\n  address: 300.1.1.1\n"), &example{})
	if err != nil {
		t.Fatal(err)
	}
	f.Complain("items[0].address", "config.address", "300.1.1.1")
	f.Complain("items[0].role", "config.missing", "role")
	f.Complain("nothing.at.all", "config.missing", "x")
	want := "a.yaml:1:1: x is missing\na.yaml:2:3: role is missing\na.yaml:3:12: 300.1.1.1 is neither an IP address nor a DNS name, such as 192.168.1.1"
	if d := cmp.Diff(want, f.Err().Error()); d != "" {
		t.Error(d)
	}
}

func TestAMapHasTheNamesThatTheFileChose(t *testing.T) {
	var got example
	f, err := Decode("a.yaml", []byte("by_name:\n  Điện lực: {address: a}\n  \"551\":\n    address: b\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]inner{"Điện lực": {Address: "a"}, "551": {Address: "b"}}, got.ByName); d != "" {
		t.Error(d)
	}
	f.Complain("by_name.551", "config.missing", "x")
	f.Complain("by_name.551.address", "config.missing", "y")
	if note := f.Note("by_name.Điện lực", "config.missing", "z").In(say.English); note != "a.yaml:2:3: z is missing" {
		t.Error(note)
	}
	if d := cmp.Diff("a.yaml:3:3: x is missing\na.yaml:4:14: y is missing", f.Err().Error()); d != "" {
		t.Error(d)
	}
	_, err = Decode("a.yaml", []byte("by_name:\n  a: {addres: b}\n  b: 7\n  a: {}\n"), &got)
	want := "a.yaml:2:7: unknown key \"addres\"; known here: address, name\n" +
		"a.yaml:3:6: by_name.b is \"7\", want a mapping of keys to values\n" +
		"a.yaml:4:3: key \"a\" was already given in line 2"
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
	if _, err := Decode("a.yaml", []byte("by_name: [a]\n"), &got); err == nil {
		t.Error("a list for a map is accepted")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"name: a\n", "items:\n- {address: a}\n", "a: &a [*a]\n", "\xff\xfea\x00", "{", "? x\n: y", "- - - -", "name: !!binary aGk=\n", "<<: {name: a}\n", "by_name: {a: {name: b}, a: 1}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v example
		_, err := Decode("f", data, &v)
		if p, ok := err.(Problems); err != nil && (!ok || len(p) == 0 || p[0].Line < 1 || p[0].Column < 1) {
			t.Errorf("%q: %v has no place", data, err)
		}
	})
}
