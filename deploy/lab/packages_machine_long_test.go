//go:build integration && long

package lab

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// debianRoot saves debootstrap's minute while one works on the packages.
var debianRoot = flag.String("debian", "", "a root that debootstrap made, to copy instead of making one")

// debian is a small Debian beside this one, with a systemd of its own that has booted: its own
// processes, mounts and network, which is loopback only. It shares the kernel.
type debian struct {
	t    *testing.T
	root string // its files, seen from here
	*Process
	pid string // of its init, seen from here
}

// bootScript is run in new namespaces. Where cgroups are of version 1 beside version 2,
// systemd gets both.
const bootScript = `set -eu
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
for dir in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$dir"; done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
cgroup=$root/sys/fs/cgroup
if [ -d /sys/fs/cgroup/systemd ]; then
	mount -t tmpfs -o mode=755 tmpfs "$cgroup"
	mkdir "$cgroup/unified" "$cgroup/systemd"
	mount -t cgroup2 cgroup2 "$cgroup/unified"
	mount -t cgroup -o none,name=systemd cgroup "$cgroup/systemd"
else
	mount -t cgroup2 cgroup2 "$cgroup"
fi
ip link set lo up
export container=lab
exec chroot "$root" /lib/systemd/systemd --log-target=console
`

func bootDebian(t *testing.T) *debian {
	t.Helper()
	dir := t.TempDir()
	d := &debian{t: t, root: filepath.Join(dir, "root")}
	d.makeRoot()
	var err error
	// unshare takes no notice of the signal that our children get when we die.
	d.Process, err = Start(filepath.Join(dir, "boot.log"), "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup",
		"--fork", "--kill-child", "sh", "-c", bootScript, "boot", d.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			said, _ := d.try("journalctl", "--no-pager", "--lines=100", "--unit=communewatch-agent", "--unit=communewatch-collector")
			t.Logf("its services said:\n%s", said)
		}
		d.Kill()
	})
	d.eventually(time.Minute, "systemd is up", func() bool {
		if d.pid == "" {
			children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", d.Pid(), d.Pid()))
			d.pid = string(bytes.TrimSpace(children))
		}
		state, _ := d.try("systemctl", "is-system-running")
		return d.pid != "" && (state == "running" || state == "degraded")
	})
	return d
}

func (d *debian) makeRoot() {
	d.t.Helper()
	if *debianRoot != "" {
		d.t.Logf("a copy of %s", *debianRoot)
		d.must(exec.CommandContext(d.t.Context(), "cp", "--archive", *debianRoot, d.root))
		return
	}
	needed(d.t, "debootstrap", "debootstrap")
	suite, mirror := ownDebian(d.t)
	began := time.Now()
	d.must(exec.CommandContext(d.t.Context(), "debootstrap", "--variant=minbase", "--include=systemd", suite, d.root, mirror))
	d.t.Logf("a Debian %s in %s", suite, time.Since(began).Round(time.Second))
}

// ownDebian is the release of this machine and where apt gets it from.
func ownDebian(t *testing.T) (suite, mirror string) {
	t.Helper()
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(release)
	if found == nil {
		t.Fatal("this test needs a Debian: /etc/os-release names no release")
	}
	suite = string(found[1])
	line := regexp.MustCompile(`(?m)^deb (?:\[[^\]]*\] )?(\S+) ` + suite + ` `)
	stanza := regexp.MustCompile(`(?m)^URIs: *(\S+)\n(?:.+\n)*?Suites:(?: \S+)* ` + suite + `[ \n]`)
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*") // the pattern is valid
	for _, file := range append(files, "/etc/apt/sources.list") {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, form := range []*regexp.Regexp{line, stanza} {
			if m := form.FindSubmatch(text); m != nil {
				return suite, string(m[1])
			}
		}
	}
	t.Fatalf("apt's sources name no mirror of %s", suite)
	return "", ""
}

// needed fails with what to install. These tools are large, so `make setup` leaves them out.
func needed(t *testing.T, tool string, packages ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is missing: sudo apt-get install --no-install-recommends %s", tool, strings.Join(packages, " "))
	}
	return path
}

// try runs a command there.
func (d *debian) try(args ...string) (string, error) {
	cmd := exec.Command("nsenter", append([]string{"--target", d.pid, "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--root", "--wd"}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// inside runs a command there that must do.
func (d *debian) inside(args ...string) string {
	d.t.Helper()
	out, err := d.try(args...)
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// sh is inside for a line of shell.
func (d *debian) sh(line string) string {
	d.t.Helper()
	return d.inside("sh", "-ec", line)
}

// install installs a package as somebody without a network does.
func (d *debian) install(deb string) string {
	d.t.Helper()
	data, err := os.ReadFile(deb)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.root, "srv", "package.deb"), data, 0o644); err != nil {
		d.t.Fatal(err)
	}
	return d.inside("dpkg", "--install", "/srv/package.deb")
}

func (d *debian) must(cmd *exec.Cmd) {
	d.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", filepath.Base(cmd.Path), err, out)
	}
}

func (d *debian) eventually(within time.Duration, what string, holds func() bool) {
	d.t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("not within %s: %s", within, what)
		}
		select {
		case <-d.Ended():
			text, _ := os.ReadFile(d.Log)
			d.t.Fatalf("the Debian ended before %s:\n%s", what, text)
		default:
		}
	}
}

// wants holds a command's output.
func (d *debian) wants(want string, args ...string) {
	d.t.Helper()
	if got, _ := d.try(args...); got != want {
		d.t.Errorf("%s: %q, want %q", strings.Join(args, " "), got, want)
	}
}
