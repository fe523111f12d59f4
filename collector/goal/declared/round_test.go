package declared

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

var testNow = time.Date(2026, 11, 28, 9, 30, 0, 0, inventory.Zone())

func province(t testing.TB) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func to[T any](v T) *T { return &v }

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, inventory.Zone())
	if err != nil {
		panic(err)
	}
	return t
}

// someDeclarations hold what spreadsheets are known to spoil.
func someDeclarations() map[string]Declaration {
	return map[string]Declaration{
		"bd-21997": {
			Site: "bd-21997", Date: day("2026-05-04"), Source: "CV 12/UBND; ông Đinh Văn \"Lơ\"", Line: "fiber", Provider: "VNPT", Contract: "00123",
			DownMbps: to(100.), UpMbps: to(1.125), MonthlyVND: to(int64(1_500_000)), LineSince: to(day("2021-03-02")),
			Routers: to(int64(1)), Switches: to(int64(0)), PCs: to(int64(12)), UPSes: to(int64(0)), Printers: to(int64(3)), Models: "MikroTik hEX; TP-Link, APC 650", Note: "=1+1",
		},
		"bd-21550": {Site: "bd-21550", Date: day("2023-05-31"), Source: "+84 901 234 567", Line: "none", Note: "-0.5"},
		"bd-21553": {Site: "bd-21553", Date: day("2026-11-28"), Source: "'@SUM(A1)", Contract: "12/2023", DownMbps: to(1.5), PCs: to(int64(1000)), Note: "''1E5x"},
	}
}

func bySite(t *testing.T, all []Declaration) map[string]Declaration {
	t.Helper()
	out := map[string]Declaration{}
	for _, d := range all {
		if _, twice := out[d.Site]; twice {
			t.Errorf("%s twice", d.Site)
		}
		out[d.Site] = d
	}
	return out
}

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	inv := province(t)
	for _, lang := range say.Langs {
		for _, c := range []struct {
			name  string
			write func(*bytes.Buffer) error
		}{
			{"xlsx", func(b *bytes.Buffer) error { return WriteXLSX(b, inv, someDeclarations(), lang) }},
			{"csv", func(b *bytes.Buffer) error { return WriteCSV(b, inv, someDeclarations(), lang) }},
		} {
			var out bytes.Buffer
			if err := c.write(&out); err != nil {
				t.Fatal(err)
			}
			got, err := Read(c.name, &out, inv, testNow)
			if err != nil {
				t.Errorf("%s %s: %v", c.name, lang, err)
				continue
			}
			if d := cmp.Diff(someDeclarations(), bySite(t, got)); d != "" {
				t.Errorf("%s %s: %s", c.name, lang, d)
			}
		}
	}
}
