package snmp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// folder writes profiles as the NOC would.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// complaints are the problems of a folder, without its path.
func complaints(t *testing.T, dir string, err error) string {
	t.Helper()
	var problems settings.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%v is not a list of problems", err)
	}
	return strings.ReplaceAll(problems.Error(), dir+string(filepath.Separator), "")
}

const anUPS = `about: a UPS
source: X-MIB
match:
- object: 1.3.6.1.4.1.99999.1
use: [if-mib]
fields:
- field: battery_percent
  mib: X-MIB::charge
  get: 1.3.6.1.4.1.99999.1.1.0
`

func TestShippedProfilesAreValidAndFitTheContract(t *testing.T) {
	shipped, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if shipped.byName[genericProfile] == nil || len(shipped.byName) < 30 {
		t.Fatalf("%d profiles", len(shipped.byName))
	}
	for name, p := range shipped.byName {
		for _, chain := range p.chains {
			for _, f := range chain {
				for _, word := range append([]group{{word: "x"}}, f.each...) {
					field := strings.Replace(f.name, "*", word.word, 1)
					at := api.NewPoint("device", time.Unix(0, 0)).Tag(api.TagTarget, "x").Int("up", 1).Float(field, 1)
					if err := at.Check(); err != nil {
						t.Errorf("%s: %s: %v", name, field, err)
					}
				}
			}
		}
	}
	for i, r := range shipped.rules {
		for _, other := range shipped.rules[i+1:] {
			if r.same(other) {
				t.Errorf("profiles %s and %s are for the same devices: %s", r.profile, other.profile, r.object)
			}
			if r.object == other.object && r.conditions()+other.conditions() == 0 {
				t.Errorf("nothing tells profiles %s and %s apart: %s", r.profile, other.profile, r.object)
			}
		}
	}
}

func TestAMistakeInAProfileIsSaidAtItsPlace(t *testing.T) {
	field := func(lines string) string {
		return "about: x\nsource: X\nfields:\n- " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n  ") + "\n"
	}
	const start = "field: cpu_percent\nmib: X\n"
	const units = "percent, celsius, seconds, volts, amperes, watts, hertz, bytes, octets, dbm, count, pages, ratio"
	cases := map[string]struct{ in, want string }{
		"unknown key":     {field(start + "get: 1.3.6.0\nfactor: 10"), `x.yaml:7:3: unknown key "factor"; known here: between, bits, each, field, get, less, map, mib, minus, name, of, offset, only, rows, scale, skip, unknown, walk`},
		"OID by name":     {field(start + "get: sysDescr.0"), `x.yaml:6:8: "sysDescr.0" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0`},
		"OID with a dot":  {field(start + "walk: .1.3.6.1\nrows: max"), `x.yaml:6:9: ".1.3.6.1" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0`},
		"OID too large":   {field(start + "get: 1.3.6.4294967296"), `x.yaml:6:8: "1.3.6.4294967296" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0`},
		"OID in a list":   {field(start + "get: 1.3.6.0\nof: [1.3.7.0, 1..2]"), `x.yaml:7:17: "1..2" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0`},
		"object":          {"about: x\nmatch:\n- {object: 1.3.6.x}\n", `x.yaml:3:12: "1.3.6.x" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0`},
		"regexp":          {"about: x\nmatch:\n- object: 1.3.6.1\n  descr: 'Edge('\n", "x.yaml:4:10: \"Edge(\" is not a regular expression: missing closing ): `Edge(`"},
		"regexp of a row": {field(start + "walk: 1.3.6.1\nrows: max\nskip:\n- {column: 1.3.6.2, is: '*'}"), "x.yaml:9:27: \"*\" is not a regular expression: missing argument to repetition operator: `*`"},
		"no unit":         {field("field: cpu\nmib: X\nget: 1.3.6.0"), `x.yaml:4:10: "cpu" is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: ` + units},
		"unknown unit":    {field("field: room_fahrenheit\nmib: X\nget: 1.3.6.0"), `x.yaml:4:10: "room_fahrenheit" is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: ` + units},
		"a fixed one":     {field("field: uptime_seconds\nmib: X\nget: 1.3.6.0"), `x.yaml:4:10: "uptime_seconds" is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: ` + units},
		"a long name":     {field("field: " + strings.Repeat("x", 60) + "_percent\nmib: X\nget: 1.3.6.0"), `x.yaml:4:10: "` + strings.Repeat("x", 60) + `_percent" is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: ` + units},
		"a long list":     {field(start + "get: 1.3.6.0\nminus: [" + strings.Repeat("1.3.7.0, ", 101) + "]"), `x.yaml:7:10: 101 items, at most 100`},
		"no source":       {field("field: cpu_percent\nget: 1.3.6.0"), `x.yaml:4:3: mib is missing`},
		"neither":         {field("field: cpu_percent\nmib: X"), `x.yaml:4:3: want get or walk, and only one of them`},
		"both":            {field(start + "get: 1.3.6.0\nwalk: 1.3.6.1"), `x.yaml:4:3: want get or walk, and only one of them`},
		"rows":            {field(start + "walk: 1.3.6.1\nrows: average"), `x.yaml:7:9: "average" is not known; want one of: first, min, max, mean, sum`},
		"no rows":         {field(start + "walk: 1.3.6.1"), `x.yaml:4:3: rows is missing`},
		"rows of a value": {field(start + "get: 1.3.6.0\nrows: max"), `x.yaml:7:9: rows has no meaning beside get`},
		"less of no sum":  {field(start + "walk: 1.3.6.1\nrows: max\nless:\n- {column: 1.3.6.2, is: x}"), `x.yaml:9:3: less needs rows: sum`},
		"map":             {field(start + "get: 1.3.6.0\nmap: ['1=0', 'on=1']"), `x.yaml:7:16: "on=1" is not figure[,figure]=value, such as 3,4=1`},
		"map twice":       {field(start + "get: 1.3.6.0\nmap: ['1,2=0', '2=1']"), `x.yaml:7:18: the figure 2 has a value above`},
		"star alone":      {field("field: toner_*_percent\nmib: X\nwalk: 1.3.6.1\nrows: min"), `x.yaml:4:10: * needs name, each`},
		"each":            {field("field: toner_*_percent\nmib: X\nwalk: 1.3.6.1\nrows: min\nname: 1.3.6.2\neach: [Black]"), `x.yaml:9:10: "Black" is not word=expression, such as black=(?i)black`},
		"scale":           {field(start + "get: 1.3.6.0\nscale: 0"), `x.yaml:7:10: scale cannot be 0`},
		"scale is text":   {field(start + "get: 1.3.6.0\nscale: ten"), `x.yaml:7:10: fields[0].scale is "ten", want a number`},
		"between":         {field(start + "get: 1.3.6.0\nbetween: [5, 1]"), `x.yaml:7:12: between wants two numbers, the smaller first, such as [0, 100]`},
		"model":           {"about: x\nmodel:\n- like: 'Model: .*'\n", `x.yaml:3:9: the expression "Model: .*" needs one pair of brackets, around the model`},
		"no use":          {"about: x\nuse: [if-mib, upss]\n", `x.yaml:2:15: there is no profile "upss"`},
		"uses itself":     {"about: x\nuse: [x]\n", `x.yaml:2:7: profiles use one another in a circle: x → x`},
		"no about":        {"use: [if-mib]\n", `x.yaml:1:1: about is missing`},
		"not YAML":        {"about: x\n\tuse: []\n", `x.yaml:2:1: not YAML: found a tab character that violates indentation`},
		"two at once":     {"about: x\nsource: X\nmatch:\n- {object: x}\nfields:\n- {field: y, mib: X, get: z}\n", "x.yaml:4:12: \"x\" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0\nx.yaml:6:11: \"y\" is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: " + units + "\nx.yaml:6:27: \"z\" is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0"},
	}
	files := map[string]string{"ups-of-ours.yaml": anUPS}
	file := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }
	for name, c := range cases {
		files[file(name)+".yaml"] = strings.ReplaceAll(c.in, "use: [x]", "use: ["+file(name)+"]")
	}
	dir := folder(t, files)
	got, err := LoadProfiles(dir)
	if err == nil {
		t.Fatal("no complaint")
	}
	all := complaints(t, dir, err)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var said []string
			for line := range strings.SplitSeq(all, "\n") {
				if strings.HasPrefix(line, file(name)+".yaml:") {
					said = append(said, strings.NewReplacer(file(name)+".yaml", "x.yaml", file(name)+" → "+file(name), "x → x").Replace(line))
				}
			}
			if d := cmp.Diff(c.want, strings.Join(said, "\n")); d != "" {
				t.Error(d)
			}
			if got.byName[file(name)] != nil {
				t.Error("a file that is wrong is used")
			}
		})
	}
	if got.byName["ups-of-ours"] == nil || got.byName["apc"] == nil {
		t.Error("files that are wrong take others down")
	}
}

func TestFilesThatDoNotFitTogetherAreLeftOutWithThoseThatNeedThem(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a circle": {
			map[string]string{"a.yaml": "about: a\nuse: [b]\n", "b.yaml": "about: b\nuse: [if-mib, c]\n", "c.yaml": "about: c\nuse: [a]\n", "d.yaml": "about: d\nuse: [b]\n"},
			"a.yaml:2:7: profiles use one another in a circle: a → b → c → a\nb.yaml:2:15: profiles use one another in a circle: b → c → a → b\n" +
				"c.yaml:2:7: profiles use one another in a circle: c → a → b → c\nd.yaml:2:7: there is no profile \"b\"",
		},
		"a circle through a shipped one": {
			map[string]string{"if-mib.yaml": "about: ours\nuse: [apc]\n"},
			"if-mib.yaml:2:7: profiles use one another in a circle: if-mib → apc → if-mib",
		},
		"the same devices": {
			map[string]string{"a.yaml": anUPS, "b.yaml": anUPS},
			"b.yaml:4:3: profile \"a\" is for the very same devices",
		},
		"the same devices in one file": {
			map[string]string{"a.yaml": "about: a\nmatch:\n- object: 1.3.6.1\n- object: 1.3.6.1\n"},
			"a.yaml:4:3: profile \"a\" is for the very same devices",
		},
		"a name that ends in another way": {
			map[string]string{"our-ups.yml": "about: a\n", "OURS.YAML": "about: a\n"},
			"OURS.YAML:1:1: the file's name \"OURS.YAML\" may have lower-case letters, digits and hyphens only, such as my-ups.yaml\n" +
				"our-ups.yml:1:1: the file's name \"our-ups.yml\" may have lower-case letters, digits and hyphens only, such as my-ups.yaml",
		},
		"a name that cannot be": {
			map[string]string{"Máy in.yaml": "about: a\n"},
			"Máy in.yaml:1:1: the file's name \"Máy in\" may have lower-case letters, digits and hyphens only, such as my-ups.yaml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, c.files)
			got, err := LoadProfiles(dir)
			if d := cmp.Diff(c.want, complaints(t, dir, err)); d != "" {
				t.Error(d)
			}
			shipped, _ := Shipped()
			for name := range shipped.byName {
				if got.byName[name] == nil {
					t.Errorf("the shipped %s is gone", name)
				}
			}
			if !got.byName["if-mib"].interfaces {
				t.Error("a file that is left out replaced a shipped one")
			}
		})
	}
}

func TestAFolderAddsAndReplacesByName(t *testing.T) {
	dir := folder(t, map[string]string{
		"ours.yaml": anUPS, "apc.yaml": strings.ReplaceAll(anUPS, "99999.1", "318.1.3"),
		"README.txt": "not a profile", "printers-of-ours.yaml": "about: x\nmatch:\n- object: 1.3.6.1.4.1.1347\nuse: [printer]\n",
	})
	got, err := LoadProfiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	for object, want := range map[string]string{
		"1.3.6.1.4.1.99999.1.7": "ours", "1.3.6.1.4.1.318.1.3.27": "apc", "1.3.6.1.4.1.1347.41": "printers-of-ours",
		"1.3.6.1.4.1.99999.2": "generic", "1.3.6.1.4.1.99999.10": "generic",
	} {
		chosen, err := got.choose(identity{object: object}, nil)
		if err != nil || chosen.name != want {
			t.Errorf("%s: %v, %v, want %s", object, chosen, err, want)
		}
	}
	if n := len(got.byName["apc"].chains); n != 1 {
		t.Errorf("the replaced profile has %d fields, want its own only", n)
	}
	if none, err := LoadProfiles(filepath.Join(dir, "no-such-folder")); err != nil || len(none.byName) == 0 {
		t.Errorf("without a folder: %v", err)
	}
}

func TestAReplacementThatIsWrongLeavesTheShippedOne(t *testing.T) {
	got, err := LoadProfiles(folder(t, map[string]string{"ups.yaml": "about: x\nfields: 7\n"}))
	if err == nil || len(got.byName["ups"].chains) == 0 {
		t.Errorf("error %v", err)
	}
}

// The example in the description of the format is a file that loads.
func TestTheExampleInTheDescriptionLoads(t *testing.T) {
	source, err := os.ReadFile("profile.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "// A complete file, my-ups.yaml:\n//\n")
	var example strings.Builder
	for line := range strings.Lines(rest) {
		text, inside := strings.CutPrefix(line, "//\t")
		if !inside {
			break
		}
		example.WriteString(text)
	}
	got, err := LoadProfiles(folder(t, map[string]string{"my-ups.yaml": example.String()}))
	if err != nil || got.byName["my-ups"] == nil {
		t.Errorf("%v in\n%s", err, example.String())
	}
}

func FuzzAProfile(f *testing.F) {
	shipped, err := shippedFiles.ReadDir("profiles")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range shipped[:12] {
		data, err := shippedFiles.ReadFile("profiles/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(anUPS))
	f.Add([]byte("about: x\nuse: [x]\nfields: [{field: a_*_percent, walk: 1.3, rows: sum, less: [{is: '('}], each: ['=']}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"x.yaml": {Data: data}}
		own, wrong := readFolder(files, ".", "x", true)
		_, more := link(map[string]*draft{}, own)
		for _, problem := range append(wrong, more...) {
			if problem.Line < 1 || problem.Column < 1 || !strings.HasPrefix(problem.In(say.English), "x") {
				t.Errorf("%+v has no place", problem)
			}
		}
	})
}
