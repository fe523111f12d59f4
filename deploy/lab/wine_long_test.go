//go:build integration && long

package lab

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wine is a Windows of Wine's with the unpacked zip, in a folder as offices have them.
// What only a real Windows shows is in deploy/windows-checklist.md.
type wine struct {
	t      *testing.T
	dir    string // the unpacked zip
	prefix string
}

// Accents, spaces, and what a browser appends to a second download.
const windowsFolder = "Nguyễn Văn Đức & con, Giám sát xã (1)"

func newWine(t *testing.T, version string) *wine {
	t.Helper()
	needed(t, "wine", "wine", "wine64")
	if runtime.GOARCH != "amd64" {
		t.Fatal("this test needs a machine of amd64")
	}
	dir := t.TempDir()
	w := &wine{t: t, dir: filepath.Join(dir, windowsFolder), prefix: filepath.Join(dir, "prefix")}
	cmd := exec.CommandContext(t.Context(), "go", "run", "./deploy/packages", "-out", dir, "-version", version, "-epoch", "1767225600", "-only", "windows-amd64")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make packages: %v\n%s", err, out)
	}
	unzip(t, filepath.Join(dir, "communewatch-agent-"+version+"-windows-amd64.zip"), w.dir)
	t.Cleanup(w.end)
	w.run("wineboot", "--init")
	library := filepath.Join(w.prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		t.Log("this Wine has no bcryptprimitives.dll: it gets one")
		if err := os.WriteFile(library, forwarder("bcryptprimitives.dll", "ProcessPrng", "ADVAPI32.SystemFunction036"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func unzip(t *testing.T, file, dir string) {
	t.Helper()
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.CopyFS(dir, r); err != nil {
		t.Fatal(err)
	}
}

func (w *wine) environment() []string {
	return append(os.Environ(), "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "WINEARCH=win64", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TERM=xterm", "DISPLAY=")
}

// end ends what runs in this Windows, which is ours alone.
func (w *wine) end() {
	cmd := exec.Command("wineserver", "--kill", "--wait")
	cmd.Env = w.environment()
	cmd.Run() // an error when nothing runs any more
}

func (w *wine) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), name, args...)
	cmd.Dir, cmd.Env = w.dir, w.environment()
	cmd.WaitDelay = 10 * time.Second // Wine's own helpers hold the pipes a little longer
	return cmd
}

func (w *wine) run(name string, args ...string) string {
	w.t.Helper()
	out, err := w.command(name, args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

const windowsAgent = "communewatch-agent.exe"

// path is a file of the unpacked zip as Windows calls it.
func (w *wine) path(name string) string {
	return `Z:` + strings.ReplaceAll(filepath.Join(w.dir, name), "/", `\`)
}

func TestTheWindowsAgentKeepsItsSpoolOverKillsInAnAccentedFolder(t *testing.T) {
	w := newWine(t, "v0.0.3")
	if got := w.run("wine", windowsAgent, "version"); got != "v0.0.3" {
		t.Errorf("version says %q", got)
	}
	c := startCollector(t, site)
	config := fmt.Sprintf("collector:\n  url: https://%s\n  pin: %s\n  token: %s\ninterval: 1s\ntargets:\n- {name: loop, address: 127.0.0.1, role: lan}\n",
		c.Agents, c.Pin, c.Tokens[site])
	w.write("agent.yaml", "\ufeff"+strings.ReplaceAll(config, "\n", "\r\n")) // as Notepad saves it
	if said := w.run("wine", windowsAgent, "run", "--check", "--config", w.path("agent.yaml")); !strings.Contains(said, w.path("agent.yaml")) {
		t.Errorf("the path of the configuration comes back as %q", said)
	}
	w.write("wrong.yaml", "collector:\r\n  url: ftp://x\r\n")
	if out, err := w.command("wine", windowsAgent, "run", "--check", "--config", w.path("wrong.yaml")).CombinedOutput(); err == nil || !strings.Contains(string(out), "wrong.yaml:2:") {
		t.Errorf("a wrong configuration: %v, %s", err, out)
	}

	spool := filepath.Join(w.dir, "spool")
	t.Cleanup(func() {
		if t.Failed() {
			tail(t, filepath.Join(w.dir, "agent.log"))
		}
	})
	p := w.start()
	until(t, "a point is stored", func() bool { return stored(t, c) > 0 })
	c.Stop()
	for kills := range 3 {
		want := len(batchFiles(t, spool)) + 2
		until(t, "batches wait", func() bool { return len(batchFiles(t, spool)) >= want })
		p.Kill()
		t.Logf("%d batches after %d kills", len(batchFiles(t, spool)), kills+1)
		p = w.start()
	}
	waiting := batchFiles(t, spool)
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	until(t, "what waited is sent", func() bool {
		now := batchFiles(t, spool)
		return !slices.ContainsFunc(waiting, func(name string) bool { return slices.Contains(now, name) })
	})
	n := stored(t, c)
	t.Logf("%d points are stored", n)
	if n < int64(len(waiting)) {
		t.Errorf("%d points of %d batches are stored", n, len(waiting))
	}
	aside, _ := filepath.Glob(filepath.Join(spool, "aside", "*.txt")) // the pattern is valid
	for _, file := range aside {
		why, _ := os.ReadFile(file)
		t.Errorf("set aside: %s", why)
	}
}

// stored is how many of the office's points InfluxDB has.
func stored(t *testing.T, c *Collector) int64 {
	t.Helper()
	n, err := StoredPoints(t.Context(), c.Store, time.Now().Add(-time.Hour), time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return n[site]
}

func (w *wine) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// start runs the agent; Wine runs a program as the process that asked for it.
func (w *wine) start() *Process {
	w.t.Helper()
	p, err := Start(filepath.Join(w.dir, "agent.log"), "env", append([]string{"-i"}, append(w.environment(), "wine", w.path(windowsAgent), "run", "--config", w.path("agent.yaml"))...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// TestTheInstallerScriptSpeaksVietnameseInEveryCodePage double-clicks it, so to say, in
// a console, and answers K: no administrator's rights. Wine cannot ask for those.
func TestTheInstallerScriptSpeaksVietnameseInEveryCodePage(t *testing.T) {
	w := newWine(t, "v0.0.3")
	for _, page := range []string{"437", "1258", "65001"} {
		for script, asks := range map[string]string{"CAI-DAT.cmd": "cài không cần quyền quản trị", "GO-BO.cmd": "gỡ máy đo đã cài"} {
			said := w.click(page, script, asks)
			for _, want := range []string{"CommuneWatch: ", "Gõ K rồi bấm Enter", asks, "Bấm một phím bất kỳ để đóng cửa sổ này."} {
				if !strings.Contains(said, want) {
					t.Errorf("%s in code page %s does not say %q:\n%s", script, page, want, said)
				}
			}
			if strings.Contains(said, "Không có quyền quản trị. Tiếp tục") {
				t.Errorf("%s in code page %s asked for rights after a K", script, page)
			}
			if !strings.HasSuffix(strings.TrimSpace(said), ": "+page) {
				t.Errorf("%s does not give the console its code page %s back:\n%s", script, page, said)
			}
		}
	}
	// Looked at inside the zip, a script is unpacked alone.
	if err := os.Remove(filepath.Join(w.dir, windowsAgent)); err != nil {
		t.Fatal(err)
	}
	if said := w.click("437", "CAI-DAT.cmd", "giai nen"); !strings.Contains(said, "Hay giai nen tep zip truoc") {
		t.Errorf("without the program it says:\n%s", said)
	}
}

// click runs a script in a console of the code page, answers K once it asks, then only
// presses Enter, and gives all that the console showed.
func (w *wine) click(page, script, asks string) string {
	w.t.Helper()
	cmd := w.command("script", "--quiet", "--return", "--command", `wine cmd /c "chcp `+page+` & call `+script+` & chcp"`, os.DevNull)
	keys, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var said screen
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	until(w.t, script+" asks", func() bool { return strings.Contains(said.String(), asks) })
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	io.WriteString(keys, "k\r")
	for {
		select {
		case <-ended:
			return said.String()
		case <-time.After(time.Second):
			io.WriteString(keys, "\r") // an error once it has ended
		}
	}
}

// plain takes out a terminal's orders.
var plain = regexp.MustCompile("\x1b(\\[[0-9;?]*[a-zA-Z]|\\][^\x07\x1b]*(\x07|\x1b\\\\))|\r|\x07")

// screen is what a console shows, written by one and read by another.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return plain.ReplaceAllString(s.text.String(), "")
}
