//go:build integration && long

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// It runs behind a router that leads nowhere: until it is told more, an agent looks at what
// every office has.
func TestTheWindowsAgentEnrolsWithThePastedLineAndReports(t *testing.T) {
	if os.Getenv(alone) == "" {
		inNamespace(t)
		return
	}
	w := newWine(t, "v0.0.4")
	refused, err := w.command("wine", windowsAgent, "install", "--user", "x").CombinedOutput() // Wine is a Windows 7 at first
	if err == nil || !strings.Contains(string(refused), "cũ hơn Windows 10") {
		t.Errorf("on a Windows 7: %v\n%s", err, refused)
	}
	w.run("wine", "reg", "add", `HKCU\Software\Wine`, "/v", "Version", "/d", "win10", "/f")
	c := startCollector(t, "bd-22000") // another site's: this one's agent has to enrol
	out, err := exec.CommandContext(t.Context(), filepath.Join(c.bin, "communewatch-collector"), "enrol", "--config", c.config,
		"--url", "https://"+c.Agents, "--qr=false", site).Output()
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(strings.TrimPrefix(string(out), "communewatch-agent install "))
	said := w.run("wine", windowsAgent, "install", "--user", "--no-service", "--folder", w.path("máy đo"), line)
	if !strings.Contains(said, "✔ Đã đăng ký với trung tâm") || strings.Contains(said, "✘") {
		t.Errorf("install says:\n%s", said)
	}
	p, err := Start(filepath.Join(w.dir, "agent.log"), "env", append([]string{"-i"}, append(w.environment(),
		"wine", w.path(windowsAgent), "run", "--config", w.path(`máy đo\agent.yaml`))...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	until(t, "a point is stored", func() bool { return stored(t, c) > 0 })
	status, err := w.command("wine", windowsAgent, "status", "--config", w.path(`máy đo\agent.yaml`)).CombinedOutput()
	t.Logf("status: %v\n%s", err, status)
	if !strings.Contains(string(status), site) {
		t.Error("status does not name the site")
	}
}
