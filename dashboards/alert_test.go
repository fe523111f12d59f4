package dashboards

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func TestEveryKindOfAlarmHasARuleForBothTerrainsAndMountainsWaitLess(t *testing.T) {
	rules := map[string]alerting.Rule{}
	for _, r := range mustAlerts(t, vietnamese).Rules {
		rules[*r.Uid] = r
	}
	for kind := range strings.FieldsSeq(api.AlarmKinds) {
		uid := strings.ReplaceAll(kind, "_", "-")
		mountain, plain := rules["cw-mountain-"+uid], rules["cw-plain-"+uid]
		if mountain.Uid == nil || plain.Uid == nil {
			t.Errorf("%s has not both rules", kind)
			continue
		}
		if m, p := wait(t, mountain), wait(t, plain); m >= p {
			t.Errorf("%s: mountains wait %s, the others %s", kind, m, p)
		}
		if strings.TrimPrefix(mountain.Title, peak) != plain.Title || mountain.RuleGroup == plain.RuleGroup {
			t.Errorf("%s: %q in %q and %q in %q", kind, mountain.Title, mountain.RuleGroup, plain.Title, plain.RuleGroup)
		}
	}
	if want := 2*len(strings.Fields(api.AlarmKinds)) + 2; len(rules) != want {
		t.Errorf("%d rules, want %d", len(rules), want)
	}
}

func wait(t *testing.T, r alerting.Rule) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(r.For)
	if err != nil {
		t.Fatal(err)
	}
	if d%EvaluateEvery != 0 {
		t.Errorf("%s waits %s, which is no multiple of %s", *r.Uid, d, EvaluateEvery)
	}
	return d
}

func TestEveryKindOfAlarmHasAName(t *testing.T) {
	for kind := range strings.FieldsSeq(api.AlarmKinds) {
		if !say.Has(say.Key("alarm." + kind)) {
			t.Errorf("no text for alarm.%s", kind)
		}
	}
}

// What Grafana refuses, or takes for another rule.
func TestRulesAreWhatGrafanaTakes(t *testing.T) {
	uid := regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)
	titles := map[string]bool{}
	for _, lang := range say.Langs {
		a := mustAlerts(t, AlertOptions{Lang: lang, Contact: true, Watchdog: true})
		for _, r := range a.Rules {
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
			if !uid.MatchString(*r.Uid) || r.FolderUID != FolderUID || r.OrgID != 1 || r.Condition != "C" || len(r.Data) != 3 {
				t.Errorf("rule %+v", r)
			}
			if n := r.MissingSeriesEvalsToResolve; r.Labels[AlertLabel] == sortAlarm && (n == nil || *n < 10) {
				t.Errorf("%s gives a series up at once", *r.Uid)
			}
			if titles[string(lang)+r.Title] {
				t.Errorf("two rules are called %q", r.Title)
			}
			titles[string(lang)+r.Title] = true
			if text := dump(t, r); !norm.NFC.IsNormalString(text) || strings.Contains(dump(t, r.Annotations), "$") {
				t.Errorf("%s is not NFC, or a file could not hold it: %s", *r.Uid, text)
			}
			if !strings.HasPrefix(r.Annotations[VersionLabel], "cw-") || r.Labels[VersionLabel] != "" || r.Labels[AlertLabel] == "" {
				t.Errorf("%s is marked %v %v", *r.Uid, r.Annotations, r.Labels)
			}
		}
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func alertStatements(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, r := range mustAlerts(t, vietnamese).Rules {
		list[*r.Uid] = r.Data[0].Model.(influxQL).Query
	}
	return list
}

func TestStatementsOfAlertsKeepToTheContractAndTheRules(t *testing.T) {
	for uid, s := range alertStatements(t) {
		for _, complaint := range slices.Concat(strangers(s), broken(s)) {
			t.Errorf("%s: %s\n%s", uid, complaint, s)
		}
	}
}

// The labels on which routes and messages rest are the tags of the measurement.
func TestMessagesAndRoutesNameOnlyTagsOfAnAlarm(t *testing.T) {
	known := map[string]bool{api.TagSite: true, AlertLabel: true, VersionLabel: true, "alertname": true}
	for _, tag := range api.Lookup("alarm").Tags {
		known[tag.Name] = true
	}
	for _, found := range regexp.MustCompile(`\.Labels\.(\w+)`).FindAllStringSubmatch(messageText, -1) {
		if !known[found[1]] {
			t.Errorf("the template names the label %s", found[1])
		}
	}
	var walk func(alerting.NotificationPolicy)
	walk = func(p alerting.NotificationPolicy) {
		for _, m := range *p.ObjectMatchers {
			if !known[m[0]] {
				t.Errorf("a route matches %s", m[0])
			}
		}
		for _, label := range p.GroupBy {
			if !known[label] {
				t.Errorf("a route groups by %s", label)
			}
		}
		for _, child := range p.Routes {
			walk(child)
		}
	}
	walk(mustAlerts(t, vietnamese).Policy)
}

// decided is where an alert goes, and how.
type decided struct{ receiver, group, wait, again string }

// follow does with a route what Alertmanager does: the first child that matches
// takes it, and what a child does not say is its parent's.
// https://prometheus.io/docs/alerting/latest/configuration/#route
func follow(p alerting.NotificationPolicy, labels map[string]string, above decided) (decided, bool) {
	for _, m := range *p.ObjectMatchers {
		value := labels[m[0]]
		hit := map[string]bool{"=": value == m[2], "!=": value != m[2], "=~": regexp.MustCompile("^(?:" + m[2] + ")$").MatchString(value)}[m[1]]
		if !hit {
			return above, false
		}
	}
	own := decided{above.receiver, p.GroupBy[0], *p.GroupWait, *p.RepeatInterval}
	if p.Receiver != nil {
		own.receiver = *p.Receiver
	}
	for _, child := range p.Routes {
		if d, ok := follow(child, labels, own); ok {
			return d, true
		}
	}
	return own, true
}

func TestMountainsAreToldFirstAndAllByIncident(t *testing.T) {
	alarm := func(mountain string) map[string]string {
		return map[string]string{AlertLabel: "alarm", "mountain": mountain, "incident": "i-1"}
	}
	for name, c := range map[string]struct {
		o      AlertOptions
		labels map[string]string
		want   decided
	}{
		"mountain":                  {vietnamese, alarm("1"), decided{ContactName, "incident", "10s", "2h"}},
		"plain":                     {vietnamese, alarm("0"), decided{ContactName, "incident", "1m", "6h"}},
		"the centre":                {vietnamese, map[string]string{AlertLabel: "collector"}, decided{ContactName, "alertname", "10s", "1h"}},
		"the sign of life":          {vietnamese, map[string]string{AlertLabel: "watchdog"}, decided{WatchdogName, "alertname", "1s", "1m"}},
		"without a channel of ours": {AlertOptions{Lang: say.Vietnamese}, alarm("1"), decided{"root", "incident", "10s", "2h"}},
	} {
		got, ok := follow(mustAlerts(t, c.o).Policy, c.labels, decided{receiver: "root"})
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(decided{})); !ok || diff != "" {
			t.Errorf("%s: %v %s", name, ok, diff)
		}
	}
	if _, ok := follow(mustAlerts(t, vietnamese).Policy, map[string]string{"alertname": "somebody else's"}, decided{}); ok {
		t.Error("a foreign alert takes our route")
	}
}

func TestTheSignOfLifeIsOnlyMadeForWhoTakesIt(t *testing.T) {
	for _, r := range mustAlerts(t, AlertOptions{Lang: say.Vietnamese}).Rules {
		if r.Labels[AlertLabel] == "watchdog" {
			t.Error("there is a watchdog and nobody takes it")
		}
	}
}

func TestAVersionChangesWithWhatIsSaidAndWithNothingElse(t *testing.T) {
	first, again := mustAlerts(t, vietnamese), mustAlerts(t, vietnamese)
	if diff := cmp.Diff(dump(t, first), dump(t, again)); diff != "" {
		t.Error(diff)
	}
	other := vietnamese
	other.Lang = say.English
	english := mustAlerts(t, other)
	if TemplateVersion(*first.Template.Template) == "" || TemplateVersion(*first.Template.Template) == TemplateVersion(*english.Template.Template) {
		t.Error("a template in another language has the same version")
	}
	if TemplateVersion("{{ define \"x\" }}{{ end }}") != "" {
		t.Error("a foreign template has a version of ours")
	}
	byUID := func(a Alerting) map[string]string {
		versions := map[string]string{}
		for _, r := range a.Rules {
			versions[*r.Uid] = r.Annotations[VersionLabel]
		}
		return versions
	}
	if vi, en := byUID(first), byUID(english); vi["cw-collector"] == en["cw-collector"] || !maps.Equal(vi, byUID(again)) {
		t.Errorf("versions %v and %v", vi, en)
	}
}

func TestContactPointsAreMadeOfWhatIsThere(t *testing.T) {
	if p := (Contacts{}).Points(); p != nil {
		t.Errorf("made %v of nothing", p)
	}
	points := Contacts{Emails: []string{"a@x.vn", "b@x.vn"}, TelegramToken: "12:ab", TelegramChat: "-40", Webhook: "https://relay/s3cret", Watchdog: "https://life/s3cret"}.Points()
	var got []string
	for _, p := range points {
		got = append(got, *p.Uid+" "+*p.Name+" "+string(p.Type))
	}
	want := []string{"cw-email CommuneWatch email", "cw-telegram CommuneWatch telegram", "cw-webhook CommuneWatch webhook", "cw-watchdog CommuneWatch watchdog webhook"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if points[0].Settings.(map[string]any)["addresses"] != "a@x.vn;b@x.vn" || !*points[3].DisableResolveMessage || *points[2].DisableResolveMessage {
		t.Errorf("%s", dump(t, points))
	}
}
