package office

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// feed is the real documents of a folder, with offers from the test. Of what was refused
// they only say that which came over the line, so the feed says it.
type feed struct {
	*upstream.Documents
	offered chan upstream.Offer

	mu        sync.Mutex
	adjourned string
	problem   string
	committed []string
}

func (f *feed) Commit(o upstream.Offer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committed = append(f.committed, o.ETag)
	return f.Documents.Commit(o)
}

func (f *feed) Refuse(etag, reason string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problem = reason
	return f.Documents.Refuse(etag, reason)
}

func (f *feed) Problem() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem
}

func (f *feed) Adjourn(etag string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adjourned = etag
	return f.Documents.Adjourn(etag)
}

func (f *feed) Offers() <-chan upstream.Offer { return f.offered }

// bench is an office whose probes, network and centre are the test's; all else is real.
type bench struct {
	*Office
	t      *testing.T
	cfg    Config
	deps   Deps
	feed   *feed
	ended  chan error
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	around  surroundings
	asks    map[string]int                    // SNMP probes made, by target
	results map[string]string                 // of a target's pings; "": it answers
	rounds  map[string]map[time.Time]struct{} // probes that ended, by target
}

// home is where the bench stands unless it is moved.
var home = surroundings{
	gateway: netip.MustParseAddr("192.168.1.1"),
	dns:     []netip.Addr{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("203.0.113.53")},
	own:     []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("192.168.1.20/24")},
}

// newBench makes an office in a folder whose file names no targets. It does not run.
func newBench(t *testing.T, folder string, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, around: home, asks: map[string]int{}, results: map[string]string{}, rounds: map[string]map[time.Time]struct{}{}}
	b.cfg = Config{
		Document: api.Document{Interval: time.Minute, Packets: 10}, URL: "https://127.0.0.1:1", Pin: "sha256:" + strings.Repeat("0f", 32), Token: "secret",
		Folder: folder, SpoolDir: filepath.Join(folder, "spool"), SpoolBytes: 64 << 20, Anchors: []string{"192.0.2.1", "192.0.2.2"}, Version: "1.2.3",
	}
	for _, c := range change {
		c(&b.cfg)
	}
	b.deps = Deps{
		Log: slog.New(slog.DiscardHandler), Probers: b.probers,
		look: func() surroundings { b.mu.Lock(); defer b.mu.Unlock(); return b.around },
		documents: func(d *upstream.Documents) documents {
			b.feed = &feed{Documents: d, offered: make(chan upstream.Offer, 1)}
			return b.feed
		},
	}
	return b
}

func (b *bench) build() *bench {
	b.t.Helper()
	var err error
	if b.Office, err = New(b.cfg, b.deps); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// start builds and runs it. stop ends it.
func (b *bench) start() *bench {
	b.t.Helper()
	b.build()
	ctx, cancel := context.WithCancelCause(b.t.Context())
	b.cancel, b.ended = cancel, make(chan error, 1)
	go func() { b.ended <- b.Run(ctx) }()
	return b
}

func (b *bench) stop() {
	b.t.Helper()
	b.cancel(nil)
	if err := <-b.ended; err != nil {
		b.t.Error(err)
	}
}

func (b *bench) probers(_ api.Document, now func() time.Time, _ *slog.Logger) (Probers, error) {
	return Probers{
		ICMP: func(t api.Target) func(context.Context) []*api.Point {
			return func(ctx context.Context) []*api.Point { return b.ping(ctx, t, now()) }
		},
		SNMP: func(t api.Target) func(context.Context) []*api.Point {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.asks[t.Name]++
			return func(context.Context) []*api.Point {
				return []*api.Point{api.NewPoint("device", now()).Tag("target", t.Name).Int("up", 1)}
			}
		},
	}, nil
}

// ping takes five seconds, as a round of ten echoes does.
func (b *bench) ping(ctx context.Context, t api.Target, at time.Time) []*api.Point {
	b.mu.Lock()
	hangs := b.results[t.Name] == "hangs"
	b.mu.Unlock()
	takes := 5 * time.Second
	if hangs {
		takes = 24 * time.Hour
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := api.NewPoint("ping", at).Tag("target", t.Name).Tag("role", string(t.Role))
	switch result := b.results[t.Name]; result {
	case "":
		p.Int("sent", 10).Int("received", 10).Float("rtt_median_ms", 1.5)
	case api.ResultNotProbed:
		p.Int("sent", 0).Int("received", 0).Text("result", result)
	default:
		p.Int("sent", 10).Int("received", 0).Text("result", result)
	}
	if b.rounds[t.Name] == nil {
		b.rounds[t.Name] = map[time.Time]struct{}{}
	}
	b.rounds[t.Name][at] = struct{}{}
	return []*api.Point{p}
}

func (b *bench) offer(etag string, doc api.Document) {
	b.feed.offered <- upstream.Offer{ETag: etag, Document: doc}
}

// will has a target's pings end so from now on.
func (b *bench) will(target, result string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.results[target] = result
}

func (b *bench) move(to surroundings) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.around = to
}

// inForce is the name of the document that is followed.
func (b *bench) inForce() string { synctest.Wait(); return b.current.Load().etag }

func (b *bench) worked() string {
	offer, _ := b.feed.Current()
	return offer.ETag
}

// lines are all that waits, once it is stopped.
func (b *bench) lines() []string {
	b.t.Helper()
	s, err := spool.Open(spool.Config{Dir: b.Office.cfg.SpoolDir, MaxBytes: b.cfg.SpoolBytes, Log: b.deps.Log})
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	var out []string
	for _, seq := range s.Sequences() {
		payload, err := s.Load(seq)
		if err != nil {
			b.t.Fatal(err)
		}
		batch, err := clock.Unmarshal(payload)
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, strings.Split(strings.TrimSuffix(string(batch.Lines), "\n"), "\n")...)
	}
	return out
}

// made is how often an SNMP probe was made, by target.
func (b *bench) made() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.asks)
}

// count is how many lines hold a text.
func (b *bench) count(text string) int {
	n := 0
	for _, l := range b.lines() {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

func docOf(names ...string) api.Document {
	doc := api.Document{Interval: time.Minute, Packets: 10}
	for i, name := range names {
		doc.Targets = append(doc.Targets, api.Target{Name: name, Address: fmt.Sprintf("192.168.1.%d", 10+i%200), Role: api.RoleLAN})
	}
	return doc
}

// roundsOf is how many rounds of a target have ended.
func (b *bench) roundsOf(target string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rounds[target])
}
