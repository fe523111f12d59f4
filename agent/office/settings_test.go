package office

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

const pin = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const good = "collector:\n  url: https://127.0.0.1:8443\n  pin: " + pin + "\n  token: cw_secret\n"

func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	cfg.SpoolDir = strings.TrimPrefix(cfg.SpoolDir, filepath.Dir(path))
	cfg.Profiles = strings.TrimPrefix(cfg.Profiles, filepath.Dir(path))
	cfg.Identity = strings.TrimPrefix(cfg.Identity, filepath.Dir(path))
	if cfg.Folder != "" && cfg.Folder != filepath.Dir(path) {
		t.Errorf("the folder is %s", cfg.Folder)
	}
	cfg.Folder = ""
	return cfg, err
}

func TestAShortFileIsEnough(t *testing.T) {
	got, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Document: api.Document{Interval: time.Minute, Packets: 10}, URL: "https://127.0.0.1:8443", Pin: pin, Token: "cw_secret",
		Profiles: "/profiles", SpoolDir: "/spool", SpoolBytes: 256 << 20, Anchors: DefaultAnchors}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnIdentityIsAThirdWayToSayWho(t *testing.T) {
	identity := strings.Replace(good, "token: cw_secret", "identity: identity.pem", 1)
	got, err := load(t, identity)
	if err != nil || got.Identity != "/identity.pem" || got.Token != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, both := range []string{identity + "  token: cw_x\n", identity + "  token_file: x\n", good + "  token_file: x\n"} {
		if _, err := load(t, both); err == nil || !strings.Contains(err.Error(), "only one") && !strings.Contains(err.Error(), "want one of identity") {
			t.Errorf("%s: %v", both, err)
		}
	}
}

func TestAnchorsAreTheFilesOrTheUsualOnesOrNone(t *testing.T) {
	for extra, want := range map[string][]string{
		"":                                   DefaultAnchors,
		"anchors:\n":                         DefaultAnchors,
		"anchors: []\n":                      {},
		"anchors: [10.0.0.1, noc.example]\n": {"10.0.0.1", "noc.example"},
	} {
		got, err := load(t, good+extra)
		if d := cmp.Diff(want, got.Anchors); err != nil || d != "" {
			t.Errorf("%q: %s, %v", extra, d, err)
		}
	}
	for _, wrong := range []string{"anchors: [1.1.1.300]\n", "anchors: ['']\n", "anchors: [a, b, c, d, e, f]\n"} {
		if _, err := load(t, good+wrong); err == nil || !strings.Contains(err.Error(), "agent.yaml:5:") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestAMeteredLineHasItsPaceAndBudget(t *testing.T) {
	for extra, want := range map[string]Config{
		"":                  {},
		"  metered: true\n": {Every: 10 * time.Minute, DailyBytes: 10e6},
		"  metered: true\n  daily_megabytes: 2\n": {Every: 10 * time.Minute, DailyBytes: 2e6},
		"  daily_megabytes: 50\n":                 {DailyBytes: 50e6},
	} {
		got, err := load(t, good+extra)
		if err != nil || got.Every != want.Every || got.DailyBytes != want.DailyBytes {
			t.Errorf("%q: every %s, %d bytes a day, %v", extra, got.Every, got.DailyBytes, err)
		}
	}
	if _, err := load(t, good+"  daily_megabytes: -1\n"); err == nil || !strings.Contains(err.Error(), "agent.yaml:5:20") {
		t.Errorf("a negative budget: %v", err)
	}
}

func TestTargetsAreReadAsTheyStand(t *testing.T) {
	got, err := load(t, good+`
interval: 30s
targets:
- {name: "tủ mạng tầng 2", address: 192.168.1.2, role: lan, snmp: {version: 2c, community: 007}}
- name: ups
  address: ups.local
  role: device
  parent: "tủ mạng tầng 2"
  snmp: {version: 3, user: watch, auth: SHA-256, auth_pass: correct horse, privacy: AES, privacy_pass: battery staple, port: 1161}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []api.Target{
		{Name: "tủ mạng tầng 2", Address: "192.168.1.2", Role: "lan", SNMP: &api.SNMP{Version: "2c", Community: "007"}},
		{Name: "ups", Address: "ups.local", Role: "device", Parent: "tủ mạng tầng 2", SNMP: &api.SNMP{Version: "3", User: "watch", Auth: "SHA-256", AuthPass: "correct horse",
			Privacy: "AES", PrivPass: "battery staple", Port: 1161}},
	}
	if d := cmp.Diff(want, got.Document.Targets); d != "" {
		t.Error(d)
	}
	if got.Document.Interval != 30*time.Second {
		t.Errorf("interval is %s", got.Document.Interval)
	}
}

func TestAMistakeIsSaidWithFileLineColumnAndWhatWasExpected(t *testing.T) {
	for name, c := range map[string]struct{ in, vi, en string }{
		"unknown key": {good + "intervall: 60s\n",
			`agent.yaml:5:1: khóa "intervall" không có trong cấu hình; có thể dùng: anchors, collector, interval, packets, spool, targets`,
			`agent.yaml:5:1: unknown key "intervall"; known here: anchors, collector, interval, packets, spool, targets`},
		"wrong type": {good + "packets: mười\n",
			`agent.yaml:5:10: packets là "mười", cần một số nguyên`,
			`agent.yaml:5:10: packets is "mười", want an integer`},
		"bad address": {good + "targets:\n- {name: a, role: lan, address: 192.168.1.300}\n",
			`agent.yaml:6:33: 192.168.1.300 không phải địa chỉ IP, cũng không phải tên miền, chẳng hạn 192.168.1.1`,
			`agent.yaml:6:33: 192.168.1.300 is neither an IP address nor a DNS name, such as 192.168.1.1`},
		"range": {good + "interval: 100ms\n", `agent.yaml:5:11: 100ms ngoài khoảng từ 1s đến 1h`, `agent.yaml:5:11: 100ms is outside 1s to 1h`},
		"role": {good + "targets:\n- {name: a, address: b, role: router}\n",
			`agent.yaml:6:31: "router" không dùng được; cần một trong: gateway, lan, uplink, device`,
			`agent.yaml:6:31: "router" is not known; want one of: gateway, lan, uplink, device`},
		"missing": {good + "targets:\n- {address: b, role: lan}\n", `agent.yaml:6:3: thiếu name`, `agent.yaml:6:3: name is missing`},
		"twice": {good + "targets:\n- {name: a, address: b, role: lan}\n- {name: a, address: c, role: lan}\n",
			`agent.yaml:7:10: tên "a" đã dùng ở trên; mỗi mục cần một tên riêng`,
			`agent.yaml:7:10: the name "a" is used above; each needs its own`},
		"unknown parent": {good + "targets:\n- {name: a, address: b, role: lan, parent: c}\n",
			`agent.yaml:6:44: không có mục nào tên "c" để làm parent`, `agent.yaml:6:44: no target is named "c", so it cannot be a parent`},
		"its own parent": {good + "targets:\n- {name: a, address: b, role: lan, parent: a}\n",
			`agent.yaml:6:44: parent đi thành vòng tròn: a → a`, `agent.yaml:6:44: parents go in a circle: a → a`},
		"a circle of parents is said once": {good + "targets:\n- {name: x, address: b, role: lan, parent: a}\n- {name: a, address: b, role: lan, parent: b}\n- {name: b, address: b, role: lan, parent: a}\n",
			`agent.yaml:7:44: parent đi thành vòng tròn: a → b → a`, `agent.yaml:7:44: parents go in a circle: a → b → a`},
		"short secret is not shown": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 3, user: u, auth: SHA-256, privacy: AES, auth_pass: hush, privacy_pass: longenough}}\n",
			`agent.yaml:6:104: auth_pass cần ít nhất 8 ký tự`, `agent.yaml:6:104: auth_pass needs at least 8 characters`},
		"unknown algorithm": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 3, user: u, auth: SHA, privacy: AES, auth_pass: longenough, privacy_pass: longenough}}\n",
			`agent.yaml:6:70: "SHA" không dùng được; cần một trong: SHA-224, SHA-256, SHA-384, SHA-512, SHA-1, MD5`,
			`agent.yaml:6:70: "SHA" is not known; want one of: SHA-224, SHA-256, SHA-384, SHA-512, SHA-1, MD5`},
		"a level is authPriv unless said otherwise": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 3, user: u, auth: MD5, auth_pass: longenough, privacy_pass: longenough}}\n",
			`agent.yaml:6:42: thiếu privacy`, `agent.yaml:6:42: privacy is missing`},
		"not used at its level": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 3, user: u, level: authNoPriv, auth: MD5, auth_pass: longenough, privacy: DES}}\n",
			`agent.yaml:6:126: privacy không dùng ở mức authNoPriv; hãy bỏ đi hoặc đổi level`,
			`agent.yaml:6:126: privacy is not used at level authNoPriv; leave it out or change the level`},
		"not used by its version": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 2c, community: c, auth_pass: longenough}}\n",
			`agent.yaml:6:81: auth_pass không dùng trong version 2c; hãy bỏ đi hoặc đổi version`,
			`agent.yaml:6:81: auth_pass is not used by version 2c; leave it out or change the version`},
		"no community": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 1}}\n",
			`agent.yaml:6:42: thiếu community`, `agent.yaml:6:42: community is missing`},
		"long community is not shown": {good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 1, community: " + strings.Repeat("s", 128) + "}}\n",
			`agent.yaml:6:66: community dài quá 127 byte`, `agent.yaml:6:66: community is longer than 127 bytes`},
		"no token": {"collector:\n  url: https://a:1\n  pin: " + pin + "\n", `agent.yaml:2:3: cần identity, token hoặc token_file, và chỉ một trong số đó`,
			`agent.yaml:2:3: want one of identity, token and token_file`},
		"plain http": {strings.Replace(good, "https:", "http:", 1), `agent.yaml:2:8: "http://127.0.0.1:8443" không phải địa chỉ https://máy:cổng`,
			`agent.yaml:2:8: "http://127.0.0.1:8443" is not an address https://host:port`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.in)
			var problems settings.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			for lang, want := range map[say.Lang]string{say.Vietnamese: c.vi, say.English: c.en} {
				got := problems.In(lang)
				if d := cmp.Diff(want, got[strings.Index(got, "agent.yaml"):]); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestATokenFileIsReadBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.yaml")
	for name, text := range map[string]string{path: strings.Replace(good, "token: cw_secret", "token_file: token", 1), filepath.Join(dir, "token"): "cw_file\r\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	cfg, err := Load(path)
	if err != nil || cfg.Token != "cw_file" || cfg.SpoolDir != filepath.Join(dir, "spool") {
		t.Errorf("got %+v, %v", cfg, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(good + "targets:\n- {name: a, address: b, role: lan, snmp: {version: 2c, community: x}}\n"))
	f.Add([]byte("collector: [\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := DefaultFile()
		read, _ := settings.Decode(filepath.Join(t.TempDir(), "agent.yaml"), data, &file)
		file.check(read)
		if read.Err() != nil {
			return
		}
		document := api.Document{Interval: file.Interval, Packets: file.Packets, Targets: file.Targets}
		if err := document.Check(); err != nil {
			t.Errorf("the file passed and its document did not: %v", err)
		}
	})
}
