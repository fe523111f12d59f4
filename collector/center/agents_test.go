package center

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store/storetest"
)

func TestTheListOfAgentsHasWhatTheyLastSaidAndSortsAsVietnameseDo(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen, cfg.Page = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	server := storetest.StartIn(t, InfluxDir(cfg.Data))
	cfg.InfluxDB.Listen = strings.TrimPrefix(server.URL(), "http://")
	points := storetest.OpenNamed(t, server, cfg.InfluxDB.Database)
	seen := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
	for i, version := range []string{"2.0", "2.1"} {
		p := api.NewPoint("agent_health", seen.Add(time.Duration(i-1)*time.Minute)).Tag("site", "bd-21997").Tag("agent", "a1").
			Int("spool_batches", 0).Int("spool_bytes", 0).Text("version", version).Text("os", "linux").Text("arch", "arm64")
		line, err := p.AppendLine(nil)
		if err == nil {
			err = points.Write(t.Context(), api.Raw, line)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, site := range []string{"bd-21997", "bd-21550"} {
		if _, _, err := Invite(cfg, site, "https://noc.example:8443", time.Hour, false); err != nil {
			t.Fatal(err)
		}
	}
	tokens, err := enrol.OpenTokens(TokensFile(cfg.Data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.IssueAll([]string{"bd-21997", "bd-21601"}, agentName); err != nil {
		t.Fatal(err)
	}
	rows, unheard, err := Agents(t.Context(), cfg, labelled)
	if err != nil || unheard != nil {
		t.Fatal(err, unheard)
	}
	var got []string
	for i, r := range rows {
		got = append(got, strings.Join([]string{r.Site, string(r.State), r.Version, r.OS}, " "))
		if i > 0 && say.Compare(rows[i-1].Label, r.Label) > 0 {
			t.Errorf("%s stands before %s", rows[i-1].Label, r.Label)
		}
		if r.Site == "bd-21997" && (!r.LastSeen.Equal(seen) || !r.Stored || r.Invited.IsZero()) {
			t.Errorf("%+v, seen %s", r, seen)
		}
	}
	want := map[string]bool{"bd-21997 token 2.1 linux": true, "bd-21550 invited  ": true, "bd-21601 token  ": true}
	for _, line := range got {
		if !want[line] {
			t.Errorf("%q", line)
		}
	}
	if len(got) != len(want) {
		t.Error(got)
	}
}

func TestTheStateOfAnAgentIsTheWorstThatIsKnown(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	good := enrol.Agent{NotAfter: now.Add(time.Hour), Issued: now.Add(-time.Hour)}
	change := func(do func(*enrol.Agent)) enrol.Agent { a := good; do(&a); return a }
	got := map[string]AgentState{}
	for what, a := range map[string]enrol.Agent{
		"good":               good,
		"expired":            change(func(a *enrol.Agent) { a.NotAfter = now.Add(-time.Second) }),
		"copied":             change(func(a *enrol.Agent) { a.Twin.At = now.Add(-time.Hour) }),
		"copied long ago":    change(func(a *enrol.Agent) { a.Twin.At = now.Add(-25 * time.Hour) }),
		"copied and expired": change(func(a *enrol.Agent) { a.Twin.At, a.NotAfter = now, now.Add(-time.Second) }),
		"copied and revoked": change(func(a *enrol.Agent) { a.Twin.At, a.Revoked.At = now, now }),
	} {
		got[what] = rowOf(a, now).State
	}
	want := map[string]AgentState{"good": StateEnrolled, "expired": StateExpired, "copied": StateTwin, "copied long ago": StateEnrolled, "copied and expired": StateTwin, "copied and revoked": StateRevoked}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWithoutADataFolderThereIsNoList(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Data = filepath.Join(t.TempDir(), "none")
	if _, _, err := Agents(t.Context(), cfg, labelled); err == nil || !strings.Contains(err.Error(), "was `serve` ever started here?") {
		t.Errorf("%v", err)
	}
}

func labelled(site string) string {
	sites, err := inventory.Open("")
	if err != nil {
		return err.Error()
	}
	return labelOf(sites, site, say.Vietnamese)
}
