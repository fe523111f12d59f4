package icmp

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestAConfigurationOutOfRangeIsRefused(t *testing.T) {
	for want, cfg := range map[string]Config{
		"icmp packets is 101, want 1 to 100":        {Packets: 101},
		"icmp packets is -1, want 1 to 100":         {Packets: -1},
		"icmp spacing is 999µs, want 1ms to 10s":    {Spacing: 999 * time.Microsecond},
		"icmp spacing is 11s, want 1ms to 10s":      {Spacing: 11 * time.Second},
		"icmp timeout is 9ms, want 10ms to 1m":      {Timeout: 9 * time.Millisecond},
		"icmp pace is 99µs, want 100µs to 1s":       {Pace: 99 * time.Microsecond},
		"icmp pace is 1.001s, want 100µs to 1s":     {Pace: 1001 * time.Millisecond},
		"icmp timeout is 1m0.001s, want 10ms to 1m": {Timeout: time.Minute + time.Millisecond},
	} {
		if _, err := New(cfg); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAnEmptyConfigurationTakesTheDefaults(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if p.cfg.Packets != 10 || p.cfg.Spacing != 200*time.Millisecond || p.cfg.Timeout != 3*time.Second {
		t.Errorf("got %d packets, %s apart, %s to answer", p.cfg.Packets, p.cfg.Spacing, p.cfg.Timeout)
	}
}

func TestACancelledRoundIsNotProbedAndStillAPoint(t *testing.T) {
	at := time.Unix(1_700_000_000, 5)
	p, err := New(Config{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, address := range []string{"127.0.0.1", "::1", "nowhere.invalid"} {
		got := fields(t, p.Target(api.Target{Name: "x", Address: address, Role: api.RoleLAN})(ctx))
		if want := `sent=0i,received=0i,result="not_probed" 1700000000000000005`; got != want {
			t.Errorf("%s: got %s", address, got)
		}
	}
}

func TestARepeatedTroubleIsSaidOnceUntilItIsOver(t *testing.T) {
	var out lines
	var c complaint
	for range 3 {
		c.say(out.log(), "no socket")
	}
	c.over()
	c.say(out.log(), "no socket")
	c.say(out.log(), "no name")
	if got := out.all(); len(got) != 3 {
		t.Errorf("got %q", got)
	}
}

func TestARefusedSocketSaysWhatToDo(t *testing.T) {
	if got := remedy(errors.Join(errors.New("x"), fs.ErrPermission)); !strings.Contains(got, "CAP_NET_RAW") && !strings.Contains(got, "LocalSystem") {
		t.Error(got)
	}
}

// fields gives the fields and the time of the one point of the target "x", checked
// against the contract.
func fields(t testing.TB, points []*api.Point) string {
	t.Helper()
	if len(points) != 1 {
		t.Fatalf("got %d points, want 1", len(points))
	}
	line, err := points[0].AppendLine(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return rest
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.FieldsFunc(l.text.String(), func(r rune) bool { return r == '\n' })
}
