package api

import "testing"

func TestEveryUnitIsDescribedAndHasARangeAndOneEnding(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range Units {
		if u.Doc == "" || u.Min >= u.Max || seen[u.Suffix] {
			t.Errorf("%+v", u)
		}
		seen[u.Suffix] = true
		f := Lookup("device").Field("a_b_" + u.Suffix)
		if f == nil || f.Kind != Float || f.Unit != u.Unit || f.Min != u.Min || f.Max != u.Max {
			t.Errorf("%s: %+v", u.Suffix, f)
		}
	}
}

func TestAFieldWithoutAUnitOrWithABadNameIsNone(t *testing.T) {
	for _, name := range []string{"percent", "_percent", "a__percent", "A_percent", "a_", "a_percent_", "a_Percent", "a-b_percent", "1a_percent", "a_percents", ""} {
		if f := Lookup("device").Field(name); f != nil {
			t.Errorf("%q is a field: %+v", name, f)
		}
	}
	if f := Lookup("ping").Field("a_percent"); f != nil {
		t.Errorf("a measurement that is not open has %+v", f)
	}
}

func BenchmarkCheckOfAProfilesField(b *testing.B) {
	b.ReportAllocs()
	var p Point
	if err := ParseLine(`device,target=ups up=1i,battery_percent=97.5,battery_runtime_seconds=1800,load_percent=21 1700000000123456789`, &p); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := p.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
