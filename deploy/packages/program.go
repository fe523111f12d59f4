package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// platform is one that we build for.
type platform struct {
	goos, goarch string
	name         string // as Debian and the files' names call it
}

func (p platform) String() string { return p.goos + "-" + p.name }

// chosen reads a list of platforms; nil is all.
func chosen(list string) (map[string]bool, error) {
	if list == "" {
		return nil, nil
	}
	known := map[string]bool{}
	for _, p := range slices.Concat(debianAgents, debianCollectors, windowsAgents) {
		known[p.String()] = true
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		if !known[name] {
			return nil, fmt.Errorf("no packages are made for %q; known are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		names[name] = true
	}
	return names, nil
}

// wanted leaves out what was not asked for.
func (m *maker) wanted(all []platform) []platform {
	if m.only == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p platform) bool { return !m.only[p.String()] })
}

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
