package inventory

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
	"communewatch/collector/settings"
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
		{"sites.csv", "site,name", "id,name", "sites.csv:1:1: unknown column \"id\"; known here: site, name, kind, area, terrain, basis, terrain_source, latitude, longitude, address, phone, responsible, provider, contract\n" +
			"sites.csv:1:1: the header lacks the column \"site\""},
		{"sites.csv", "site,name", "site,site,name", "sites.csv:1:6: the column \"site\" is there twice"},
		{"sites.csv", "terrain_source", "terrain;source", "sites.csv:1:1: the header lacks the column \"terrain_source\"\nsites.csv:1:35: unknown column \"terrain;source\"; known here: site, name, kind, area, terrain, basis, terrain_source, latitude, longitude, address, phone, responsible, provider, contract"},
		{"sites.csv", ",108.80000", "", `sites.csv:2:1: 8 columns, want 9, parted by ","; a text that holds it needs quotes around it`},
		{"sites.csv", "13.70000", "NaN", `sites.csv:2:56: latitude "NaN" is not decimal degrees such as 13.75335`},
		{"sites.csv", "13.70000", "13,70000", `sites.csv:2:1: 10 columns, want 9, parted by ","; a text that holds it needs quotes around it`},
		{"sites.csv", "13.70000", "1e1", `sites.csv:2:56: latitude "1e1" was written as a power of ten by Excel; format the column as Text and enter the whole number again`},
		{"sites.csv", "13.70000", "1370000", `sites.csv:2:56: latitude "1370000" has lost its decimal point, probably in Excel; want decimal degrees such as 13.75335`},
		{"sites.csv", "13.70000", "1.370.000", `sites.csv:2:56: latitude "1.370.000" has lost its decimal point, probably in Excel; want decimal degrees such as 13.75335`},
		{"sites.csv", "13.70000", "3.70000", `sites.csv:2:56: latitude "3.70000" is outside Vietnam: want 6 to 24 degrees`},
		{"sites.csv", "108.80000", "13.70000", `sites.csv:2:65: longitude "13.70000" is outside Vietnam: want 102 to 118 degrees`},
		{"sites.csv", "13.70000,108.80000", "108.80000,13.70000", `sites.csv:2:56: latitude 108.80000 and longitude 13.70000 have changed places`},
		{"sites.csv", "bd-21997", "BD-21997", `sites.csv:2:1: site "BD-21997" is not a province, a hyphen and five digits, such as bd-21997`},
		{"sites.csv", "Canh Liên", "Canh Lie\u0302n", "sites.csv:2:10: name \"Canh Lie\u0302n\" is not NFC: one letter is written as several characters; replace it by \"Canh Liên\""},
		{"sites.csv", "Canh Liên", "Canh Li\xean", `sites.csv:2:17: byte 84 is not UTF-8; the file was probably saved as Windows-1258 or ANSI; in Excel save it as “CSV UTF-8”`},
		{"sites.csv", "Canh Liên", "Canh Li?n", `sites.csv:2:10: name "Canh Li?n" has lost letters when it was saved (“?”); enter it again and save as “CSV UTF-8”`},
		{"sites.csv", "Canh Liên", "Canh Li\ufffdn", `sites.csv:2:10: name "Canh Li�n" has lost letters when it was saved (“?”); enter it again and save as “CSV UTF-8”`},
		{"sites.csv", "Canh Liên", "VÄ©nh SÆ¡n", `sites.csv:2:10: name "VÄ©nh SÆ¡n" is UTF-8 that was read as another encoding; open the original as UTF-8 again`},
		{"sites.csv", "Canh Liên", " Canh Liên", `sites.csv:2:10: name " Canh Liên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "Canh\u200bLiên", `sites.csv:2:10: name "Canh\u200bLiên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "\"Canh\nLiên\"", `sites.csv:2:10: name "Canh\nLiên" has a space around it or a character that does not print`},
		{"sites.csv", "Canh Liên", "", `sites.csv:2:10: name is missing`},
		{"sites.csv", "Canh Liên", strings.Repeat("x", 201), `sites.csv:2:10: name is longer than 200 bytes`},
		{"sites.csv", "Canh Liên", "Canh \"Liên", `sites.csv:2:15: not CSV: bare " in non-quoted-field`},
		{"sites.csv", "Canh Liên", "\"Canh Liên", `sites.csv:2:75: not CSV: extraneous or missing " in quoted-field`},
		{"sites.csv", ",551,", ",552,", `sites.csv:2:28: area "552" is not in areas.csv`},
		{"sites.csv", ",551,", ",51,", `sites.csv:2:28: area "51" has too few digits, want 3; Excel drops leading zeros: format the column as Text and enter it again`},
		{"sites.csv", "commune", "xa", `sites.csv:2:20: kind "xa" is not known; want one of: commune, ward, township`},
		{"sites.csv", "highland", "hill", `sites.csv:2:32: terrain "hill" is not known; want one of: highland, mountain, plain, unknown`},
		{"sites.csv", "a thesis", "", `sites.csv:2:32: terrain "highland": a terrain needs basis and terrain_source, and unknown has neither`},
		{"sites.csv", "highland", "unknown", `sites.csv:2:32: terrain "unknown": a terrain needs basis and terrain_source, and unknown has neither`},
		{"sites.csv", "named", "guessed", `sites.csv:2:41: basis "guessed" is not known; want nothing or one of: named, inferred, district`},
		{"members.csv", "2025-07-01", "2025-07-02", `members.csv:3:16: the unit 21997 does not begin on 2025-07-02; in units.csv: 2021-02-01, 2025-07-01`},
		{"members.csv", "21997,2025-07-01", "21998,2025-07-01", `members.csv:3:10: unit "21998" is not in units.csv`},
		{"members.csv", "21997,2025-07-01", "1997,2025-07-01", `members.csv:3:10: unit "1997" has too few digits, want 5; Excel drops leading zeros: format the column as Text and enter it again`},
		{"members.csv", "2021-02-01", "2025-07-01", `members.csv:3:1: site "bd-21997" belongs to Canh Liên in line 2 on the same day`},
		{"members.csv", "bd-21997,21997,2021", "bd-21998,21997,2021", "members.csv:2:1: site \"bd-21998\" is not in sites.csv"},
		{"members.csv", "bd-21997,21997,2021-02-01,\nbd-21997,21997,2025-07-01,split\n", "", "sites.csv:2:1: bd-21997 belongs to no unit of members.csv"},
		{"units.csv", "2025-07-01,\n", "2025-06-01,\n", "members.csv:3:1: bd-21997 belongs to no unit from 2025-06-01, when Canh Liên ended, to 2025-07-01"},
		{"units.csv", ",2025-07-01,\n", ",2025-07-02,\n", `units.csv:3:1: unit "21997" names Canh Liên in line 2 on the same day`},
		{"units.csv", ",2025-07-01,\n", ",2021-02-01,\n", `units.csv:2:36: until "2021-02-01" is not after the first day, 2021-02-01`},
		{"units.csv", "2021-02-01", "2021-02-30", `units.csv:2:25: from "2021-02-30" is not a date such as 2025-07-01`},
		{"units.csv", "2021-02-01", "01/02/2021", `units.csv:2:25: from "01/02/2021" is a date as Excel shows it, in which day and month may be either; write year-month-day such as 2025-07-01`},
		{"units.csv", "2021-02-01", "44228", `units.csv:2:25: from "44228" is Excel's number for a day; write 2021-02-01`},
		{"units.csv", "21997,", "1997,", `units.csv:2:1: unit "1997" has too few digits, want 5; Excel drops leading zeros: format the column as Text and enter it again`},
		{"areas.csv", "trung bình", "tốt", `areas.csv:2:34: lan_2023 "tốt" is not known; want nothing or one of: trung bình`},
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
			t.Errorf("%s with %q: %s", c.file, c.new, d)
		}
	}
}

func TestAMissingEmptyOrEndlessFileIsRefused(t *testing.T) {
	for _, name := range []string{"areas.csv", "units.csv", "members.csv", "sites.csv"} {
		files := small()
		files[name].Data = nil
		if _, err := Read(files); err == nil || err.Error() != name+":1:1: the file is empty" {
			t.Errorf("empty %s: %v", name, err)
		}
		delete(files, name)
		if _, err := Read(files); err == nil || err.Error() != name+":1:1: the file is missing" {
			t.Errorf("without %s: %v", name, err)
		}
		files[name] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
		if _, err := Read(files); err == nil || err.Error() != name+":1:1: this is no plain file" {
			t.Errorf("a pipe %s: %v", name, err)
		}
	}
	files := small()
	files["sites.csv"].Data = append(files["sites.csv"].Data, make([]byte, maxFileBytes)...)
	if _, err := Read(files); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("endless: %v", err)
	}
}

func TestAFolderOfTooManyRowsMistakesOrNoSitesIsRefusedAndBounded(t *testing.T) {
	files := small()
	header, _, _ := strings.Cut(string(files["sites.csv"].Data), "\n")
	files["sites.csv"].Data = []byte(header + "\n")
	delete(files, "members.csv")
	files["members.csv"] = &fstest.MapFile{Data: []byte("site,unit,from,split\n")}
	if _, err := Read(files); err == nil || err.Error() != "sites.csv:1:1: there is no site" {
		t.Errorf("no sites: %v", err)
	}
	files = small()
	files["members.csv"].Data = []byte("site,unit,from,split\n" + strings.Repeat("x,,,\n", 600))
	_, err := Read(files)
	var problems settings.Problems
	if !errors.As(err, &problems) || len(problems) != maxProblems+1 || problems[maxProblems].Key != "inventory.more" {
		t.Errorf("%d mistakes", len(problems))
	}
	files = small()
	files["units.csv"].Data = append(files["units.csv"].Data, strings.Repeat("21998,Canh Tân,commune,2021-02-01,2025-07-01,\n", maxRows)...)
	if _, err := Read(files); err == nil || !strings.Contains(err.Error(), "more than 20000 rows") && !strings.Contains(err.Error(), "only the first 1000") {
		t.Errorf("endless rows: %.200v", err)
	}
}

func TestWhatIsGivenTwiceIsRefused(t *testing.T) {
	for name, want := range map[string]string{
		"areas.csv":   `areas.csv:3:1: area "551" was already given in line 2`,
		"sites.csv":   `sites.csv:3:1: site "bd-21997" was already given in line 2`,
		"members.csv": "members.csv:4:1: site \"bd-21997\" belongs to Canh Liên in line 2 on the same day\nmembers.csv:5:1: site \"bd-21997\" belongs to Canh Liên in line 3 on the same day",
		"units.csv":   "units.csv:4:1: unit \"21997\" names Canh Liên in line 2 on the same day\nunits.csv:5:1: unit \"21997\" names Canh Liên in line 3 on the same day",
	} {
		files := small()
		_, rows, _ := strings.Cut(string(files[name].Data), "\n")
		files[name].Data = append(files[name].Data, rows...)
		if _, err := Read(files); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAllMistakesOfAllFilesAreSaidInTheirOrder(t *testing.T) {
	files := small()
	edit := func(name, old, new string) {
		files[name].Data = []byte(strings.Replace(string(files[name].Data), old, new, 1))
	}
	edit("areas.csv", "district", "huyện")
	edit("areas.csv", "13.66806", "93.66806")
	edit("sites.csv", "commune", "xã")
	edit("sites.csv", "Canh Liên", "")
	edit("sites.csv", "bd-21997,", "x,,x,\nbd-21997,")
	edit("members.csv", "2025-07-01,split", "2025-07-01,half")
	files["targets.yaml"] = &fstest.MapFile{Data: []byte("province:\n  packets: 0\nareas:\n  \"999\": {}\n")}
	files["calendars.yaml"] = &fstest.MapFile{Data: []byte("province: never\n")}
	_, err := Read(files)
	if err == nil {
		t.Fatal("accepted")
	}
	want := strings.TrimSpace(`
areas.csv:2:14: kind "huyện" is not known; want one of: city, town, district
areas.csv:2:42: latitude "93.66806" is outside Vietnam: want 6 to 24 degrees
calendars.yaml:1:11: there is no calendar "never"; there are: always, office
members.csv:3:27: split "half" is not known; want nothing or one of: split
sites.csv:2:1: 4 columns, want 9, parted by ","; a text that holds it needs quotes around it
sites.csv:3:10: name is missing
sites.csv:3:11: kind "xã" is not known; want one of: commune, ward, township
targets.yaml:2:12: 0 is outside 1 to 100
targets.yaml:4:3: area "999" is not in areas.csv`)
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}

// What cannot be read is said once: that nothing refers to it any more is no mistake of
// the others.
func TestAnUnreadableFileIsNotHeldAgainstTheOthers(t *testing.T) {
	for _, name := range []string{"areas.csv", "units.csv", "members.csv", "sites.csv"} {
		files := small()
		files["targets.yaml"] = &fstest.MapFile{Data: []byte("areas:\n  \"551\": {packets: 5}\nsites:\n  bd-21997: {packets: 5}\n")}
		files[name].Data = append(files[name].Data, 0xea)
		_, err := Read(files)
		var problems settings.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Key != "inventory.not_utf8" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func diff(want, got *Inventory) string {
	return cmp.Diff(want, got, cmp.AllowUnexported(Inventory{}, plan{}))
}

func TestWhatMayBeAMistakeIsAWarningOnly(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"units.csv", "commune,2025-07-01,,", "commune,2025-07-01,2026-01-01,", "members.csv:3:1: bd-21997 belongs to no unit from 2026-01-01 on, when Canh Liên ended"},
		{"units.csv", "21997,Canh Liên,commune,2021", "21998,Canh Tân,commune,2020-01-01,,\n21997,Canh Liên,commune,2021", "units.csv:2:1: no site belongs to the unit 21998 Canh Tân"},
		{"areas.csv", "551", "552,An Khê,town,2025-07-01,,13.6,108.9\n551", "areas.csv:2:1: no site is in 552 An Khê"},
		{"sites.csv", "Canh Liên", "Xã Canh Liên", "sites.csv:2:10: the name \"Xã Canh Liên\" begins with “Xã”, which the column kind adds, so it will be shown twice"},
	} {
		files := small()
		files[c.file].Data = []byte(strings.Replace(string(files[c.file].Data), c.old, c.new, 1))
		inv, report := Check(files, Options{})
		if inv == nil || report.Warnings.Error() != c.want {
			t.Errorf("%v %v, want %s", report.Errors, report.Warnings, c.want)
		}
	}
	files := small()
	files["target.yaml"] = &fstest.MapFile{}
	files["notes.md"] = &fstest.MapFile{}
	_, report := Check(files, Options{})
	if len(report.Warnings) != 1 || report.Warnings[0].File != "target.yaml" {
		t.Errorf("strangers: %v", report.Warnings)
	}
}

// province is the embedded one as files that a test may change.
func province(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, table := range tables {
		data, err := binhDinh.ReadFile("binhdinh/" + table.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		files[table.name] = &fstest.MapFile{Data: data}
	}
	return files
}

func FuzzNoFileMakesAWrongInventory(f *testing.F) {
	for name, file := range small() {
		f.Add(name, file.Data)
	}
	for name, file := range equipped() {
		f.Add(name, file.Data)
	}
	f.Add("maintenance.csv", []byte(oneWindow))
	f.Add("maintenance.csv", []byte("from,until,scope,reason\n2026-11-28T14:30,9999-12-31 23:59,551,x\n0000-01-01 00:00,,,\n"))
	f.Add("sites.csv", []byte("site\n\"\n"))
	f.Add("sites.csv", []byte("sep=;\r\n\"\";;\t,\n\xff"))
	f.Add("members.csv", []byte("\xff\xfes\x00i\x00"))
	f.Add("units.csv", []byte("unit,name,kind,from,until,by\n,,,,,\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		files := equipped()
		files["maintenance.csv"] = &fstest.MapFile{Data: []byte(oneWindow)}
		if files[name] == nil {
			return
		}
		files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
		inv, report := Check(files, Options{})
		for _, p := range append(report.Errors, report.Warnings...) {
			if files[p.File] == nil || p.Line < 1 || p.Column < 1 || !say.Has(p.Key) || strings.Contains(p.In(say.Vietnamese), "%!") {
				t.Errorf("a mistake without a place or a sentence: %+v %s", p, p.In(say.Vietnamese))
			}
		}
		if (inv == nil) != (len(report.Errors) > 0) {
			t.Fatal("neither an inventory nor a mistake")
		}
		if inv == nil {
			return
		}
		for i, s := range inv.Sites() {
			if found, ok := inv.Site(s.ID); !ok || found.Name != inv.sites[i].Name || len(s.Units) == 0 {
				t.Errorf("site %+v", s)
			}
			if !(s.Lat >= minLat && s.Lat <= maxLat && s.Lon >= minLon && s.Lon <= maxLon) {
				t.Errorf("%s lies at %g %g", s.ID, s.Lat, s.Lon)
			}
			for _, w := range inv.Maintenance(s.ID, at("2020-01-01 00:00"), at("2199-01-01 00:00")) {
				if !w.Until.After(w.From) || w.Until.Sub(w.From) > maxWindow || w.Reason == "" {
					t.Errorf("window %+v", w)
				}
			}
			if d, err := inv.Document(s.ID); err != nil || d.Check() != nil {
				t.Errorf("%s is told %+v: %v", s.ID, d, d.Check())
			}
		}
	})
}
