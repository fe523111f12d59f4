// Command communewatch-packages makes what is installed: the agent for Debian and
// Windows, the collector with its InfluxDB for Debian, and the checksums of all. Run
// in the repository's folder; `make packages` does.
//
// In go the sources, the version and the time of the last commit; out come files that
// depend on nothing else but the Go release: neither on the folder or the day they are
// made in, nor on who makes them.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	out := flag.String("out", "dist", "folder of the packages; older ones in it are removed")
	version := flag.String("version", "devel", "as git describe says it")
	only := flag.String("only", "", "platforms to make, comma between: linux-amd64,windows-386; empty makes all")
	epoch := flag.Int64("epoch", 0, "time of the last commit, in seconds since 1970")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	made, err := makeAll(ctx, *out, *version, *only, time.Unix(*epoch, 0).UTC())
	if err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
	for _, file := range made {
		if info, err := os.Stat(file); err == nil {
			fmt.Printf("%-72s %5.1f MB\n", file, float64(info.Size())/1e6)
		}
	}
}

// maker makes packages of one version.
type maker struct {
	out     string
	work    string          // for what goes into them; removed afterwards
	only    map[string]bool // platforms; nil is all
	version string
	debian  string // the version in Debian's order
	at      time.Time
	made    []string
}

func makeAll(ctx context.Context, out, version, only string, at time.Time) ([]string, error) {
	// A zip knows no time before 1980.
	if at.Year() < 1980 {
		return nil, fmt.Errorf("the time of the commit is %s: give -epoch", at.Format(time.RFC3339))
	}
	debian, err := debianVersion(version, at)
	if err != nil {
		return nil, err
	}
	wanted, err := chosen(only)
	if err != nil {
		return nil, err
	}
	if err := removeOld(out); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "communewatch-packages-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	m := &maker{out: out, work: work, only: wanted, version: version, debian: debian, at: at}
	for _, step := range []func(context.Context) error{m.tools, m.debianAgents, m.debianCollectors, m.windowsAgents} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return m.made, m.sums()
}

// removeOld leaves what is no package of ours: dist/ also holds bare programs.
func removeOld(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"communewatch-*.deb", "communewatch-*.zip", sumsName} {
		old, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			return err
		}
		for _, file := range old {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) tools(ctx context.Context) error {
	return m.goCommand(ctx, nil, "build", "-C", "deploy/packages/nfpm", "-o", m.nfpm(), "github.com/goreleaser/nfpm/v2/cmd/nfpm")
}

func (m *maker) nfpm() string { return filepath.Join(m.work, "nfpm") }

const sumsName = "SHA256SUMS"

// sums writes the checksums as `sha256sum --check` reads them.
func (m *maker) sums() error {
	slices.Sort(m.made)
	var text strings.Builder
	for _, file := range m.made {
		sum, err := sumOf(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sum, filepath.Base(file))
	}
	return os.WriteFile(filepath.Join(m.out, sumsName), []byte(text.String()), 0o644)
}

func sumOf(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return h.Sum(nil), nil
}

// run runs a program whose complaints go to the terminal.
func run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return nil
}
