//go:build integration && long

package lab

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/store/embedded"
)

const (
	agentUnit      = "communewatch-agent.service"
	agentState     = "/var/lib/communewatch-agent"
	collectorUnit  = "communewatch-collector.service"
	collectorState = "/var/lib/communewatch"
)

// packaged are the packages of one version for a Debian of this machine's kind.
type packaged struct{ version, agent, collector string }

func makePackages(t *testing.T, version string) packaged {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./deploy/packages", "-out", dir, "-version", version, "-epoch", "1767225600", "-only", "linux-"+runtime.GOARCH)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make packages: %v\n%s", err, out)
	}
	name := func(what string) string {
		return filepath.Join(dir, fmt.Sprintf("communewatch-%s_%s_%s.deb", what, version[1:], runtime.GOARCH))
	}
	return packaged{version, name("agent"), name("collector")}
}

// TestPackagesRunOnADebianFromTheFirstInstallationToThePurge is what an administrator
// of an office and one of the province see, with dpkg, systemd and both services real.
func TestPackagesRunOnADebianFromTheFirstInstallationToThePurge(t *testing.T) {
	first, second := makePackages(t, "v0.0.1"), makePackages(t, "v0.0.2")
	d := bootDebian(t)
	// No echoes for a plain user, whatever this release's default is: the right must come from the unit.
	d.sh("echo '1 0' >/proc/sys/net/ipv4/ping_group_range")

	said := d.install(first.agent)
	if !strings.Contains(said, "Bước tiếp theo") || !strings.Contains(said, "Next:") {
		t.Errorf("after the installation it is not said what comes next:\n%s", said)
	}
	d.wantAccount("communewatch-agent", agentState)
	d.wants("enabled", "systemctl", "is-enabled", agentUnit)
	d.wants("inactive", "systemctl", "is-active", agentUnit) // nothing to measure for
	d.wantFiles("communewatch-agent")
	d.wantSound(agentUnit, 20)

	d.install(first.collector)
	d.wantAccount("communewatch", collectorState)
	d.wantFiles("communewatch-collector")
	d.wantSound(collectorUnit, 15)
	d.wants("active", "systemctl", "is-active", collectorUnit)
	d.sh("printf 'calendar: always\\ninterval: 1s\\n' >>/etc/communewatch/collector.yaml && systemctl restart " + collectorUnit)

	d.eventually(time.Minute, "the collector is ready", d.ready)
	d.invite()
	// An agent that was faster than its new token asks again after a good minute.
	d.eventually(3*time.Minute, "a point is stored", func() bool { return d.points() > 0 })
	d.wantRights("communewatch-agent", agentUnit, "0000000000002000") // CAP_NET_RAW, capability 13
	d.wantRights("communewatch", collectorUnit, "0000000000000000")

	for _, unit := range []string{agentUnit, collectorUnit} {
		d.wantRestarted(unit)
	}
	d.upgradeAgent(second)
	d.upgradeCollector(second)
	d.wantDisabledStays(second)
	d.removeAgent(second)
	d.removeCollector()
}

// wantAccount holds that a service's user can do nothing but own its folder.
func (d *debian) wantAccount(user, state string) {
	d.t.Helper()
	account := d.inside("getent", "passwd", user)
	if !strings.HasSuffix(account, ":/nonexistent:/usr/sbin/nologin") {
		d.t.Errorf("the account is %s", account)
	}
	if id, _ := strconv.Atoi(d.inside("id", "-u", user)); id == 0 || id >= 1000 {
		d.t.Errorf("%s has the id %d, which is no service's", user, id)
	}
	d.wants(user+" "+user+" 700", "stat", "-c", "%U %G %a", state)
}

// wantFiles holds that nobody but root can change what was installed.
func (d *debian) wantFiles(name string) {
	d.t.Helper()
	files := strings.Fields(d.inside("dpkg", "--listfiles", name))
	for _, file := range files {
		mode := d.inside("stat", "-c", "%U:%G %A", file)
		if !regexp.MustCompile(`^root:root (-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx)$`).MatchString(mode) {
			d.t.Errorf("%s is %s", file, mode)
		}
	}
	if len(files) < 10 {
		d.t.Errorf("%s holds %v", name, files)
	}
	d.wants("", "dpkg", "--verify", name)
}

// wantSound holds the unit against systemd's own judgement: no complaint, and an
// exposure of at most tenths (0 is none, 100 everything).
func (d *debian) wantSound(unit string, tenths int) {
	d.t.Helper()
	d.wants("", "systemd-analyze", "verify", unit)
	out, err := d.try("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold="+strconv.Itoa(tenths), "/usr/lib/systemd/system/"+unit)
	overall := regexp.MustCompile(`Overall exposure level for .*`).FindString(out)
	d.t.Log(overall)
	if err != nil {
		d.t.Errorf("systemd-analyze security: %v (%s), want at most %d tenths", err, overall, tenths)
	}
}

// invite pastes what the collector prints, as an office does.
func (d *debian) invite() {
	d.t.Helper()
	line := d.sh("communewatch-collector enrol --config /etc/communewatch/collector.yaml --url https://127.0.0.1:8443 --qr=false bd-21997 2>/dev/null")
	if err := os.WriteFile(filepath.Join(d.root, "srv", "line"), []byte(line+"\n"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	said := d.sh("communewatch-agent install </srv/line")
	d.t.Logf("%s", said)
	if !strings.Contains(said, "ĐẠT: ") {
		d.t.Errorf("the installation says\n%s", said)
	}
	d.sh("echo 'interval: 1s' >>" + agentState + "/agent.yaml && systemctl restart " + agentUnit)
}

// points is how many answered rounds are stored.
func (d *debian) points() int {
	d.t.Helper()
	credential, err := embedded.Credential(center.InfluxDir(filepath.Join(d.root, collectorState)))
	if err != nil {
		return 0
	}
	query := url.Values{"db": {"communewatch"}, "q": {`SELECT COUNT("received") FROM "raw"."ping" WHERE "received" > 0`}}
	cmd := exec.CommandContext(d.t.Context(), "nsenter", "--target", d.pid, "--net", "curl", "--silent", "--config", "-", "http://127.0.0.1:8486/query?"+query.Encode())
	cmd.Stdin = strings.NewReader("user = \"" + credential + "\"\n")
	out, _ := cmd.Output() // a database that is not up yet has no points
	m := regexp.MustCompile(`Z",(\d+)\]`).FindSubmatch(out)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1])) // digits by the expression
	return n
}

// ready says whether a write could be stored.
func (d *debian) ready() bool {
	return exec.CommandContext(d.t.Context(), "nsenter", "--target", d.pid, "--net", "curl", "--silent", "--fail", "--output", "/dev/null", "http://127.0.0.1:8480/readyz").Run() == nil
}

func (d *debian) mainPID(unit string) string {
	d.t.Helper()
	return d.inside("systemctl", "show", "--property=MainPID", "--value", unit)
}

// wantRights holds what the kernel says of the running service.
func (d *debian) wantRights(user, unit, capabilities string) {
	d.t.Helper()
	status := d.inside("cat", "/proc/"+d.mainPID(unit)+"/status")
	for _, want := range []string{"CapPrm:\t" + capabilities, "CapEff:\t" + capabilities, "CapBnd:\t" + capabilities, "CapAmb:\t" + capabilities, "NoNewPrivs:\t1", "Seccomp:\t2", "Umask:\t0077"} {
		if !strings.Contains(status, want+"\n") {
			d.t.Errorf("%s runs without %q:\n%s", unit, want, status)
		}
	}
	id := d.inside("id", "-u", user)
	if !strings.Contains(status, "Uid:\t"+strings.Join([]string{id, id, id, id}, "\t")) {
		d.t.Errorf("%s does not run as %s", unit, user)
	}
}

// wantRestarted kills the service twice in a row, and once more.
func (d *debian) wantRestarted(unit string) {
	d.t.Helper()
	for range 3 {
		before := d.mainPID(unit)
		d.inside("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
		d.eventually(30*time.Second, unit+" is there again", func() bool {
			now := d.mainPID(unit)
			return now != "0" && now != before
		})
	}
	stored := d.points()
	d.eventually(time.Minute, "measuring goes on after kills of "+unit, func() bool { return d.points() > stored })
}

func (d *debian) batches() []string {
	d.t.Helper()
	return strings.Fields(d.sh("cd " + agentState + "/spool && find . -type f -name '*.batch'"))
}

// identity is what must be the same ever after, with owners and modes.
func (d *debian) identity() string {
	d.t.Helper()
	return d.sh("cd " + agentState + " && stat -c '%n %U %G %a %i' . agent.yaml identity.pem spool && sha256sum agent.yaml identity.pem")
}

// upgradeAgent does it while the collector is away, so that something waits.
func (d *debian) upgradeAgent(to packaged) {
	d.t.Helper()
	d.inside("systemctl", "stop", collectorUnit)
	d.eventually(time.Minute, "some batches wait", func() bool { return len(d.batches()) >= 3 })
	before, waiting, pid := d.identity(), d.batches(), d.mainPID(agentUnit)
	d.install(to.agent)
	if after := d.identity(); after != before {
		d.t.Errorf("the upgrade changed\n%s\nto\n%s", before, after)
	}
	now := d.batches()
	for _, name := range waiting {
		if !slices.Contains(now, name) {
			d.t.Errorf("batch %s of %d was lost by the upgrade", name, len(waiting))
		}
	}
	d.t.Logf("%d batches waited while the agent was upgraded", len(waiting))
	if version := d.inside("communewatch-agent", "version"); !strings.Contains(version, to.version) {
		d.t.Errorf("the upgraded agent is %s", version)
	}
	if now := d.mainPID(agentUnit); now == pid || now == "0" {
		d.t.Errorf("the agent is process %s after the upgrade, and was %s", now, pid)
	}
	d.inside("systemctl", "start", collectorUnit)
	d.eventually(2*time.Minute, "what waited is sent", func() bool {
		now := d.batches()
		return !slices.ContainsFunc(waiting, func(name string) bool { return slices.Contains(now, name) })
	})
}

// upgradeCollector holds that keys, measurements and the edited configuration stay.
func (d *debian) upgradeCollector(to packaged) {
	d.t.Helper()
	stored := d.points()
	keys := d.sh("cd " + collectorState + " && sha256sum keys/* && sha256sum /etc/communewatch/collector.yaml")
	d.install(to.collector)
	if after := d.sh("cd " + collectorState + " && sha256sum keys/* && sha256sum /etc/communewatch/collector.yaml"); after != keys {
		d.t.Errorf("the upgrade changed\n%s\nto\n%s", keys, after)
	}
	if version := d.inside("communewatch-collector", "version"); !strings.Contains(version, to.version) {
		d.t.Errorf("the upgraded collector is %s", version)
	}
	d.eventually(time.Minute, "measuring goes on after the collector's upgrade", func() bool { return d.points() > stored })
}

func (d *debian) wantDisabledStays(of packaged) {
	d.t.Helper()
	d.inside("systemctl", "disable", "--now", agentUnit)
	d.install(of.agent)
	d.wants("disabled", "systemctl", "is-enabled", agentUnit)
	d.wants("inactive", "systemctl", "is-active", agentUnit)
	d.inside("systemctl", "enable", "--now", agentUnit)
}

// removeAgent removes, installs again and purges.
func (d *debian) removeAgent(of packaged) {
	d.t.Helper()
	before := d.identity()
	d.inside("dpkg", "--remove", "communewatch-agent")
	if running, _ := d.try("sh", "-c", "cat /proc/[0-9]*/comm | grep communewatch-ag"); running != "" {
		d.t.Error("the agent runs after its removal")
	}
	if said := d.inside("journalctl", "--no-pager", "--unit", agentUnit); !strings.Contains(said, "agent stopped") {
		d.t.Error("the removed agent did not stop in order")
	}
	if after := d.identity(); after != before {
		d.t.Errorf("the removal changed\n%s\nto\n%s", before, after)
	}
	d.install(of.agent)
	d.wants("active", "systemctl", "is-active", agentUnit)
	stored := d.points()
	d.eventually(time.Minute, "the agent that was installed again goes on", func() bool { return d.points() > stored })
	d.inside("dpkg", "--purge", "communewatch-agent")
	d.wants("", "find", "/", "-xdev", "-not", "-path", "/srv/*", "-name", "*communewatch-agent*")
	d.wants("", "find", "/run", "/tmp", "/dev/shm", "-name", "*communewatch-agent*")
	// passwd- and the like are the system's own copies of the last state but one.
	d.wants("", "grep", "-r", "--exclude=*-", "communewatch-agent", "/etc")
	d.wants("", "grep", "communewatch-agent", "/var/lib/dpkg/status")
	d.wants("", "systemctl", "list-units", "--all", "--no-legend", "--plain", agentUnit)
}

// removeCollector holds that only a person removes keys and measurements.
func (d *debian) removeCollector() {
	d.t.Helper()
	keys := d.sh("cd " + collectorState + " && sha256sum keys/*")
	said := d.inside("dpkg", "--purge", "communewatch-collector")
	if !strings.Contains(said, "rm -rf "+collectorState) {
		d.t.Errorf("the purge does not say what it left:\n%s", said)
	}
	if after := d.sh("cd " + collectorState + " && sha256sum keys/*"); after != keys {
		d.t.Errorf("the purge changed the keys")
	}
	if running, _ := d.try("sh", "-c", "cat /proc/[0-9]*/comm | grep communewatch"); running != "" {
		d.t.Errorf("after the collector's removal runs %s", running)
	}
	d.wants("", "find", "/", "-xdev", "-not", "-path", "/srv/*", "-not", "-path", collectorState+"*", "-name", "*communewatch*")
}
