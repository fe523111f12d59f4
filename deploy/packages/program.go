package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// platform is one that we build for.
type platform struct {
	goos, goarch string
	name         string // as Debian and the files' names call it
}

func (p platform) String() string { return p.goos + "-" + p.name }

// environment leaves nothing to the builder's: the oldest processors of each kind must
// do. Debian's armhf is ARMv7; boards of ARMv6 run systems that are called armhf too.
func (p platform) environment() []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=" + p.goos, "GOARCH=" + p.goarch,
		"GOAMD64=v1", "GO386=sse2", "GOARM=6", "GOARM64=v8.0",
	}
}

// program is one that is packed.
type program struct {
	name string // of its file
	dir  string // of its module
	path string // what to build there
}

var (
	agent     = program{"communewatch-agent", ".", "./agent"}
	collector = program{"communewatch-collector", ".", "./collector"}
	influxd   = program{"communewatch-influxd", "deploy/influxdb", "github.com/influxdata/influxdb/cmd/influxd"}
)

// build makes the program for a platform and gives the folder of it, which holds the
// platform's other programs too.
func (m *maker) build(ctx context.Context, p platform, what program) (string, error) {
	dir := filepath.Join(m.work, p.String())
	file := filepath.Join(dir, what.name)
	if p.goos == "windows" {
		file += ".exe"
	}
	flags := "-s -w"
	if what != influxd {
		flags += " -X main.version=" + m.version
	}
	fmt.Fprintf(os.Stderr, "building %s for %s\n", what.name, p)
	// -buildvcs would put in what git's folder says, which a copy without one does not have.
	return dir, m.goCommand(ctx, p.environment(), "build", "-C", what.dir, "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", file, what.path)
}

func (m *maker) goCommand(ctx context.Context, env []string, args ...string) error {
	return run(ctx, env, goTool(), args...)
}

// goTool is the one that make uses.
func goTool() string {
	if name := os.Getenv("GO"); name != "" {
		return name
	}
	return "go"
}
