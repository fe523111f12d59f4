//go:build !windows

package service

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// atHome gives the user a home of the test's own.
func atHome(t *testing.T) string {
	home := filepath.Join(t.TempDir(), "Nguyễn Văn Đức")
	must(t, os.Mkdir(home, 0o700))
	t.Setenv("HOME", home)
	for _, name := range []string{"XDG_STATE_HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "")
	}
	return home
}

func TestAUsersAgentRunsInTheBackgroundAndUninstallingLeavesNothing(t *testing.T) {
	home := atHome(t)
	open := func() *Manager {
		m, err := Open(Options{PerUser: true, machine: machine{root: t.TempDir()}}) // no systemd there
		must(t, err)
		return m
	}
	m := open()
	ctx := t.Context()
	must(t, m.Prepare(ctx))
	must(t, m.Install(ctx))
	must(t, m.Start(ctx))
	t.Cleanup(func() { _ = stopPid(context.Background(), m.Folder) })
	first, err := livePid(m.Folder)
	must(t, err)
	if first == 0 {
		t.Fatal("it does not run")
	}
	if m.Folder != filepath.Join(home, ".local/state/communewatch-agent") {
		t.Errorf("its folder is %s", m.Folder)
	}
	desktop := read(t, filepath.Join(home, ".config/autostart/communewatch-agent.desktop"))
	want := `Exec="` + m.Program + `" "run" "--background" "--config" "` + m.Config() + `"` + "\n"
	if !strings.Contains(desktop, want) {
		t.Errorf("got %s, want %s", desktop, want)
	}
	soon(t, "a line in the log", func() bool {
		log, _ := os.ReadFile(filepath.Join(m.Folder, logFile))
		return strings.Contains(string(log), "agent lives")
	})

	// An update ends the old one first, cleanly.
	m = open()
	must(t, m.Install(ctx))
	must(t, m.Start(ctx))
	second, err := livePid(m.Folder)
	must(t, err)
	if second == first || read(t, filepath.Join(m.Folder, "ended")) != ErrStop.Error() {
		t.Errorf("process %d became %d", first, second)
	}
	// Its agent is one: another in the same folder does not start.
	if release, err := holdPid(m.Folder); err == nil {
		release()
		t.Error("two agents in one folder")
	}

	must(t, open().Remove(ctx))
	if unix.Kill(second, 0) == nil {
		soon(t, "it has ended", func() bool { return unix.Kill(second, 0) != nil })
	}
	var left []string
	must(t, filepath.Walk(home, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() || strings.Contains(path, Name) {
			left = append(left, path)
		}
		return err
	}))
	if d := cmp.Diff([]string(nil), left); d != "" {
		t.Error(d)
	}
}

func TestAnAgentThatEndsAtOnceIsSaidToHaveFailed(t *testing.T) {
	atHome(t)
	m, err := Open(Options{PerUser: true, machine: machine{root: t.TempDir()}})
	must(t, err)
	must(t, m.Prepare(t.Context()))
	must(t, m.Install(t.Context()))
	must(t, os.WriteFile(filepath.Join(m.Folder, "broken"), nil, 0o600))
	// It may live for a moment first: then its log says it.
	if err := m.Start(t.Context()); err != nil && !strings.Contains(err.Error(), "agent.log") {
		t.Errorf("got %v", err)
	}
	soon(t, "the log says why", func() bool {
		log, _ := os.ReadFile(filepath.Join(m.Folder, logFile))
		return strings.Contains(string(log), "this agent is broken")
	})
}

func TestANumberThatNobodyHoldsIsNobodysProcess(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, pidFile), []byte("1\n"), 0o600))
	if pid, err := livePid(dir); pid != 0 || err != nil {
		t.Errorf("process %d, %v", pid, err)
	}
	must(t, stopPid(t.Context(), dir))
}

func TestAUsersOwnSystemdKeepsTheAgentWhereThereIsOne(t *testing.T) {
	home := atHome(t)
	b := newBox(t)
	open := func() *Manager {
		m, err := Open(Options{PerUser: true, machine: machine{root: b.root, run: b.run, ids: b.ids}})
		must(t, err)
		return m
	}
	m := open()
	b.ran = nil
	b.install(m)
	unit := read(t, filepath.Join(home, ".config/systemd/user", unitName))
	if want := `ExecStart="` + m.Program + `" run --config "` + m.Config() + `"`; !strings.Contains(unit, want) {
		t.Errorf("got %s, want %s", unit, want)
	}
	want := []string{"loginctl enable-linger", "systemctl --user daemon-reload", "systemctl --user enable communewatch-agent.service", "systemctl --user restart communewatch-agent.service"}
	if d := cmp.Diff(want, b.ran); d != "" {
		t.Error(d)
	}
	if limits := m.Limits(); len(limits) != 1 {
		t.Errorf("limits: %v", limits)
	}
	must(t, open().Remove(t.Context()))
	if exists(filepath.Join(home, ".config/systemd/user", unitName)) || exists(m.Folder) || exists(m.Program) {
		t.Error("something is left")
	}
}
