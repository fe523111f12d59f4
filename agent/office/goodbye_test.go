package office

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"communewatch/agent/service"
	"communewatch/collector/api"
)

// goes runs an office of one target at a centre; end ends it for a reason and gives what
// the centre heard on each write.
func goes(t *testing.T, sleeps <-chan service.Sleep) (c *centre, end func(error) []string) {
	t.Helper()
	c = newCentre(t)
	probe := func(api.Target) func(context.Context) []*api.Point {
		return func(context.Context) []*api.Point {
			return []*api.Point{api.NewPoint("ping", time.Now()).Tag(api.TagTarget, "x").Tag(api.TagRole, "gateway").Int("sent", 1).Int("received", 1)}
		}
	}
	o, err := New(Config{
		Document: api.Document{Interval: time.Second, Packets: 1, Targets: []api.Target{{Name: "x", Address: "192.0.2.1", Role: api.RoleGateway}}},
		URL:      c.url(), Pin: c.pin, Token: "secret", SpoolDir: t.TempDir(), SpoolBytes: 1 << 20,
	}, Deps{Log: slog.New(slog.DiscardHandler), Sleeps: sleeps,
		Probers: func(api.Document, func() time.Time, *slog.Logger) (Probers, error) {
			return Probers{ICMP: probe, SNMP: probe}, nil
		}})
	must(t, err)
	ctx, stop := context.WithCancelCause(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	end = func(why error) []string {
		stop(why)
		must(t, <-ended)
		return c.heard()
	}
	once := sync.OnceFunc(func() { stop(nil) })
	t.Cleanup(once)
	return c, end
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestTheGoodbyeSaysWhyTheAgentEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		why  error
		want string
	}{
		{"stopped", service.ErrStop, "stop"},
		{"the machine is switched off", service.ErrShutdown, "shutdown"},
		{"for no reason that is known", context.Canceled, "stop"},
		{"the plug is pulled", ErrPowerCut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			centre, end := goes(t, nil)
			eventually(t, "a write", func() bool { return len(centre.heard()) > 0 })
			heard := end(c.why)
			last, before := heard[len(heard)-1], heard[:len(heard)-1]
			if last != c.want || slices.ContainsFunc(before, func(s string) bool { return s != "" }) {
				t.Errorf("heard %q", heard)
			}
		})
	}
}

func TestAMachineThatSleepsSaysSoFirstAndGoesOnWhenItWakes(t *testing.T) {
	sleeps := make(chan service.Sleep, 1)
	centre, end := goes(t, sleeps)
	for night := range 2 {
		before := len(centre.heard())
		eventually(t, "a write", func() bool { return len(centre.heard()) > before })
		woken, ready := make(chan struct{}), make(chan struct{})
		sleeps <- service.Sleep{Ready: func() { close(ready) }, Woken: woken}
		<-ready
		heard := centre.heard()
		if heard[len(heard)-1] != "sleep" {
			t.Fatalf("night %d: heard %q", night, heard)
		}
		time.Sleep(2500 * time.Millisecond)
		if now := centre.heard(); len(now) != len(heard) {
			t.Errorf("night %d: it talks in its sleep: %q", night, now)
		}
		close(woken)
	}
	eventually(t, "a write after the waking", func() bool {
		heard := centre.heard()
		return heard[len(heard)-1] == ""
	})
	if heard := end(service.ErrStop); heard[len(heard)-1] != "stop" {
		t.Errorf("heard %q", heard)
	}
}

func TestAnAgentThatIsEndedWhileTheMachineWakesSaysGoodbyeAgain(t *testing.T) {
	sleeps := make(chan service.Sleep, 1)
	centre, end := goes(t, sleeps)
	eventually(t, "a write", func() bool { return len(centre.heard()) > 0 })
	ready := make(chan struct{})
	sleeps <- service.Sleep{Ready: func() { close(ready) }, Woken: make(chan struct{})}
	<-ready
	if heard := end(service.ErrShutdown); heard[len(heard)-1] != "shutdown" {
		t.Errorf("heard %q", heard)
	}
}
