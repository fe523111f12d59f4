package provision

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
	"communewatch/dashboards"
)

const (
	telegramSecret = "7001:telegramSecretToken"
	webhookSecret  = "https://relay.tinh.example/hook/webhookSecretPath"
	watchdogSecret = "https://life.example/ping/watchdogSecretPath"
)

// withAlerts is a configuration with all channels.
func withAlerts(url string) Config {
	cfg := config(url)
	cfg.Alerts, cfg.Pages = true, "http://10.0.0.5:8080"
	cfg.Contacts = dashboards.Contacts{
		Emails: []string{"noc@tinh.example", "truc@tinh.example"}, TelegramToken: telegramSecret, TelegramChat: "-4065678900",
		Webhook: webhookSecret, Watchdog: watchdogSecret,
	}
	return cfg
}

// newGrafana is a fake that alerts can be provisioned into.
func newGrafana(t *testing.T) (*fakeGrafana, Config) {
	t.Helper()
	fake, url := newFake(t, "Bearer "+grafanaToken)
	fake.version = "13.0.1"
	return fake, withAlerts(url)
}

// notUnchanged runs and gives what was not left as it was.
func notUnchanged(t *testing.T, cfg Config) []string {
	t.Helper()
	return slices.DeleteFunc(run(t, cfg), func(s string) bool { return strings.HasSuffix(s, " unchanged") })
}

func TestAlertsAreMadeOnceAndASecondRunWritesNothing(t *testing.T) {
	for _, version := range []string{"12.0.0", "13.0.1", ""} {
		t.Run("Grafana "+version, func(t *testing.T) { madeOnce(t, version) })
	}
}

func madeOnce(t *testing.T, version string) {
	fake, cfg := newGrafana(t)
	fake.version = version
	outcomes := run(t, cfg)
	var rules int
	for _, o := range outcomes {
		if !strings.HasSuffix(o, " created") {
			t.Error(o)
		}
		if strings.HasPrefix(o, "alert-rule ") {
			rules++
		}
	}
	if rules != 28 || len(fake.alerting.rules) != 28 {
		t.Errorf("%d rules, %d stored", rules, len(fake.alerting.rules))
	}
	for _, want := range []string{"template communewatch created", "contact-point cw-email created", "contact-point cw-telegram created", "contact-point cw-webhook created", "contact-point cw-watchdog created", "policy communewatch_version created"} {
		if !slices.Contains(outcomes, want) {
			t.Errorf("no %q in %q", want, outcomes)
		}
	}
	if outcomes[len(outcomes)-1] != "policy communewatch_version created" {
		t.Errorf("the policies are not last: %q", outcomes)
	}
	fake.takeWrites()
	before := fake.snapshot()
	if changed := notUnchanged(t, cfg); len(changed) > 0 {
		t.Errorf("the second run: %q", changed)
	}
	if writes := fake.takeWrites(); writes != nil || before != fake.snapshot() {
		t.Errorf("the second run writes %q", writes)
	}
}

func TestADryRunSaysWhatWouldBeAndWritesNothing(t *testing.T) {
	fake, cfg := newGrafana(t)
	cfg.DryRun = true
	before := fake.snapshot()
	if created := run(t, cfg); len(created) < 30 || !strings.HasSuffix(created[len(created)-1], " created") {
		t.Errorf("on a fresh Grafana: %q", created)
	}
	if writes := fake.takeWrites(); writes != nil || before != fake.snapshot() {
		t.Errorf("it wrote %q", writes)
	}

	cfg.DryRun = false
	run(t, cfg)
	other := cfg
	other.DryRun, other.Lang, other.Contacts.TelegramToken, other.Contacts.TelegramChat, other.InfluxCredential = true, say.English, "7001:anotherSecret", "-5", "reader:anotherOfInflux"
	other.Contacts.Webhook, other.Contacts.Watchdog = "http://x/webhookSecretToo", "http://y/watchdogSecretToo"
	before = fake.snapshot()
	fake.takeWrites()
	var log bytes.Buffer
	report, err := Provision(t.Context(), other, Deps{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	said := log.String()
	diffs := map[string][]string{}
	for _, o := range report.Objects {
		diffs[o.UID] = o.Diff
		said += strings.Join(o.Diff, "\n")
	}
	want := []string{"~ bottoken: (…) → (…)", `~ chatid: "-4065678900" → "-5"`}
	if diff := cmp.Diff(want, diffs["cw-telegram"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"~ url: (…) → (…)"}, diffs["cw-webhook"]); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(diffs["cw-collector"], `~ title: "Trung tâm không còn đánh giá các xã" → "The centre no longer judges the offices"`) {
		t.Errorf("the rule differs in %q", diffs["cw-collector"])
	}
	for _, secret := range []string{"telegramSecret", "anotherSecret", "webhookSecret", "watchdogSecret", "s3cretOfInflux", "anotherOfInflux", grafanaToken} {
		if strings.Contains(said, secret) {
			t.Errorf("a secret is shown: %s", secret)
		}
	}
	if writes := fake.takeWrites(); writes != nil || before != fake.snapshot() {
		t.Errorf("it wrote %q", writes)
	}
}

func TestADryRunIsHeldByTheDoorToo(t *testing.T) {
	fake, cfg := newGrafana(t)
	cfg.DryRun = true
	g, err := connect(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	g.dry = false // a step that forgot
	if err := g.writePolicies(t.Context(), fake.alerting.policies); err == nil || !strings.Contains(err.Error(), "dry run") || fake.takeWrites() != nil {
		t.Errorf("error is %v", err)
	}
}

func TestWhatPeopleMadeByHandIsNeverTouched(t *testing.T) {
	fake, cfg := newGrafana(t)
	zalo := map[string]any{"uid": "hand", "name": "Zalo trực ban", "type": "webhook", "disableResolveMessage": false, "settings": map[string]any{"url": "http://zalo"}}
	fake.alerting.contacts = append(fake.alerting.contacts, zalo)
	fake.alerting.policies = json.RawMessage(`{"receiver":"grafana-default-email","group_by":["alertname"],"x_new":{"n":12345678901234567890},"routes":[` + handRoute + `,{"receiver":"Zalo trực ban","x_b":"<&>","routes":[` + handRoute + `]}]}`)
	fake.alerting.rules["hand"] = map[string]any{"uid": "hand", "title": "CPU", "folderUID": "communewatch"}
	fake.alerting.templates["hand"] = map[string]any{"name": "hand", "template": `{{ define "hand" }}{{ end }}`}
	run(t, cfg)
	if got := fake.alerting.policies; strings.Count(string(got), handRoute) != 2 || !strings.Contains(string(got), `"x_new":{"n":12345678901234567890}`) || !strings.Contains(string(got), `"x_b":"<&>"`) {
		t.Errorf("hand-made routes were touched:\n%s", got)
	}
	var tree struct{ Routes []map[string]any }
	if err := json.Unmarshal(fake.alerting.policies, &tree); err != nil || len(tree.Routes) != 3 || tree.Routes[0]["receiver"] != "CommuneWatch" {
		t.Errorf("%v: %s", err, fake.alerting.policies)
	}
	if diff := cmp.Diff(map[string]any{"url": "http://zalo"}, fake.alerting.contacts[1]["settings"]); diff != "" {
		t.Error(diff)
	}
	if len(fake.alerting.rules["hand"]) != 3 || len(fake.alerting.templates["hand"]) != 2 {
		t.Errorf("%v %v", fake.alerting.rules["hand"], fake.alerting.templates["hand"])
	}
}

// A route as somebody typed it, with spaces and an order of its own that our writing
// does not keep, so without them.
const handRoute = `{"receiver":"Zalo trực ban","object_matchers":[["provider","=~","VNPT.*"]],"mute_time_intervals":["đêm"],"continue":true,"x_a":[1.50,2e3]}`

func TestAnEditedThresholdStaysUntilOurVersionChangesAndIsThenShown(t *testing.T) {
	fake, cfg := newGrafana(t)
	run(t, cfg)
	edited := fake.alerting.rules["cw-plain-loss"]
	edited["for"], edited["isPaused"] = "30m", true
	if changed := notUnchanged(t, cfg); len(changed) > 0 || edited["for"] != "30m" {
		t.Errorf("an edit was replaced though our version is the same: %q", changed)
	}
	edited["annotations"].(map[string]any)[dashboards.VersionLabel] = "cw-0000000000" // made by another version
	report, err := Provision(t.Context(), cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range report.Objects {
		if o.UID == "cw-plain-loss" && (o.Outcome != Updated || !slices.Contains(o.Diff, `~ for: "30m" → "15m"`)) {
			t.Errorf("%s %q", o.Outcome, o.Diff)
		}
		if o.UID != "cw-plain-loss" && o.Outcome != Unchanged {
			t.Errorf("%s is %s", o.UID, o.Outcome)
		}
	}
	if now := fake.alerting.rules["cw-plain-loss"]; now["for"] != "15m" || now["isPaused"] != true {
		t.Errorf("stored: for %v, paused %v", now["for"], now["isPaused"])
	}
}

func TestChannelsAreWrittenWhenTheyChangeAndEditsStayUntilThen(t *testing.T) {
	fake, cfg := newGrafana(t)
	run(t, cfg)
	email := fake.alerting.contacts[1]["settings"].(map[string]any)
	email["addresses"] = "noc@tinh.example;giam-doc@tinh.example" // by hand
	if changed := notUnchanged(t, cfg); len(changed) > 0 {
		t.Errorf("by hand: %q", changed)
	}
	cfg.Contacts.Webhook = "https://relay.tinh.example/hook/another" // a new secret
	if diff := cmp.Diff([]string{"contact-point cw-webhook updated"}, notUnchanged(t, cfg)); diff != "" {
		t.Error(diff)
	}
	if got := fake.alerting.contacts[3]["settings"].(map[string]any)["url"]; got != cfg.Contacts.Webhook {
		t.Errorf("stored is %v", got)
	}
	cfg.Contacts = dashboards.Contacts{} // an upgrade, without the flags: nothing goes away
	fake.takeWrites()
	if changed := notUnchanged(t, cfg); len(changed) > 0 || fake.takeWrites() != nil {
		t.Errorf("without flags: %q", changed)
	}
	cfg.Contacts.Emails = []string{"moi@tinh.example"}
	if diff := cmp.Diff([]string{"contact-point cw-email updated"}, notUnchanged(t, cfg)); diff != "" {
		t.Error(diff)
	}
	full := withAlerts(cfg.GrafanaURL)
	full.Contacts.Webhook, full.Contacts.Emails = "https://relay.tinh.example/hook/another", cfg.Contacts.Emails
	if changed := notUnchanged(t, full); len(changed) > 0 {
		t.Errorf("the record of the others is lost: %q", changed)
	}
}

func TestWithoutAChannelAlertsGoWhereGrafanasTreeSays(t *testing.T) {
	fake, cfg := newGrafana(t)
	cfg.Contacts = dashboards.Contacts{}
	run(t, cfg)
	if len(fake.alerting.contacts) != 1 || strings.Contains(string(fake.alerting.policies), "CommuneWatch") || fake.alerting.rules["cw-watchdog"] != nil {
		t.Errorf("%v %s", fake.alerting.contacts, fake.alerting.policies)
	}
	cfg.Contacts.Emails = []string{"noc@tinh.example"} // and later one is named
	if diff := cmp.Diff([]string{"contact-point cw-email created", "policy communewatch_version updated"}, notUnchanged(t, cfg)); diff != "" {
		t.Error(diff)
	}
}

func TestAlertsCanBeLeftOut(t *testing.T) {
	fake, cfg := newGrafana(t)
	cfg.Alerts, fake.version = false, "11.6.0"
	run(t, cfg)
	if len(fake.alerting.rules) != 0 || len(fake.alerting.contacts) != 1 {
		t.Error("alerts were made")
	}
}
