package inventory

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const oneWindow = "from,until,scope,reason\n2026-11-28 14:30,2026-11-28 16:00,all,x\n"

// withWindows is the small inventory with a provider and a maintenance.csv of these rows.
func withWindows(rows ...string) fstest.MapFS {
	files := small()
	sites := string(files["sites.csv"].Data)
	sites = strings.Replace(sites, "longitude\n", "longitude,provider\n", 1)
	sites = strings.Replace(sites, "108.80000\n", "108.80000,vnpt\n", 1)
	files["sites.csv"] = &fstest.MapFile{Data: []byte(sites)}
	files["providers.csv"] = &fstest.MapFile{Data: []byte("provider,name,hotline\nvnpt,VNPT Bình Định,1800 1166\nviettel,Viettel,18008119\n")}
	files["maintenance.csv"] = &fstest.MapFile{Data: []byte("from,until,scope,reason\n" + strings.Join(rows, "\n") + "\n")}
	return files
}

func TestAWindowHoldsForTheSitesOfItsScopeFromItsFirstMinuteToBeforeItsLast(t *testing.T) {
	const window = "2026-11-28 14:30,2026-11-28 16:00,"
	for _, c := range []struct{ row, from, until, want string }{
		{window + "bd-21997,ups", "2026-11-28 14:29", "2026-11-28 14:29", ""},
		{window + "bd-21997,ups", "2026-11-28 14:30", "2026-11-28 14:30", "ups"},
		{window + "bd-21997,ups", "2026-11-28 15:59", "2026-11-28 15:59", "ups"},
		{window + "bd-21997,ups", "2026-11-28 16:00", "2026-11-28 16:00", ""},
		{window + "bd-21997,ups", "2026-11-28 10:00", "2026-11-28 18:00", "ups"},
		{window + "bd-21997,ups", "2026-11-28 16:00", "2026-11-29 16:00", ""},
		{window + "551,switch", "2026-11-28 15:00", "2026-11-28 15:00", "switch"},
		{window + "vnpt,node", "2026-11-28 15:00", "2026-11-28 15:00", "node"},
		{window + "viettel,node", "2026-11-28 15:00", "2026-11-28 15:00", ""},
		{window + "all,collector", "2026-11-28 15:00", "2026-11-28 15:00", "collector"},
		{"2026-11-28T14:30,2026-11-28T16:00,all,as a machine writes it", "2026-11-28 15:00", "2026-11-28 15:00", "as a machine writes it"},
		{"2026-09-01 00:00,2026-12-02 00:00,all,a quarter", "2026-12-01 23:59", "2026-12-01 23:59", "a quarter"},
		{"", "2026-11-28 15:00", "2026-11-28 15:00", ""},
	} {
		inv, err := Read(withWindows(c.row))
		if err != nil {
			t.Errorf("%s: %v", c.row, err)
			continue
		}
		var got []string
		for _, w := range inv.Maintenance("bd-21997", at(c.from), at(c.until)) {
			got = append(got, w.Reason)
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s at %s to %s: %q", c.row, c.from, c.until, got)
		}
	}
}

func TestWindowsComeByTheirBeginningWhateverTheirScopeAndTheOrderOfRows(t *testing.T) {
	inv, err := Read(withWindows(
		"2026-11-28 16:00,2026-11-28 17:00,all,third", "2020-01-01 00:00,2020-01-02 00:00,bd-21997,long over",
		"2026-11-28 15:00,2026-11-28 17:00,vnpt,second", "2026-11-28 14:00,2026-11-28 23:00,551,first"))
	if err != nil {
		t.Fatal(err)
	}
	day := at("2026-11-28 00:00")
	want := []Window{
		{at("2026-11-28 14:00"), at("2026-11-28 23:00"), "first"},
		{at("2026-11-28 15:00"), at("2026-11-28 17:00"), "second"},
		{at("2026-11-28 16:00"), at("2026-11-28 17:00"), "third"},
	}
	if d := cmp.Diff(want, inv.Maintenance("bd-21997", day, day.Add(24*time.Hour))); d != "" {
		t.Error(d)
	}
	if got := inv.Maintenance("bd-99999", day, day.Add(24*time.Hour)); got != nil {
		t.Errorf("a site that is not there has %v", got)
	}
}

func TestADoubtfulWindowIsRefusedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{"2026-11-28 16:00,2026-11-28 14:30,all,x", `maintenance.csv:2:18: until "2026-11-28 14:30" is not after from`},
		{"2026-11-28 16:00,2026-11-28 16:00,all,x", `maintenance.csv:2:18: until "2026-11-28 16:00" is not after from`},
		{"2025-11-28 16:00,2026-11-28 17:00,all,x", `maintenance.csv:2:18: until "2026-11-28 17:00" is more than 92 days after from; split it`},
		{"28/11/2026 14:30,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "28/11/2026 14:30" is a date as Excel shows it, day and month cannot be told apart; write it as 2026-11-28 14:30`},
		{"2026-11-28,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "2026-11-28" is no date and time; write it as 2026-11-28 14:30`},
		{"2026-11-28 9:00,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "2026-11-28 9:00" is no date and time; write it as 2026-11-28 14:30`},
		{"2026-11-28 14:30:30,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "2026-11-28 14:30:30" is no date and time; write it as 2026-11-28 14:30`},
		{"2026-02-30 14:30,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "2026-02-30 14:30" is no date and time; write it as 2026-11-28 14:30`},
		{"2026-11-28 14:30Z,2026-11-28 16:00,all,x", `maintenance.csv:2:1: from "2026-11-28 14:30Z" is no date and time; write it as 2026-11-28 14:30`},
		{"2006-11-28 14:30,2006-11-28 16:00,all,x", "maintenance.csv:2:1: from \"2006-11-28 14:30\" is before 2020\nmaintenance.csv:2:18: until \"2006-11-28 16:00\" is before 2020"},
		{",,,", ""}, // an empty row, as Excel leaves them
		{",2026-11-28 16:00,all,x", `maintenance.csv:2:1: from is missing`},
		{"2026-11-28 14:30,2026-11-28 16:00,all,", `maintenance.csv:2:39: reason is missing`},
		{"2026-11-28 14:30,2026-11-28 16:00,,x", `maintenance.csv:2:35: scope is missing`},
		{"2026-11-28 14:30,2026-11-28 16:00,bd-21998,x", `maintenance.csv:2:35: scope "bd-21998" is unknown; want a site, an area, a provider, or all`},
		{"2026-11-28 14:30,2026-11-28 16:00,ALL,x", `maintenance.csv:2:35: scope "ALL" is unknown; want a site, an area, a provider, or all`},
		{"2026-11-28 14:30,2026-11-28 16:00,all", `maintenance.csv:2:1: 3 columns, want 4, parted by ","; a text that holds it needs quotes around it`},
	} {
		_, err := Read(withWindows(c.row))
		if got := fmt.Sprint(err); got != c.want && !(err == nil && c.want == "") {
			t.Errorf("%s: got %s\nwant %s", c.row, got, c.want)
		}
	}
}

func TestAScopeThatNamesTwoThingsIsRefused(t *testing.T) {
	for _, name := range []string{"551", "all"} {
		files := withWindows("2026-11-28 14:30,2026-11-28 16:00," + name + ",x")
		files["providers.csv"].Data = append(files["providers.csv"].Data, []byte(name+",Named so,1800\n")...)
		want := fmt.Sprintf(`maintenance.csv:2:35: scope %q names more than one thing; rename the provider`, name)
		if _, err := Read(files); fmt.Sprint(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What stands in a table that is broken itself is not held against a window too.
func TestAScopeIsNotHeldAgainstATableThatCouldNotBeRead(t *testing.T) {
	files := withWindows("2026-11-28 14:30,2026-11-28 16:00,vnpt,x")
	files["providers.csv"] = &fstest.MapFile{Data: []byte("provider,name,hotline\nvnpt,VNPT\n")}
	if _, err := Read(files); strings.Contains(fmt.Sprint(err), "maintenance.csv") || err == nil {
		t.Error(err)
	}
}

func TestAWindowIsTakenUpWhileTheFolderIsFollowed(t *testing.T) {
	f := newFolder(t)
	now := at("2026-11-28 15:00")
	site := f.live.Current().Sites()[0].ID
	f.write("maintenance.csv", "from,until,scope,reason\n2026-11-28 14:30,2026-11-28 16:00,all,x\n")
	f.live.Look()
	f.live.Look()
	if len(f.live.Current().Maintenance(site, now, now)) != 1 {
		t.Error("not taken up")
	}
	f.edit("maintenance.csv", "all", "everything")
	f.live.Look()
	f.live.Look()
	if f.live.Problems() != 1 || len(f.live.Current().Maintenance(site, now, now)) != 1 {
		t.Errorf("%d mistakes; the window before must hold", f.live.Problems())
	}
}

func TestTooManyWindowsAreSaidOnce(t *testing.T) {
	rows := make([]string, maxWindows+3)
	for i := range rows {
		rows[i] = "2026-11-28 14:30,2026-11-28 16:00,all,x"
	}
	if _, err := Read(withWindows(rows...)); fmt.Sprint(err) != "maintenance.csv:5002:1: more than 5000 maintenance windows; take out those that are over" {
		t.Error(err)
	}
}
