package office

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"communewatch/agent/round"
	"communewatch/collector/api"
)

func TestHealthSaysThatICMPIsNotToBeTrustedAndNothingWhenItIs(t *testing.T) {
	answered := 0
	o := officeWith(t, Probers{
		ICMP:      func(api.Target) func(context.Context) []*api.Point { return nil },
		Trust:     func(context.Context) []*api.Point { return nil },
		Untrusted: func() int { return answered },
	})
	if v, there := o.health(round.Timing{}).FieldNamed("icmp_untrusted"); there {
		t.Errorf("got %v, want none", v)
	}
	answered = 2
	p := o.health(round.Timing{})
	if v, _ := p.FieldNamed("icmp_untrusted"); v.Integer() != 2 {
		t.Errorf("got %v, want 2", v)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

func TestWhetherICMPIsToBeTrustedIsATaskOfTheRounds(t *testing.T) {
	ping := func(api.Target) func(context.Context) []*api.Point { return nil }
	targets := []api.Target{{Name: "a"}, {Name: "b"}}
	without, with := tasks(targets, Probers{ICMP: ping}), tasks(targets, Probers{ICMP: ping, Trust: func(context.Context) []*api.Point { return nil }})
	if len(without) != 2 || len(with) != 3 || with[2].Probe == nil {
		t.Errorf("%d tasks without, %d with", len(without), len(with))
	}
}

// officeWith is an office that never runs.
func officeWith(t *testing.T, probers Probers) *Office {
	t.Helper()
	doc := api.Document{
		Interval: time.Minute, Packets: 10, Targets: []api.Target{{Name: "a", Address: "127.0.0.1", Role: api.RoleLAN}},
	}
	o, err := New(Config{Document: doc, URL: "https://127.0.0.1", Pin: "sha256:" + strings.Repeat("0f", 32), Token: "secret", SpoolDir: t.TempDir(), SpoolBytes: 1 << 20}, Deps{
		Log:     slog.New(slog.DiscardHandler),
		Probers: func(api.Document, func() time.Time, *slog.Logger) (Probers, error) { return probers, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}
