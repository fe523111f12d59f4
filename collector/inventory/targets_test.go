package inventory

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

const targets = `province:
  interval: 2m
  targets:
  - {name: anchor, address: 203.162.4.190, role: uplink}
  - {name: router, address: 192.168.1.1, role: gateway}
areas:
  "551":
    packets: 5
    targets:
    - {name: anchor, address: anchor.example, role: uplink, parent: router}
terrain:
  highland: {metered: true}
sites:
  bd-21997:
    interval: 5m
    targets:
    - name: router
      drop: true
    - {name: Bộ định tuyến, address: 10.0.0.1, role: gateway, snmp: {version: 2c, secret: router-551}}
    - {name: anchor, address: 203.162.4.191, role: uplink}
    - name: ups
      address: 10.0.0.9
      role: device
      snmp: {version: "3", secret: ups, auth: SHA-256, privacy: AES}
`

// equipped is the small inventory with all that a folder may hold.
func equipped() fstest.MapFS {
	files := small()
	files["targets.yaml"] = &fstest.MapFile{Data: []byte(targets)}
	files["secrets.yaml"] = &fstest.MapFile{Data: []byte("router-551: {community: only-here}\nups: {user: u, auth_pass: auth-secret, privacy_pass: privacy-secret}\n"), Mode: 0o600}
	files["profiles/x-ups.yaml"] = &fstest.MapFile{Data: []byte("match: {}\n")}
	files["calendars.yaml"] = &fstest.MapFile{Data: []byte("calendars:\n  morning:\n    hours: [mon-sat 07:00-11:30]\nsites: {bd-21997: morning}\n")}
	files["providers.csv"] = &fstest.MapFile{Data: []byte("provider,name,hotline\nvnpt,VNPT,18001166\n")}
	return files
}

func read(t testing.TB, files fstest.MapFS) *Inventory {
	t.Helper()
	inv, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestTemplatesAreMergedFromTheProvinceToTheSite(t *testing.T) {
	inv := read(t, equipped())
	got, err := inv.Document("bd-21997")
	if err != nil {
		t.Fatal(err)
	}
	want := api.Document{
		Interval: 5 * time.Minute, Packets: 5, Metered: true,
		Targets: []api.Target{
			{Name: "anchor", Address: "203.162.4.191", Role: api.RoleUplink}, // replaced whole: its parent too
			{Name: "Bộ định tuyến", Address: "10.0.0.1", Role: api.RoleGateway, SNMP: &api.SNMP{Version: "2c", Community: "only-here"}},
			{Name: "ups", Address: "10.0.0.9", Role: api.RoleDevice, SNMP: &api.SNMP{
				Version: "3", User: "u", Auth: "SHA-256", AuthPass: "auth-secret", Privacy: "AES", PrivPass: "privacy-secret"}},
		},
		Profiles: []api.Profile{{Name: "x-ups.yaml", YAML: "match: {}\n"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	got.Targets[1].SNMP.Community = "changed"
	if again, _ := inv.Document("bd-21997"); again.Targets[1].SNMP.Community != "only-here" {
		t.Error("a caller changed the inventory")
	}
}

const secretForm = "cannot be read; want name: {community: …} or name: {user: …, auth_pass: …, privacy_pass: …} (what stands there is secret and not shown)"

func TestAMistakeInTemplatesIsSaidAtItsPlaceAndNeverRepeatsASecret(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"targets.yaml", "interval: 2m", "interval: 2h", "targets.yaml:2:13: 2h0m0s is outside 1s to 1h"},
		{"targets.yaml", "interval: 2m", "intervall: 2m", `targets.yaml:2:3: unknown key "intervall"; known here: interval, metered, packets, targets`},
		{"targets.yaml", "192.168.1.1", "192.168.1.300", "targets.yaml:5:29: 192.168.1.300 is neither an IP address nor a DNS name, such as 192.168.1.1"},
		{"targets.yaml", "role: gateway}", "role: rooter}", `targets.yaml:5:48: "rooter" is not known; want one of: gateway, lan, uplink, device`},
		{"targets.yaml", "name: router, ", "", "targets.yaml:5:5: name is missing"},
		{"targets.yaml", "name: router, ", "name: anchor, ", "targets.yaml:5:12: the name \"anchor\" is used above; each needs its own"},
		{"targets.yaml", "\"551\"", "\"550\"", `targets.yaml:7:3: area "550" is not in areas.csv`},
		{"targets.yaml", "highland:", "hill:", `targets.yaml:12:3: terrain "hill" is not known; want one of: highland, mountain, plain, unknown`},
		{"targets.yaml", "bd-21997:", "bd-21998:", `targets.yaml:14:3: site "bd-21998" is not in sites.csv`},
		{"targets.yaml", "drop: true", "drop: true\n      role: lan", "targets.yaml:17:7: drop goes with name alone"},
		{"targets.yaml", "secret: router-551", "secret: router-552", `targets.yaml:19:91: secret "router-552" is not in secrets.yaml`},
		{"targets.yaml", "secret: router-551", "secret: ups", "targets.yaml:19:69: user is not used by version 2c; leave it out or change the version\n" +
			"targets.yaml:19:69: auth_pass is not used by version 2c; leave it out or change the version\ntargets.yaml:19:69: privacy_pass is not used by version 2c; leave it out or change the version\ntargets.yaml:19:69: community is missing"},
		{"targets.yaml", "secret: router-551", "secret: router-551, community: x", "targets.yaml:19:91: what is secret stands here and in secrets.yaml too; keep it in one place"},
		{"targets.yaml", "secret: ups, ", "", "targets.yaml:24:13: user is missing\ntargets.yaml:24:13: auth_pass is missing\ntargets.yaml:24:13: privacy_pass is missing"},
		{"targets.yaml", "auth: SHA-256", "auth: SHA-0", `targets.yaml:24:47: "SHA-0" is not known; want one of: SHA-224, SHA-256, SHA-384, SHA-512, SHA-1, MD5`},
		{"targets.yaml", "203.162.4.191, role: uplink}", "203.162.4.191, role: uplink, parent: router}", `targets.yaml:20:68: bd-21997 has no target named "router", so it cannot be a parent`},
		{"targets.yaml", "203.162.4.191, role: uplink}", "203.162.4.191, role: uplink, parent: anchor}", `targets.yaml:20:68: at bd-21997 parents go in a circle: anchor → anchor`},
		{"secrets.yaml", "auth-secret", "short", "targets.yaml:24:13: auth_pass needs at least 8 characters"},
		{"secrets.yaml", "ups:", "UPS 1:", "secrets.yaml:2:1: the name \"UPS 1\" may have lower-case letters, digits and hyphens only\n" +
			`targets.yaml:24:36: secret "ups" is not in secrets.yaml`},
		{"secrets.yaml", "community", "comunity", "secrets.yaml:1:14: " + secretForm},
		{"secrets.yaml", "{community: only-here}", "only-here", "secrets.yaml:1:13: " + secretForm},
		{"secrets.yaml", "{community: only-here}", "[only-here", "secrets.yaml:2:4: " + secretForm},
		{"calendars.yaml", "mon-sat 07:00-11:30", "mon-sat 07:00-11:20", `calendars.yaml:3:13: "mon-sat 07:00-11:20" is not opening hours such as mon-fri 07:00-11:30, in quarters of an hour`},
		{"calendars.yaml", "hours: [mon-sat 07:00-11:30]", "always: false", "calendars.yaml:2:3: want hours or always, and only one of them; always goes with neither closed nor public_holidays"},
		{"calendars.yaml", "bd-21997: morning", "bd-21997: evening", `calendars.yaml:4:9: there is no calendar "evening"; there are: always, morning, office`},
		{"profiles/x-ups.yaml", "match: {}\n", "", "profiles/x-ups.yaml:1:1: the file is empty"},
		{"profiles/x-ups.yaml", "{}", "\xea", "profiles/x-ups.yaml:1:8: byte 7 is not UTF-8; save the file as UTF-8"},
		{"profiles/x-ups.yaml", "{}", strings.Repeat("x", maxProfileBytes), "profiles/x-ups.yaml:1:1: the file is larger than 65536 bytes"},
	} {
		files := equipped()
		data := string(files[c.file].Data)
		if !strings.Contains(data, c.old) {
			t.Fatalf("%s holds no %q", c.file, c.old)
		}
		files[c.file].Data = []byte(strings.Replace(data, c.old, c.new, 1))
		_, report := Check(files, Options{})
		if d := cmp.Diff(c.want, report.Errors.Error()); d != "" {
			t.Errorf("%s with %q: %s", c.file, c.new, d)
		}
		for _, secret := range []string{"only-here", "auth-secret", "privacy-secret", "short"} {
			if strings.Contains(report.Errors.Error()+report.Warnings.Error(), secret) {
				t.Errorf("%s is shown", secret)
			}
		}
	}
}

func TestWhatOnlyLooksWrongInTemplatesIsAWarning(t *testing.T) {
	files := equipped()
	files["targets.yaml"].Data = []byte(strings.NewReplacer("- name: router\n", "- name: rooter\n", "secret: router-551", "community: public").Replace(targets))
	_, report := Check(files, Options{})
	want := `secrets.yaml:1:1: no target uses "router-551"
targets.yaml:17:13: no template before this one has a target "rooter" to drop
targets.yaml:19:69: what is secret stands in the shared folder; better put it into secrets.yaml and write secret: name`
	if d := cmp.Diff(want, report.Warnings.Error()); d != "" || len(report.Errors) > 0 {
		t.Error(d, report.Errors)
	}
}

func TestSecretsThatOthersCanReadAreRefused(t *testing.T) {
	files := equipped()
	files["secrets.yaml"].Mode = 0o640
	want := "secrets.yaml:1:1: others can read this file (-rw-r-----); run: chmod 600"
	if _, err := Read(files); err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestSecretsThatGitWouldTakeAreTold(t *testing.T) {
	files := equipped()
	files[".git"] = &fstest.MapFile{Mode: fs.ModeDir}
	for ignore, want := range map[string]int{"": 1, "/secrets.yml\n": 1, "*.bak\nsecrets.yaml\n": 0, "/secrets.yaml\r\n": 0} {
		files[".gitignore"] = &fstest.MapFile{Data: []byte(ignore)}
		if _, report := Check(files, Options{}); len(report.Warnings) != want || len(report.Errors) > 0 {
			t.Errorf("%q: %v %v", ignore, report.Warnings, report.Errors)
		}
	}
}

func TestAFolderThatWasSharedCanBeCheckedWithoutItsSecrets(t *testing.T) {
	files := equipped()
	delete(files, "secrets.yaml")
	if _, err := Read(files); err == nil || strings.Count(err.Error(), "is not in secrets.yaml") != 2 {
		t.Errorf("without secrets an agent would be told nonsense: %v", err)
	}
	if _, report := Check(files, Options{WithoutSecrets: true}); len(report.Errors) > 0 {
		t.Error(report.Errors)
	}
}

func TestAMistakeOfATemplateIsSaidOnceAndNotForEachSite(t *testing.T) {
	files := province(t)
	files["targets.yaml"] = &fstest.MapFile{Data: []byte("province:\n  targets: [{name: a, address: 10.0.0.1, role: lan, parent: b}]\n")}
	_, err := Read(files)
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "targets.yaml:2:61: bd-") {
		t.Error(err)
	}
}
