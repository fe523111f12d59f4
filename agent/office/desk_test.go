//go:build !windows

package office

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"communewatch/agent/service"
	"communewatch/collector/say"
)

// What is installed is a copy of the test's own program: it is the agent then.
func init() {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		if err := beAgent(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func beAgent(args []string) error {
	path := args[slices.Index(args, "--config")+1]
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	how := service.Config{Folder: filepath.Dir(path), Background: slices.Contains(args, "--background"), Err: os.Stderr}
	return service.Run(ctx, how, func(ctx context.Context, host service.Host) error {
		cfg, err := Load(path)
		if err != nil {
			return err
		}
		o, err := New(cfg, Deps{Log: host.Log, Sleeps: host.Sleeps})
		if err != nil {
			return err
		}
		return o.Run(ctx)
	})
}

// desk is a person at the office's PC: one without an administrator's rights, and without
// a systemd of his own.
type desk struct {
	t        *testing.T
	centre   *centre
	home     string
	folder   string
	patience time.Duration
	log      bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	home := filepath.Join(t.TempDir(), "Nguyễn Văn Đức")
	must(t, os.Mkdir(home, 0o700))
	t.Setenv("HOME", home)
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // whatever the tests run on: no systemd of the user's
	for _, name := range []string{"XDG_STATE_HOME", "XDG_CONFIG_HOME", "HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, "")
	}
	return &desk{t: t, centre: newCentre(t), home: home, folder: filepath.Join(home, ".local/state/communewatch-agent"), patience: 20 * time.Second}
}

var loopback = netip.MustParseAddr("127.0.0.1")

func (d *desk) install(pasted string, change ...func(*Install)) Result {
	d.t.Helper()
	in := Install{Pasted: pasted, PerUser: true, NoService: true, Version: "test", Lang: say.English,
		Log: slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, c := range change {
		c(&in)
	}
	return in.Do(d.t.Context(), InstallDeps{FirstWait: d.patience, Gateway: func() (netip.Addr, bool) { return loopback, true }})
}

func started(in *Install) { in.NoService = false }

func replacing(in *Install) { in.Replace = true }

// told is the steps, one a line.
func told(r Result) string {
	var out strings.Builder
	for _, s := range r.Steps {
		mark := "+"
		if !s.OK {
			mark = "-"
		}
		fmt.Fprintf(&out, "%s %s: %s\n", mark, s.Name, s.Text)
	}
	return out.String()
}

func (d *desk) passes(r Result) {
	d.t.Helper()
	if !r.Passed {
		d.t.Fatalf("not passed:\n%s%s", told(r), r.Last)
	}
}

// failsAt gives the text of the step at which it ended.
func (d *desk) failsAt(r Result, step string) Step {
	d.t.Helper()
	last := r.Steps[len(r.Steps)-1]
	if r.Passed || last.OK || last.Name != step || last.Todo == "" || !strings.Contains(r.Last, last.Todo) {
		d.t.Fatalf("want it to end at %s with what to do:\n%s%s", step, told(r), r.Last)
	}
	return last
}

// quick writes what an administrator would change: a round each second, of this machine only.
func (d *desk) quick() {
	d.t.Helper()
	must(d.t, os.MkdirAll(d.folder, 0o700))
	text := configText(known{URL: d.centre.url(), Pin: d.centre.pin}, "") + "interval: 1s\npackets: 1\ntargets: [{name: own, address: 127.0.0.1, role: gateway}]\n"
	must(d.t, os.WriteFile(filepath.Join(d.folder, "agent.yaml"), []byte(text), 0o600))
}

// secretFree fails if the token stands in a file, a line of the log or a step.
func (d *desk) secretFree(token string, r Result) {
	d.t.Helper()
	if strings.Contains(told(r)+r.Last+d.log.String(), token) {
		d.t.Error("the token was shown")
	}
	must(d.t, filepath.WalkDir(d.home, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if data, err := os.ReadFile(path); err == nil && len(data) < 1<<20 && bytes.Contains(data, []byte(token)) {
			d.t.Errorf("the token stands in %s", path)
		}
		return nil
	}))
}
