package goal

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// A column that is asked for and not read is time lost; one that is read and not asked for
// is a verdict without evidence.
func TestVerdictsRestOnTheColumnsThatAreAskedFor(t *testing.T) {
	s := standardMay(t)
	idle := map[string]bool{}
	for _, worst := range []func(*judge.Period){ // a word is the smallest of its parts: each is it once
		func(p *judge.Period) { p.ClockWrong, p.Duplicates, p.Stale, p.Rounds = 300, 300, p.Due/2, 500 },
		func(p *judge.Period) { p.Rejected = 6_000 },
		func(p *judge.Period) { p.Unnamed, p.Late, p.Devices = 90, 900, 1 },
	} {
		e := standardEvidence()
		e.Due, e.Days = e.Due[len(e.Due)-22:], e.Days[len(e.Days)-22:]
		e = standardEach(e, func(p *judge.Period) {
			p.Down, p.Unknown, p.Maintenance, p.PowerCuts = 10, 20, 30, 1
			p.Received, p.LANReceived = 9_990, 9_995
			p.RouterAnswered, p.SwitchAnswered, p.UPSAnswered, p.PrinterAnswered = 9_999, 9_998, 9_997, 9_996
			worst(p)
		})
		want := s.Evaluate(e)
		columns := standardColumns(s)
		if d := cmp.Diff(want, s.Evaluate(standardOnly(t, e, columns))); d != "" {
			t.Errorf("what is read is not all: %s", d)
		}
		for i, name := range columns {
			same := cmp.Equal(want, s.Evaluate(standardOnly(t, e, slices.Delete(slices.Clone(columns), i, i+1))))
			if before, asked := idle[name]; !asked || before {
				idle[name] = same
			}
		}
	}
	for field, is := range idle {
		if is {
			t.Errorf("nothing rests on %s", field)
		}
	}
}

// standardColumns are those that a verdict on a month rests on.
func standardColumns(s *Standard) []string { return unique(strings.Fields(knownColumns), s.columns(0)) }

// standardOnly is evidence as it is read by some of a day's columns.
func standardOnly(t *testing.T, e Evidence, columns []string) Evidence {
	return standardEach(e, func(p *judge.Period) {
		point := p.Point("site_day")
		row := store.Row{Time: p.From, Values: map[string]api.Value{}}
		for _, name := range columns {
			value, has := point.FieldNamed(name)
			if !has {
				t.Fatalf("a day has no %s", name)
			}
			row.Values[name] = value
		}
		*p = judge.PeriodOf(p.Site, row)
	})
}

func TestFewerCriteriaNeedFewerColumns(t *testing.T) {
	small, err := Load("testdata/lines-only.yaml")
	if err != nil {
		t.Fatal(err)
	}
	small.Criteria = append(slices.Clone(small.Criteria), Criterion{Measure: "routers", Evidence: ByDeclared}) // no day is asked
	if d := cmp.Diff(strings.Fields("down_seconds due_seconds maintenance_seconds rounds unknown_seconds"), standardColumns(small)); d != "" {
		t.Error(d)
	}
}

func TestSumsAreOfAllCounts(t *testing.T) {
	var day judge.Period
	v := reflect.ValueOf(&day).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Int64 {
			v.Field(i).SetInt(int64(i + 1))
		}
	}
	total := reflect.ValueOf(sumOf([]*judge.Period{&day, &day}))
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; {
		case v.Field(i).Kind() != reflect.Int64 || slices.Contains([]string{"PeakIn", "PeakOut", "Age", "Delay"}, name): // no counts
		case total.Field(i).Int() != 2*int64(i+1):
			t.Errorf("%s adds up to %d", name, total.Field(i).Int())
		}
	}
}
