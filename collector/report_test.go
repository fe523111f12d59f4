//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/settings"
	"communewatch/collector/store/storetest"
)

// The whole way of a report that is published, on a database of somebody else's.
func TestAReportIsPrintedPublishedAndPrintedAgain(t *testing.T) {
	server := storetest.Start(t)
	storetest.OpenNamed(t, server, "reports")
	dir := t.TempDir()
	config := filepath.Join(dir, "collector.yaml")
	write(t, filepath.Join(dir, "token"), server.Token())
	write(t, config, fmt.Sprintf("data: data\ninfluxdb: {url: %q, token_file: token, database: reports}\n", server.URL()))
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, errs bytes.Buffer
		args = append(args, "--config", config, "--lang", "en")
		if got := settings.Run(t.Context(), "communewatch-collector", commands, args, &out, &errs); got != want {
			t.Fatalf("%v: exit code %d: %s", args, got, errs.String())
		}
		return out.String(), errs.String()
	}
	text, _ := run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05")
	if !strings.Contains(text, "2023-05") && !strings.Contains(text, "May 2023") {
		t.Errorf("the terminal shows %.300s", text)
	}
	var r goal.Report
	whole, _ := run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--format", "json", "--budget", "500.000.000")
	if err := json.Unmarshal([]byte(whole), &r); err != nil || len(r.Sites) != 159 || r.Plan == nil || r.Plan.Budget != 500_000_000 || len(r.Sites[0].History) != 1 {
		t.Errorf("%v: %d sites", err, len(r.Sites))
	}
	for name, begins := range map[string]string{"a.xlsx": "PK", "a.csv": "\ufeff", "a.html": "<!doctype html>", "a.json": "{"} {
		path := filepath.Join(dir, name)
		write(t, path, "before")
		run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--out", path)
		if got := read(t, path); !strings.HasPrefix(strings.ToLower(got), strings.ToLower(begins)) {
			t.Errorf("%s begins with %.20q", name, got)
		}
	}
	text, _ = run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--site", "bd-21550", "--format", "text")
	if !strings.Contains(text, "NHƠN BÌNH") || strings.Contains(text, "Canh Liên") {
		t.Errorf("a text of one site is %.500s", text)
	}
	page, _ := run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--site", "bd-21550")
	area, _ := run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--area", "540")
	if !strings.Contains(page, "Nhơn Bình") || !strings.Contains(area, "Quy Nhơn") {
		t.Error("a page of A4 does not name its place")
	}
	run(settings.ExitFailed, "report", "--months", "1", "--month", "2023-05", "--out", filepath.Join(dir, "no-such", "a.csv"))

	said, _ := run(settings.ExitOK, "report", "--months", "1", "--month", "2023-05", "--publish", "--by", "Sở TTTT")
	m := regexp.MustCompile(`^published (\S+)\nSHA-256 [0-9a-f]{64}\n$`).FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("it said %q", said)
	}
	list, _ := run(settings.ExitOK, "report", "--published")
	if !strings.Contains(list, m[1]) || !strings.Contains(list, "Sở TTTT") {
		t.Errorf("listed: %s", list)
	}
	kept, _ := run(settings.ExitOK, "report", "--published", m[1], "--format", "json")
	if err := json.Unmarshal([]byte(kept), &r); err != nil || r.Month != (goal.Month{Year: 2023, Month: 5}) {
		t.Errorf("%v: %v", err, r.Month)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".report-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
