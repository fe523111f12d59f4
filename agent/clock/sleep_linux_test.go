//go:build integration

package clock

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A time namespace whose CLOCK_BOOTTIME is ahead looks as if the machine had slept.
func TestSuspendedIsWhatTheBootClockIsAheadOfTheMonotonicOne(t *testing.T) {
	const asleep = 100_000 * time.Second
	if os.Getenv("COMMUNEWATCH_PRINT_SUSPENDED") != "" {
		b := readBoot()
		os.Stdout.WriteString("suspended=" + suspended().String() + " boot=" + b.clock.String() + "\n")
		return
	}
	test := exec.Command("unshare", "--time", "--boottime", "100000", os.Args[0], "-test.run", t.Name(), "-test.count", "1")
	test.Env = append(os.Environ(), "COMMUNEWATCH_PRINT_SUSPENDED=1")
	out, err := test.Output()
	if err != nil {
		t.Fatalf("unshare: %v; it is in util-linux and must run as root", err)
	}
	read := func(name string) time.Duration {
		_, rest, _ := strings.Cut(string(out), name+"=")
		d, err := time.ParseDuration(strings.Fields(rest + " -")[0])
		if err != nil {
			t.Fatalf("%s in %q: %v", name, out, err)
		}
		return d
	}
	outside, boot := suspended(), readBoot().clock
	if got := read("suspended") - outside; got < asleep-time.Second || got > asleep+time.Second {
		t.Errorf("suspended for %s, want %s", got, asleep)
	}
	if got := boot - read("boot"); got < -asleep-time.Second || got > -asleep+time.Minute {
		t.Errorf("boot's clock is behind by %s, want %s", got, -asleep)
	}
}
