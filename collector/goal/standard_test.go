package goal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/say"
	"communewatch/collector/settings"
)

func standardMay(t testing.TB) *Standard {
	t.Helper()
	s, err := decode("goal-2023-05.yaml", []byte(StandardText), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheEmbeddedStandardIsRight(t *testing.T) {
	s := standardMay(t)
	var ids []string
	for i := range s.Criteria {
		ids = append(ids, s.Criteria[i].Group+"/"+s.Criteria[i].ID)
	}
	want := strings.Fields(`line/uplink line/availability line/loss line/rtt line/speed
		network/router_answers network/switch_answers network/lan_loss network/lan_better
		equipment/router equipment/switch equipment/pcs equipment/ups equipment/printer
		data/correct data/complete data/clean data/live`)
	if d := cmp.Diff(want, ids); d != "" {
		t.Error(d)
	}
	if hash := sha256.Sum256([]byte(StandardText)); s.Hash != hex.EncodeToString(hash[:]) {
		t.Error("its hash is not that of the file:", s.Hash)
	}
}

// Whoever reads the file finds every key and every measure explained in it.
func TestEveryKeyOfAStandardIsExplained(t *testing.T) {
	var comments strings.Builder
	for line := range strings.Lines(StandardText) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			comments.WriteString(line)
		}
	}
	explained := func(word string) bool {
		return regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`).MatchString(comments.String())
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Criterion](), reflect.TypeFor[Work]()} {
		for i := range of.NumField() {
			if key, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); !explained(key) {
				t.Errorf("%s.%s is not explained", of.Name(), key)
			}
		}
	}
	for _, m := range Measures {
		if !explained(m.Name) {
			t.Errorf("the measure %s is not explained", m.Name)
		}
	}
}

// A planner must not take for law what nobody could read.
func TestWhatWasNotVerifiedSaysSoInBothLanguages(t *testing.T) {
	s := standardMay(t)
	hold := func(of string, w Words) {
		if strings.Contains(w.VI, "chưa kiểm chứng") != strings.Contains(w.EN, "not verified") {
			t.Errorf("%s: only one language says that it is not verified", of)
		}
		if strings.Contains(w.VI, "73/2019") && !strings.Contains(w.VI, "chưa kiểm chứng") {
			t.Errorf("%s: Decree 73/2019 was not read", of)
		}
	}
	hold("source", s.Source)
	for i := range s.Criteria {
		hold(s.Criteria[i].ID, s.Criteria[i].Rule)
		hold(s.Criteria[i].ID, s.Criteria[i].Source)
	}
	for name, w := range s.Works {
		hold(name, w.Rule)
		if price, known := w.Cost(); known && price > 0 && !strings.Contains(w.PriceSource.EN, "to be replaced") && !strings.Contains(w.PriceSource.EN, "To be replaced") {
			t.Errorf("%s: its price is not said to be an example", name)
		}
	}
	for _, must := range []string{"chưa có hệ thống đo", "không nêu con số"} {
		if !strings.Contains(s.Note.VI, must) {
			t.Errorf("the note does not say %q", must)
		}
	}
}

func TestAStandardIsFoundByIDOrPath(t *testing.T) {
	for _, c := range []struct{ name, id string }{
		{"may-2023", "may-2023"},
		{"testdata/lines-only.yaml", "lines-only"},
	} {
		s, err := Load(c.name)
		if err != nil || s.ID != c.id {
			t.Errorf("%s: %v, %v", c.name, s, err)
		}
	}
	if _, err := Load("june-2024"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if all := Embedded(); len(all) != 1 || all[0].ID != "may-2023" {
		t.Error(all)
	}
}

// The very file is the embedded standard; one with a figure changed must not pass for it.
func TestTheIDOfAnEmbeddedStandardIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(StandardText)
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
	write(strings.Replace(StandardText, "at_least: 99\n", "at_least: 98\n", 1))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
}

func TestAStandardGoesThroughJSONWhole(t *testing.T) {
	s := standardMay(t)
	data, err := json.Marshal(GoalStamp{*s, s.Hash})
	if err != nil {
		t.Fatal(err)
	}
	var back GoalStamp
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(GoalStamp{*s, s.Hash}, back, cmpopts.IgnoreFields(Standard{}, "Hash")); d != "" {
		t.Error(d)
	}
}

// Each mistake is put into the small standard by one replacement, and told at its place.
func TestEveryMistakeInAStandardIsToldWithItsPlace(t *testing.T) {
	data, err := os.ReadFile("testdata/lines-only.yaml")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 601)
	for _, c := range []struct{ old, put, want string }{
		{"measure: availability_percent", "measure: beauty", `10:14: "beauty" is not known; want one of: uplink, availability_percent, `},
		{"    at_least: 90\n", "", "7:5: want one of at_least and at_most"},
		{"at_least: 90", "at_least: 90\n    at_most: 95", "11:15: want one of at_least and at_most"},
		{"at_least: 90", "at_least: 101", "11:15: at_least is 101, want 0.01 to 100"},
		{"at_least: 90", "at_least: 0", "11:15: at_least is 0, want 0.01 to 100"},
		{"at_least: 90", "at_most: 100", "11:14: at_most is 100, want 0 to 99.99"},
		{"at_least: 90", "at_least: 90\n    mountain: -1", "12:15: mountain is -1, want 0.01 to 100"},
		{"at_least: 90", "at_least: .nan", "11:15: criteria[0].at_least is \".nan\", want a number"},
		{"evidence: measured", "evidence: declared", "12:15: there is no evidence of availability_percent that is declared"},
		{"evidence: measured", "evidence: rumour", `12:15: "rumour" is not known; want one of: measured, declared, either`},
		{"measure: availability_percent", "measure: pcs", "12:15: there is no evidence of pcs that is measured"},
		{"    at_least: 90\n    evidence: measured", "    at_most: 90\n    evidence: either\n    declared_months: 12", "12:15: there is no evidence"},
		{"availability_percent\n    at_least: 90", "down_mbps\n    at_most: 90", "11:14: what down_mbps measures is the least that there is"},
		{"availability_percent", "down_mbps", "14:11: days does not count here; leave it out"},
		{"months: 1", "months: 13", "13:13: months is 13, want 1 to 12"},
		{"    months: 1\n", "", "7:5: months is missing"},
		{"days: 50", "days: 101", "14:11: days is 101, want 0 to 100"},
		{"days: 50", "days: 0", "14:11: days is missing"},
		{"days: 50", "days: -3", "14:11: days is -3, want 0 to 100"},
		{"day_known: 25", "day_known: 100.5", "15:16: day_known is 100.5, want 0 to 100"},
		{"day_known: 25", "day_known: 25\n    declared_months: 3", "16:22: declared_months does not count here; leave it out"},
		{"day_known: 25", "day_known: 25\n    exempt: rainy", `16:13: "rainy" is not known; want one of: power_steady`},
		{"day_known: 25", "day_known: 25\n    lan_2023: tốt", `16:15: "tốt" is not known; want one of: trung bình`},
		{
			"availability_percent\n    at_least: 90\n    evidence: measured\n    months: 1\n    days: 50\n    day_known: 25",
			"upses\n    at_least: 1\n    evidence: declared\n    declared_months: 12\n    exempt: power_steady", "14:13: power_steady rests on measurements",
		},
		{"work: call_provider", "work: pray", `18:11: works holds no "pray"`},
		{"work: call_provider", "work: install_agent", `32:3: no criterion needs the work "call_provider"`},
		{"measure_more:", "measure_less:", `20:3: works holds no "measure_more"`},
		{"group: line", "group: sky", `8:12: "sky" is not known; want one of: line, network, equipment, data`},
		{"  - id: availability", "  - id: Availability", `7:9: "Availability" cannot be an id`},
		{"id: lines-only", "id: ../lines", `2:5: "../lines" cannot be an id`},
		{"id: lines-only", "id: may-2023", `2:5: "may-2023" is the id of the standard that comes with the program`},
		{"name: {vi: Kết nối thông suốt, en: Availability}", "name: {vi: Kết nối thông suốt}", "9:11: name.en is missing"},
		{"name: {vi: Kết nối thông suốt, en: Availability}", `name: {vi: "Kết\nnối", en: Availability}`, "9:16: criteria[0].name.vi holds a control character"},
		{"source: {vi: Ví dụ, en: An example}\n    rule", "source: {vi: " + long + ", en: An example}\n    rule", "16:18: criteria[0].source.vi is longer than 600 bytes"},
		{"note: {vi: Chuẩn nhỏ để so sánh, en: A small standard to compare with}\n", "", "2:1: note.vi is missing"},
		{"price: 500000", "price: -5", "36:12: price is -5, want 0 to 1000000000000"},
		{"price: 500000", "price: 500000\n    free: true", "36:12: a work that is free has no price"},
		{"price: 500000", "price: 1.5", `36:12: works.call_provider.price is "1.5", want an integer`},
		{"responsible: provider", "responsible: nobody", `34:18: "nobody" is not known; want one of: locality, provider, province`},
		{"works:", "extra: 1\nworks:", `19:1: unknown key "extra"`},
	} {
		text := strings.Replace(string(data), c.old, c.put, 1)
		if text == string(data) {
			t.Errorf("%q is not in the file", c.old)
			continue
		}
		_, err := decode("mine.yaml", []byte(text), embedded())
		var problems settings.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), "mine.yaml:"+c.want) {
			t.Errorf("%q for %q: want %q, got\n%v", c.put, c.old, c.want, err)
			continue
		}
		if strings.Contains(problems.In(say.Vietnamese), "goal.") {
			t.Errorf("not said in Vietnamese: %s", problems.In(say.Vietnamese))
		}
	}
}

func TestTheSameCriterionTwiceAndTooManyAreRefused(t *testing.T) {
	data, err := os.ReadFile("testdata/lines-only.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(data), "  - id: availability\n")
	body, works, _ := strings.Cut(rest, "works:\n")
	one := func(id string) string { return "  - id: " + id + "\n" + body }
	if _, err := decode("mine.yaml", []byte(head+one("a")+one("a")+"works:\n"+works), nil); err == nil || !strings.Contains(err.Error(), `19:9: the name "a" is used above`) {
		t.Error(err)
	}
	var many strings.Builder
	for i := range maxCriteria + 1 {
		many.WriteString(one(fmt.Sprintf("a%d", i)))
	}
	if _, err := decode("mine.yaml", []byte(head+many.String()+"works:\n"+works), nil); err == nil || !strings.Contains(err.Error(), "criteria is 61, want 1 to 60") {
		t.Error(err)
	}
	two := strings.Replace(strings.Replace(string(data), "price: 500000", "price: a lot", 1), "months: 1", "months: 99", 1)
	if _, err := decode("mine.yaml", []byte(two), nil); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("want what is no number and what is out of range, got %v", err)
	}
	if _, err := decode("mine.yaml", []byte("- a list"), nil); err == nil || strings.Contains(err.Error(), "missing") {
		t.Error(err)
	}
	if _, err := decode("mine.yaml", nil, nil); err == nil {
		t.Error("an empty file is a standard")
	}
}
