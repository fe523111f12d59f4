package office

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/say"
)

var update = flag.Bool("update", false, "write the golden files")

func ptr[T any](v T) *T { return &v }

// aStatus is of an agent that runs: this process.
func aStatus() Status {
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.Local)
	return Status{
		Written: at, Uptime: uptime().Seconds(), PID: os.Getpid(), Started: at.Add(-26 * time.Hour), Version: "1.2.3", Interval: 60,
		Site: "bd-21997", Agent: "a1", Label: "Xã Vĩnh Sơn", Collector: "https://noc.example:8443", Origin: OfCentre,
		Targets: []TargetStatus{
			{Name: "gateway", Address: "192.168.1.1", Role: api.RoleGateway, Measured: true, Result: api.ResultOK, Sent: 10, Received: 10, MedianMs: ptr(0.42)},
			{Name: "tủ mạng tầng 2", Address: "192.168.1.2", Role: api.RoleLAN, Measured: true, Result: api.ResultOK, Sent: 10, Received: 9, MedianMs: ptr(1.25), SNMP: true, DeviceUp: ptr(true)},
			{Name: "máy in phòng họp", Address: "192.168.1.30", Role: api.RoleDevice, Measured: true, Result: api.ResultTimeout, Sent: 10, SNMP: true, DeviceUp: ptr(false)},
			{Name: "collector", Address: "noc.example", Role: api.RoleUplink, Measured: true, Result: api.ResultSkippedParent},
			{Name: "anchor-1", Address: "192.0.2.1", Role: api.RoleUplink},
		},
		Line:  LineStatus{Stored: ptr(at.Add(-12 * time.Second)), Waiting: 1, Tried: true},
		Clock: &ClockStatus{OffsetMs: 125_000, DoubtMs: 20}, Until: ptr(at.Add(76 * 24 * time.Hour)), Left: ptr(76 * 86400.0),
		Document: DocumentStatus{ETag: `"5f2c"`}, Spool: SpoolStatus{Batches: 1, Bytes: 2048, Most: 256 << 20},
		RSS: 18_400_000, CPU: ptr(0.23), WireBytes: 1_234_567,
	}
}

func TestAStatusReadsWellInBothLanguages(t *testing.T) {
	well := aStatus()
	ill := aStatus()
	ill.Copied = &CopiedStatus{"PC-7", time.Date(2026, 5, 2, 8, 0, 0, 0, time.Local)}
	ill.Left, ill.Until = ptr(-5.0), ptr(ill.Written.Add(-5*time.Second))
	ill.Document.Problem = "packets is 1000, want 1 to 100"
	ill.Line = LineStatus{Waiting: 812, Tried: true, Trouble: upstream.ReasonUnreachable, Every: 600}
	ill.Clock, ill.Untrusted, ill.Origin = nil, 2, OfDefault
	ill.Spool = SpoolStatus{Batches: 812, Bytes: 240 << 20, Most: 256 << 20, Memory: 3, Aside: 2, Dropped: 17}
	for i := range ill.Targets {
		ill.Targets[i] = TargetStatus{Name: ill.Targets[i].Name, Address: ill.Targets[i].Address, Role: ill.Targets[i].Role, Measured: true, Result: api.ResultNotProbed}
	}
	for name, s := range map[string]Status{"well": well, "ill": ill} {
		for _, lang := range say.Langs {
			var out bytes.Buffer
			if err := s.WriteText(&out, lang); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(out.String(), strconv.Itoa(os.Getpid()), "4711")
			golden := filepath.Join("testdata", "status."+name+"."+string(lang)+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if d := cmp.Diff(string(want), got); d != "" || err != nil {
				t.Errorf("%s: %v %s", golden, err, d)
			}
		}
	}
}

func TestOnlyWhatKeepsTheAgentFromItsWorkIsAProblem(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Status)
		want   []Problem
	}{
		"all is well, though a printer is off":  {func(*Status) {}, nil},
		"stopped":                               {func(s *Status) { s.Stopped = true }, []Problem{NotRunning}},
		"killed":                                {func(s *Status) { s.PID = 1<<22 + 1 }, []Problem{NotRunning}},
		"stuck":                                 {func(s *Status) { s.Uptime -= 151 }, []Problem{NotRunning}},
		"late by a round":                       {func(s *Status) { s.Uptime -= 120 }, nil},
		"before the last reboot":                {func(s *Status) { s.Uptime += 3600 }, []Problem{NotRunning}},
		"an hour between rounds":                {func(s *Status) { s.Uptime -= 3700; s.Interval = 3600 }, nil},
		"the clock was changed":                 {func(s *Status) { s.Written = s.Written.Add(1e6 * time.Hour) }, nil},
		"copied, which is why it does not send": {func(s *Status) { s.Copied = &CopiedStatus{}; s.Line.Trouble = "timeout" }, []Problem{Copied}},
		"not sending":                           {func(s *Status) { s.Line.Trouble = "timeout" }, []Problem{NotSending}},
		"refused":                               {func(s *Status) { s.Document.Problem = "x" }, []Problem{DocumentRefused}},
		"some cannot be probed":                 {func(s *Status) { s.Targets[0].Result = api.ResultNotProbed }, nil},
		"not measured yet":                      {func(s *Status) { s.Targets = s.Targets[4:] }, nil},
		"certificate":                           {func(s *Status) { s.Left = ptr(0.0) }, []Problem{CertificateOver}},
	} {
		s := aStatus()
		c.change(&s)
		if d := cmp.Diff(c.want, s.Problems()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestEveryProblemAndEveryTroubleHasWordsAndAnAdvice(t *testing.T) {
	for _, p := range []Problem{NotRunning, Copied, CertificateOver, NotSending, DocumentRefused, CannotProbe, PingsUntrusted, DiskFails, Dropped} {
		if !say.Has(say.Key("status.problem."+string(p))) || p != NotSending && !say.Has(say.Key("status.do."+string(p))) {
			t.Errorf("%s has none", p)
		}
	}
	source, err := os.ReadFile("../upstream/decide.go") // where they stand; a new one must not be forgotten here
	if err != nil {
		t.Fatal(err)
	}
	var reasons []upstream.Reason
	for _, found := range regexp.MustCompile(`= Reason\("([a-z_]+)"\)`).FindAllSubmatch(source, -1) {
		reasons = append(reasons, upstream.Reason(found[1]))
	}
	if len(reasons) < 7 || !slices.Contains(reasons, upstream.ReasonUnreachable) {
		t.Errorf("only %v are found", reasons)
	}
	for code := range api.Answers {
		if code != api.CodeStored {
			reasons = append(reasons, upstream.Reason(code))
		}
	}
	for _, r := range reasons {
		if !say.Has(say.Key("status.trouble."+r)) || !say.Has(say.Key("status.trouble_do."+r)) {
			t.Errorf("%s has none", r)
		}
	}
	must := aStatus()
	must.Line.Trouble, must.Line.Enrol = "revoked", true
	var out bytes.Buffer
	if err := must.WriteText(&out, say.English); err != nil || !strings.Contains(out.String(), "has to be enrolled again") {
		t.Errorf("%s, %v", &out, err)
	}
	for _, o := range []Origin{OfFile, OfCentre, OfDefault} {
		if !say.Has(say.Key("status.of_" + o)) {
			t.Errorf("%s has none", o)
		}
	}
}

func TestColumnsAreAlignedByWhatAScreenShows(t *testing.T) {
	const composed, decomposed = "tủ mạng", "tu\u0309 ma\u0323ng"
	if say.Width(composed) != 7 || say.Width(decomposed) != 7 || say.Width("中文") != 4 || say.Width("✔") != 1 {
		t.Errorf("%d, %d, %d, %d", say.Width(composed), say.Width(decomposed), say.Width("中文"), say.Width("✔"))
	}
	var out strings.Builder
	writeColumns(&out, [][]string{{"✔", composed, "x"}, {"", decomposed + "!", "y"}, {"✘", "a", ""}})
	want := "✔ " + composed + "   x\n  " + decomposed + "!  y\n✘ a\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestARunningOfficeTellsHowItStandsWithoutASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		b := newBench(t, folder)
		b.will("dns", api.ResultTimeout)
		b.start()
		synctest.Wait()
		first, err := ReadStatus(folder)
		if err != nil || len(first.Targets) != 5 || first.Targets[0].Measured || first.PID != os.Getpid() {
			t.Errorf("at the start: %+v, %v", first, err)
		}
		doc := docOf("switch", "ups")
		doc.Targets[1].SNMP = &api.SNMP{Version: "2c", Community: "hushhush"}
		b.offer("v1", doc)
		time.Sleep(3 * time.Minute)
		got, err := ReadStatus(folder)
		if err != nil {
			t.Fatal(err)
		}
		want := []TargetStatus{
			{Name: "switch", Address: "192.168.1.10", Role: "lan", Measured: true, Result: "ok", Sent: 10, Received: 10, MedianMs: ptr(1.5)},
			{Name: "ups", Address: "192.168.1.11", Role: "lan", Measured: true, Result: "ok", Sent: 10, Received: 10, MedianMs: ptr(1.5), SNMP: true, DeviceUp: ptr(true)},
		}
		if d := cmp.Diff(want, got.Targets); d != "" {
			t.Error(d)
		}
		if got.Origin != OfCentre || got.Document.ETag != "v1" || got.Spool.Batches == 0 || got.Line.Trouble != upstream.ReasonUnreachable || got.Stopped {
			t.Errorf("got %+v", got)
		}
		b.stop()
		if got, err = ReadStatus(folder); err != nil || !got.Stopped || got.Running() {
			t.Errorf("stopped: %+v, %v", got, err)
		}
		raw, err := os.ReadFile(filepath.Join(folder, statusFile))
		if err != nil || bytes.Contains(raw, []byte("hushhush")) || bytes.Contains(raw, []byte("secret")) {
			t.Errorf("a secret is in it: %s, %v", raw, err)
		}
		info, err := os.Stat(filepath.Join(folder, statusFile))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
}

func TestAnOfficeWithoutAFolderWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here := t.TempDir()
		t.Chdir(here)
		b := newBench(t, t.TempDir(), func(c *Config) { c.Folder = "" }).start()
		time.Sleep(2 * time.Minute)
		b.stop()
		if left, err := os.ReadDir(here); len(left) > 0 || err != nil {
			t.Errorf("%v, %v", left, err)
		}
	})
}

func TestAStatusThatIsNoneIsAnError(t *testing.T) {
	folder := t.TempDir()
	for _, text := range []string{"", "{", "[]"} {
		if err := os.WriteFile(filepath.Join(folder, statusFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadStatus(folder); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	var s Status // an empty one is shown, not crashed on
	var out bytes.Buffer
	if err := s.WriteText(&out, say.Vietnamese); err != nil || s.Running() {
		t.Error(err)
	}
	if err := s.WriteJSON(&out); err != nil || !json.Valid(out.Bytes()[bytes.IndexByte(out.Bytes(), '{'):]) {
		t.Error(err)
	}
}
