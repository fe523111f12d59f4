package main

import (
	"flag"
	"io"
	"os"
	"regexp"
	"testing"
)

// The unit is committed as a file: what it calls must be there.
func TestTheWatchUnitCallsWhatTheCommandKnows(t *testing.T) {
	unit, err := os.ReadFile("../deploy/systemd/communewatch-watch.service")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=\S+/communewatch-collector (\w+) (.*)$`).FindSubmatch(unit)
	if line == nil || string(line[1]) != "watch" {
		t.Fatalf("ExecStart is %q", line)
	}
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.String("lang", "vi", "")
	watchCollector(flags)
	names := regexp.MustCompile(`--(\w+)`).FindAllSubmatch(line[2], -1)
	if len(names) < 4 {
		t.Errorf("flags %q", names)
	}
	for _, name := range names {
		if flags.Lookup(string(name[1])) == nil {
			t.Errorf("no flag --%s", name[1])
		}
	}
}
