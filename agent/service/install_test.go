//go:build !windows

package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// box is a Linux machine below a folder. What the system's own programs would do there
// is noted; of users it knows what they made.
type box struct {
	t      *testing.T
	root   string
	ran    []string
	broken string // a command that starts so fails
	user   bool
}

func newBox(t *testing.T) *box {
	b := &box{t: t, root: t.TempDir()}
	must(t, os.MkdirAll(filepath.Join(b.root, "run/systemd/system"), 0o755))
	must(t, os.MkdirAll(filepath.Join(b.root, "etc/systemd/system"), 0o755))
	must(t, os.MkdirAll(filepath.Join(b.root, "var/lib"), 0o755))
	must(t, os.MkdirAll(filepath.Join(b.root, "usr/local/bin"), 0o755))
	return b
}

func (b *box) run(_ context.Context, name string, args ...string) error {
	command := strings.Join(append([]string{name}, args...), " ")
	b.ran = append(b.ran, command)
	if b.broken != "" && strings.HasPrefix(command, b.broken) {
		return errors.New(command + ": broken")
	}
	switch name {
	case "useradd":
		b.user = true
	case "userdel":
		b.user = false
	}
	return nil
}

func (b *box) ids(string) (uid, gid int, err error) {
	if !b.user {
		return 0, 0, errors.New("no such user")
	}
	return os.Getuid(), os.Getgid(), nil // a test need not be root
}

func (b *box) manager(folder string) *Manager {
	b.t.Helper()
	m, err := Open(Options{Folder: folder, machine: machine{root: b.root, run: b.run, ids: b.ids}})
	must(b.t, err)
	return m
}

// files lists all that is there but the machine's own folders.
func (b *box) files() []string {
	var out []string
	must(b.t, filepath.WalkDir(b.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (!d.IsDir() || strings.Contains(path, Name)) {
			out = append(out, strings.TrimPrefix(path, b.root))
		}
		return err
	}))
	slices.Sort(out)
	return out
}

func (b *box) install(m *Manager) {
	b.t.Helper()
	must(b.t, m.Prepare(b.t.Context()))
	must(b.t, m.Install(b.t.Context()))
	must(b.t, m.Start(b.t.Context()))
}

func TestInstallingMakesUserFolderProgramAndServiceAndUninstallingLeavesNothing(t *testing.T) {
	b := newBox(t)
	m := b.manager("")
	b.install(m)
	must(t, os.WriteFile(m.Config(), nil, 0o600))
	want := []string{"/etc/systemd/system/communewatch-agent.service", "/usr/local/bin/communewatch-agent", "/var/lib/communewatch-agent", "/var/lib/communewatch-agent/agent.yaml"}
	if d := cmp.Diff(want, b.files()); d != "" {
		t.Error(d)
	}
	info, err := os.Stat(m.Folder)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder has mode %v", info.Mode())
	}
	wantRun := []string{
		"useradd --system --user-group --no-create-home --home-dir /var/lib/communewatch-agent --shell /usr/sbin/nologin communewatch-agent",
		"systemctl daemon-reload", "systemctl enable communewatch-agent.service", "systemctl restart communewatch-agent.service",
	}
	if d := cmp.Diff(wantRun, b.ran); d != "" {
		t.Error(d)
	}
	b.ran = nil
	must(t, b.manager("").Remove(t.Context()))
	if d := cmp.Diff([]string(nil), b.files()); d != "" {
		t.Error(d)
	}
	wantRun = []string{"systemctl stop communewatch-agent.service", "systemctl disable communewatch-agent.service", "systemctl daemon-reload", "systemctl reset-failed communewatch-agent.service", "userdel communewatch-agent"}
	if d := cmp.Diff(wantRun, b.ran); d != "" {
		t.Error(d)
	}
	must(t, b.manager("").Remove(t.Context())) // nothing is there any more
}

func TestAnInstallationThatWasCutAnywhereIsFinishedByTheNext(t *testing.T) {
	for _, broken := range []string{"useradd", "systemctl daemon-reload", "systemctl enable", "systemctl restart"} {
		b := newBox(t)
		b.broken = broken
		m := b.manager("")
		ctx := t.Context()
		if errors.Join(m.Prepare(ctx), m.Install(ctx), m.Start(ctx)) == nil {
			t.Errorf("%s failed and nobody said so", broken)
		}
		b.broken = ""
		b.install(b.manager(""))
		if !b.user || !exists(filepath.Join(b.root, "etc/systemd/system", unitName)) || !exists(m.Program) {
			t.Errorf("after %s: %v", broken, b.files())
		}
	}
}

func TestAnUpdateKeepsWhatIsInTheFolder(t *testing.T) {
	b := newBox(t)
	m := b.manager("")
	b.install(m)
	must(t, os.WriteFile(m.Program, []byte("the old program"), 0o755))
	must(t, os.Mkdir(filepath.Join(m.Folder, "spool"), 0o700))
	must(t, os.WriteFile(filepath.Join(m.Folder, "spool", "1.batch"), []byte("unsent"), 0o600))
	b.install(b.manager(""))
	if got := read(t, filepath.Join(m.Folder, "spool", "1.batch")); got != "unsent" {
		t.Errorf("spool has %q", got)
	}
	if !sameSize(t, m.Program) {
		t.Error("the program is still the old one")
	}
}

func sameSize(t *testing.T, program string) bool {
	self, err := ownProgram()
	must(t, err)
	a, err := os.Stat(self)
	must(t, err)
	b, err := os.Stat(program)
	must(t, err)
	return a.Size() == b.Size()
}

func TestAServiceThatCannotBeStoppedIsNotTornApart(t *testing.T) {
	b := newBox(t)
	m := b.manager("")
	b.install(m)
	b.broken = "systemctl stop"
	if m.Remove(t.Context()) == nil {
		t.Error("removed while it runs")
	}
	if !exists(m.Folder) || !exists(m.Program) || !b.user {
		t.Error("what still runs was taken apart")
	}
}

func TestAFolderThatSomebodyChoseKeepsWhatIsNotOurs(t *testing.T) {
	b := newBox(t)
	folder := filepath.Join(t.TempDir(), "of the office")
	m := b.manager(folder)
	b.install(m)
	for _, name := range []string{"agent.yaml", "identity.pem", "identity.pem.new", "status.json.123.tmp", "agent.log.1", "letter.odt", "spooling.odt"} {
		must(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	unit := read(t, filepath.Join(b.root, "etc/systemd/system", unitName))
	for _, line := range []string{
		`ExecStart=` + m.Program + ` run --config "` + folder + `/agent.yaml"`,
		`ConditionPathExists=` + folder + `/agent.yaml`, `ReadWritePaths="` + folder + `"`,
	} {
		if !strings.Contains(unit, line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
	if strings.Contains(unit, "StateDirectory") || strings.Contains(unit, packagedProgram) {
		t.Error("the unit is still for the usual folder or program")
	}
	must(t, b.manager(folder).Remove(t.Context()))
	if d := cmp.Diff([]string{"letter.odt", "spooling.odt"}, names(t, folder)); d != "" {
		t.Error(d)
	}
}

func TestWithoutSystemdItIsSaidAndNothingIsStarted(t *testing.T) {
	b := newBox(t)
	must(t, os.RemoveAll(filepath.Join(b.root, "run")))
	m := b.manager("")
	must(t, m.Prepare(t.Context()))
	if err := m.Install(t.Context()); !errors.Is(err, ErrNoSystemd) {
		t.Errorf("got %v", err)
	}
	must(t, m.Remove(t.Context()))
	if d := cmp.Diff([]string(nil), b.files()); d != "" {
		t.Error(d)
	}
}

func TestUnderAPackageOnlyItsUnitIsUsed(t *testing.T) {
	b := newBox(t)
	shipped := filepath.Join(b.root, "usr/lib/systemd/system", unitName)
	must(t, WriteFile(t.Context(), shipped, 0o644, Unit))
	b.install(b.manager("")) // by hand, before the package
	own := filepath.Join(b.root, "etc/systemd/system", unitName)
	if !exists(own) {
		t.Fatal("no unit was written")
	}
	m := b.manager("")
	m.keeper.(*systemUnit).shipped = true // as when we are the package's program
	b.install(m)
	if exists(own) || exists(filepath.Join(b.root, systemProgram)) {
		t.Errorf("what was installed by hand hides the package's: %v", b.files())
	}
	must(t, m.Remove(t.Context()))
	if !exists(shipped) || exists(m.Folder) || !b.user {
		t.Errorf("the package's own was removed, or the folder was not: %v", b.files())
	}
}

func TestHandingOverNeverFollowsALinkOutOfTheFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("run the tests as root: only root can give files away")
	}
	b := newBox(t)
	b.user = true
	outside := filepath.Join(b.root, "shadow")
	must(t, os.WriteFile(outside, nil, 0o600))
	m, err := Open(Options{machine: machine{root: b.root, run: b.run, ids: func(string) (int, int, error) { return 12345, 12345, nil }}})
	must(t, err)
	must(t, m.Prepare(t.Context()))
	must(t, os.WriteFile(filepath.Join(m.Folder, "agent.yaml"), nil, 0o600))
	must(t, os.Symlink(outside, filepath.Join(m.Folder, "identity.pem")))
	must(t, os.Link(outside, filepath.Join(m.Folder, "status.json")))
	must(t, os.Symlink(b.root, filepath.Join(m.Folder, "spool")))
	must(t, m.Secure())
	if owner(t, outside) != 0 {
		t.Error("a file outside the folder was given away")
	}
	if owner(t, m.Config()) != 12345 || owner(t, m.Folder) != 12345 {
		t.Error("the folder was not handed over")
	}
}
