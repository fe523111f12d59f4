package inventory

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// small is an inventory of one site that was a commune and became part of another.
func small() fstest.MapFS {
	return fstest.MapFS{
		"areas.csv":   {Data: []byte("area,name,kind,until,lan_2023,latitude,longitude\n551,Vân Canh,district,2025-07-01,trung bình,13.66806,108.96191\n")},
		"units.csv":   {Data: []byte("unit,name,kind,from,until,by\n21997,Canh Liên,commune,2021-02-01,2025-07-01,\n21997,Canh Liên,commune,2025-07-01,,1664\n")},
		"members.csv": {Data: []byte("site,unit,from,split\nbd-21997,21997,2021-02-01,\nbd-21997,21997,2025-07-01,split\n")},
		"sites.csv":   {Data: []byte("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude\nbd-21997,Canh Liên,commune,551,highland,named,a thesis,13.70000,108.80000\n")},
	}
}

func TestADoubtfulLineIsRefusedWithItsPlace(t *testing.T) {
	if _, err := Read(small()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, old, new, want string }{
		{"sites.csv", "site,name", "id,name", "sites.csv:1: the header is not site,name,kind,area,terrain,basis,terrain_source,latitude,longitude"},
		{"sites.csv", ",108.80000", "", "sites.csv:2: 8 columns, want 9"},
		{"sites.csv", "13.70000", "NaN", `sites.csv:2: latitude "NaN" is not between 6 and 24 degrees`},
		{"sites.csv", "13.70000", "1e1", `sites.csv:2: latitude "1e1" is not between 6 and 24 degrees`},
		{"sites.csv", "108.80000", "13.70000", `sites.csv:2: longitude "13.70000" is not between 102 and 118 degrees`},
		{"sites.csv", "bd-21997", "BD-21997", `sites.csv:2: site "BD-21997" is not a province and five digits, such as bd-21997`},
		{"sites.csv", "Canh Liên", "Canh Lie\u0302n", "sites.csv:2: name \"Canh Lie\u0302n\" is not NFC: one letter is written as several characters"},
		{"sites.csv", "Canh Liên", "Canh Li\xean", `sites.csv:2: name "Canh Li\xean" is not UTF-8`},
		{"sites.csv", "Canh Liên", " Canh Liên", `sites.csv:2: name " Canh Liên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "Canh\u200bLiên", `sites.csv:2: name "Canh\u200bLiên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "\"Canh\nLiên\"", `sites.csv:2: name "Canh\nLiên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "", `sites.csv:2: name "" is missing`},
		{"sites.csv", "Canh Liên", "Canh \"Liên", `sites.csv:2: bare " in non-quoted-field`},
		{"sites.csv", ",551,", ",552,", `sites.csv:2: area "552" is no area of areas.csv`},
		{"sites.csv", "commune", "xa", `sites.csv:2: kind "xa" is not one of commune, ward, township`},
		{"sites.csv", "highland", "hill", `sites.csv:2: terrain "hill" is not one of highland, mountain, plain, unknown`},
		{"sites.csv", "a thesis", "", `sites.csv:2: terrain "highland" needs basis and terrain_source, and unknown has neither`},
		{"sites.csv", "highland", "unknown", `sites.csv:2: terrain "unknown" needs basis and terrain_source, and unknown has neither`},
		{"members.csv", "2025-07-01", "2025-07-02", `members.csv:3: unit "21997" is no unit of units.csv that begins on that day`},
		{"members.csv", "2021-02-01", "2025-07-01", `members.csv:3: site "bd-21997" belongs to two units on the same day`},
		{"members.csv", "bd-21997", "bd-21998", "members.csv: bd-21998 is no site of sites.csv"},
		{"members.csv", "bd-21997,21997,2021-02-01,\nbd-21997,21997,2025-07-01,split\n", "", "sites.csv:2: site \"bd-21997\" belongs to no unit of members.csv"},
		{"units.csv", "2025-07-01,\n", "2025-06-01,\n", "members.csv: bd-21997 belongs to no unit after 21997 Canh Liên ended"},
		{"units.csv", ",2025-07-01,\n", ",2025-07-02,\n", `units.csv:3: unit "21997" names two units on the same day`},
		{"units.csv", ",2025-07-01,\n", ",2021-02-01,\n", `units.csv:2: until "2021-02-01" is not after from`},
		{"units.csv", "2021-02-01", "2021-02-30", `units.csv:2: from "2021-02-30" is not a date such as 2025-07-01`},
		{"areas.csv", "trung bình", "tốt", `areas.csv:2: lan_2023 "tốt" is not one of empty, trung bình`},
	} {
		files := small()
		data := string(files[c.file].Data)
		files[c.file].Data = []byte(strings.Replace(data, c.old, c.new, 1))
		_, err := Read(files)
		if err == nil {
			t.Errorf("%s with %q was accepted", c.file, c.new)
			continue
		}
		if d := cmp.Diff(c.want, err.Error()); d != "" {
			t.Error(d)
		}
	}
}

func TestAMissingEmptyOrEndlessFileIsRefused(t *testing.T) {
	for name, want := range map[string]string{"areas.csv": "areas.csv:1: the file is empty", "sites.csv": "sites.csv:1: the file is empty"} {
		files := small()
		files[name].Data = nil
		if _, err := Read(files); err == nil || err.Error() != want {
			t.Errorf("empty %s: %v", name, err)
		}
		delete(files, name)
		if _, err := Read(files); err == nil {
			t.Errorf("without %s: accepted", name)
		}
	}
	files := small()
	files["sites.csv"].Data = append(files["sites.csv"].Data, make([]byte, maxFileBytes)...)
	if _, err := Read(files); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("endless: %v", err)
	}
	files = small()
	files["areas.csv"].Data = []byte("area,name,kind,until,lan_2023,latitude,longitude\n" + strings.Repeat("551,Vân Canh,district,2025-07-01,,13.66806,108.96191\n", 2))
	if _, err := Read(files); err == nil || err.Error() != `areas.csv:3: area "551" is given twice` {
		t.Errorf("twice: %v", err)
	}
	files = small()
	files["sites.csv"].Data = append(files["sites.csv"].Data, []byte("bd-21997,Canh Liên,commune,551,highland,named,a thesis,13.70000,108.80000\n")...)
	if _, err := Read(files); err == nil || err.Error() != `sites.csv:3: site "bd-21997" is given twice` {
		t.Errorf("twice: %v", err)
	}
}

func FuzzNoFileMakesAWrongInventory(f *testing.F) {
	for name, file := range small() {
		f.Add(name, file.Data)
	}
	f.Add("sites.csv", []byte("site\n\"\n"))
	f.Add("units.csv", []byte("unit,name,kind,from,until,by\n,,,,,\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		files := small()
		if files[name] == nil {
			return
		}
		files[name] = &fstest.MapFile{Data: data, Mode: fs.ModePerm}
		inv, err := Read(files)
		if err != nil {
			if !strings.Contains(err.Error(), ".csv") {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		for i, s := range inv.Sites() {
			if found, ok := inv.Site(s.ID); !ok || found.Name != inv.sites[i].Name || len(s.Units) == 0 {
				t.Errorf("site %+v", s)
			}
			if !(s.Lat >= minLat && s.Lat <= maxLat && s.Lon >= minLon && s.Lon <= maxLon) {
				t.Errorf("%s lies at %g %g", s.ID, s.Lat, s.Lon)
			}
		}
	})
}
