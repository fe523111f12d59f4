package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"communewatch/agent/office"
	"communewatch/collector/api"
)

// officeProcess is the first argument of a test binary that is to be an office: the
// shipped agent in everything but prober and wall clock, in a process of its own, so
// that kill -9 is what it is.
const officeProcess = "lab-office"

// witnessed is the configuration of such an office.
type witnessed struct {
	Site, URL, Pin, Token string
	Dir                   string        // of its spool and its journal
	Ahead                 time.Duration // how much its wall clock is ahead of the true time
	Interval              time.Duration
}

func (w witnessed) journal() string { return filepath.Join(w.Dir, "journal") }
func (w witnessed) spool() string   { return filepath.Join(w.Dir, "spool") }

func (w witnessed) start() (*Process, error) {
	config, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	return Start(filepath.Join(w.Dir, "log"), os.Args[0], officeProcess, string(config))
}

func runOffice(config string) error {
	var w witnessed
	if err := json.Unmarshal([]byte(config), &w); err != nil {
		return err
	}
	file, err := os.OpenFile(w.journal(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	j := &journal{file: file}
	j.write("begun " + strconv.FormatInt(int64(w.Ahead), 10))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	agent, err := office.New(office.Config{Document: document(w.Interval), URL: w.URL, Pin: w.Pin, Token: w.Token,
		SpoolDir: w.spool(), SpoolBytes: 256 << 20, Version: "test", MaxWait: w.Interval},
		office.Deps{
			Log:     slog.New(kept{slog.NewTextHandler(os.Stderr, nil), j}),
			Wall:    func() time.Time { return time.Now().Add(w.Ahead) },
			Probers: j.probers,
		})
	if err != nil {
		return err
	}
	return agent.Run(ctx)
}

// journal is a witness beside the agent: every point that a prober said, before the
// agent has it, and every moment at which the agent had put a batch on disk. What is
// written survives the kill of its process, since the kernel has it.
type journal struct {
	mu   sync.Mutex
	file *os.File
	last int64
}

func (j *journal) write(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.WriteString(line + "\n"); err != nil {
		panic(err)
	}
}

// moment is the true time in microseconds, and never the same twice: it is what
// makes each point another, whatever clock dates it.
func (j *journal) moment() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = max(time.Now().UnixMicro(), j.last+1)
	return j.last
}

func (j *journal) say(p *api.Point) *api.Point {
	line, err := p.AppendLine(nil)
	if err != nil {
		panic(err)
	}
	j.write("said " + strings.TrimSuffix(string(line), "\n"))
	return p
}

// probers say points of which no two have the same values.
func (j *journal) probers(_ api.Document, now func() time.Time, _ *slog.Logger) (office.Probers, error) {
	return office.Probers{
		ICMP: func(t api.Target) func(context.Context) []*api.Point {
			return func(context.Context) []*api.Point {
				us := j.moment()
				p := api.NewPoint("ping", now()).Tag(api.TagTarget, t.Name).Tag(api.TagRole, string(t.Role)).Int("sent", 10).Int("received", 10).
					Float("rtt_min_ms", float64(us%1e6)/1e3).Float("rtt_median_ms", float64(us/1e6%10_000)).Float("rtt_max_ms", float64(us/1e10%1e5))
				return []*api.Point{j.say(p)}
			}
		},
		SNMP: func(t api.Target) func(context.Context) []*api.Point {
			return func(context.Context) []*api.Point {
				us, at := j.moment(), now()
				return []*api.Point{
					j.say(api.NewPoint("interface", at).Tag(api.TagTarget, t.Name).Tag(api.TagInterface, "uplink").Int("oper_up", 1).Int("in_octets", us)),
					j.say(api.NewPoint("device", at).Tag(api.TagTarget, t.Name).Int("up", 1).Float("uptime_seconds", float64(us)/1e6)),
				}
			}
		},
	}, nil
}

// kept passes log lines on and tells the journal when a batch is on disk.
type kept struct {
	slog.Handler
	journal *journal
}

func (k kept) Enabled(context.Context, slog.Level) bool { return true }

func (k kept) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "batch kept" {
		k.journal.write("kept")
	}
	if r.Level < slog.LevelInfo {
		return nil
	}
	return k.Handler.Handle(ctx, r)
}

func (k kept) WithAttrs(attrs []slog.Attr) slog.Handler {
	return kept{k.Handler.WithAttrs(attrs), k.journal}
}

// testimony is what a journal says: when each point was said by its office's clock, how
// far that clock was ahead, and which points the agent must not lose.
type testimony struct {
	points map[string]said // by series and values
	runs   int
}

type said struct {
	at    int64 // as measured, by the session's clock, nanoseconds
	ahead time.Duration
	must  bool // it was on the agent's disk
}

// testify reads a journal. A batch holds all that was said before the batch before it
// was kept: so what was said before the last but one "kept" of a run is on disk.
func testify(path string) (testimony, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return testimony{}, err
	}
	out := testimony{points: map[string]said{}}
	var ahead time.Duration
	var open, waiting []string // said since the last "kept", and before it
	settle := func() {
		for _, key := range waiting {
			s := out.points[key]
			s.must = true
			out.points[key] = s
		}
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "begun":
			n, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				return out, err
			}
			ahead, open, waiting = time.Duration(n), nil, nil
			out.runs++
		case "kept":
			settle()
			waiting, open = open, nil
		case "said":
			var p api.Point
			if err := api.ParseLine(rest, &p); err != nil {
				return out, fmt.Errorf("journal: %w", err)
			}
			key := identity(&p)
			if _, twice := out.points[key]; twice {
				return out, fmt.Errorf("journal: %s said twice", key)
			}
			out.points[key] = said{at: p.Time, ahead: ahead}
			open = append(open, key)
		}
	}
	return out, lines.Err()
}

// identity is a point without its time: series and values.
func identity(p *api.Point) string {
	ledger := Ledger{}
	ledger.Enter(p)
	for key, values := range ledger {
		return key[:strings.LastIndexByte(key, ' ')] + " " + values
	}
	return ""
}
