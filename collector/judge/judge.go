// Package judge says what each site is in, and what has become of it. In come what the
// agents measured and the receipts of it from the store, the calendar, the terrain and
// the maintenance windows from the inventory, the figures of policy.yaml (named here as
// the fields of [Policy]), and its own last judgements; out go, every few seconds, one
// point site_state for every site and one area_state for every area ([Judge.Once]), the
// names for lists (directory), and beside that what [Judge.Review] finds in what came in:
// outages, incidents, alarms, hours and days. It keeps nothing: whoever judges the same
// store finds the same, so a second judge or a new one may start at any time.
//
// The rules of a site's state, in this order; I is the interval of its office's rounds:
//
//   - no receipt within retention: not_installed.
//   - the newest said goodbye: closed, since then.
//   - heard, which is: a receipt in the last SilentAfter (SilentRounds I and a half more, at
//     most 30 s; for a metered line, which says how often it sends, twice that on top):
//     judged on rounds, see below.
//   - else, every UPS that spoke within Battery before the last receipt said that it ran
//     on its battery: power_lost, since the last receipt, whether the office is due or not.
//   - else, the office is not due: closed, since it ceased to be due or was last heard,
//     whichever is later (since the latter if it was due for less than SilentAfter more). It
//     is due while its calendar says open, but for the first Opening of that (people have yet
//     to come in) and the last Closing (they may have gone).
//   - else silent, since the last receipt or since it came to be due, whichever is later.
//   - Only time in which a collector ran counts for power_lost and silent: after it was
//     away, every site keeps its last state (with the reason "waiting") until it has been
//     listened for that long. One without a last state gets no heartbeat till then.
//
// On rounds, by the time at which they were measured:
//
//   - A target counts if it has a round in the FreshRounds I before the newest receipt; so
//     a backlog that is replayed changes nothing, and a site stays as it was last seen
//     until it is silent. A target is dead when its DeadRounds newest rounds failed; it
//     answers when the newest was answered; in between it is neither.
//   - every probed gateway and LAN target is dead, and no uplink target answers, nor did
//     one, before it missed a round, when they had been dead for a round: lan_down.
//     Likewise when the gateway and all uplink targets are dead and another LAN target is
//     not: that is the office's router, not the provider's line. While an uplink target
//     answers, the LAN works, whatever its router says to a ping.
//   - a target that the agent skipped, because what lies before it is down, is no evidence
//     of its own: it is never dead, and its failures are counted anew when it is probed
//     again. An uplink target that is skipped counts with the dead ones where the
//     gateway is dead.
//   - every probed uplink target is dead, and the gateway answers or none is
//     configured: uplink_down. If the gateway has just missed one, it is only degraded,
//     until the next round tells which of the two it is.
//   - a dead target of any role; over the last LossRounds I, a share of Loss or more lost
//     to an uplink target or a gateway, or a median of Slow or more of the round trips to
//     all uplink targets; nothing that could be probed, at all or of the uplink; a site
//     that is heard without fresh rounds (late data, a wrong clock, nothing to measure); a
//     first round that failed, till there is a second: degraded.
//   - otherwise ok.
//   - what is lost while a UPS runs on its battery is still what was measured; the
//     evidence names the battery.
//
// Damping, on top of that:
//
//   - uplink_down and lan_down last until RecoverRounds rounds in a row were good, which is:
//     the farthest that is measured (line, else router, else LAN) answers. What cannot be
//     measured any more ends at once what was measured, and one loss becomes another at once.
//   - ok and degraded are degraded while the newest outage of the site goes on with Flaps
//     interruptions or more: it is over only after Calm without another.
//
// A state begins with the round that made it: the first failed one, the first good
// one. A maintenance window changes no state; the heartbeat says that it holds. It must
// never call a site bad for what was not measured, nor one silent because we were not
// there to hear it.
//
// The files, in the order in which a measurement goes through them:
//
//   - By what it is judged: policy.yaml, policy (its types, loading), limit (what a figure may be).
//   - What goes on (Once, every few seconds): judge (the loop), read and open (the evidence from
//     the store), decide (the rules), view (how one target is), damp (hysteresis, flapping, power);
//     heartbeat, area and directory write.
//   - What has been (pure functions): record (all that is known of a site over a time), timeline
//     of ticks and gap (its states, round by round and between), outages and devices (what was
//     lost), cause (whose fault), reconcile (held against what is stored), outage (as it is stored),
//     reach (how much must be read for that).
//   - What is one: incident and together (which fell together), incident_story (what it is
//     called), incident_point (as it is stored).
//   - Who is told: alarm, of alarm_sources (outages, bad lines), alarm_measured (UPS, disk, clock;
//     version compares agents' versions) and alarm_told (what was told before).
//   - What came in (Review, every half a minute): review (one pass), books (what it remembers),
//     hear (the receipts, and what late data they tell of), trial (what is judged anew, and how
//     much of it at once), gather and beyond (records from the store), deaf (when nobody
//     listened), verdicts (judging), enter (writing, in which order), schedule (when hours and
//     days are computed), tell (the judgement, and metrics).
//   - Hours and days (QUALITY.md): hour and day, of sums, grains, arrivals, kit (what the office
//     has) and peak (what its line carried) as read, due and stretch (time and how it divides),
//     period (counts, as stored) and scan (reading many), quality (the four words).
package judge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Config is how a province is judged. Zero values stand for the defaults.
type Config struct {
	Interval time.Duration // between an office's rounds, 1 s to 1 h; default 60 s
	Every    time.Duration // between two judgements; default a quarter of Interval, from 2 s to 15 s
	Policies *Policies     // default DefaultPolicies
}

func (c *Config) fill() {
	if c.Interval == 0 {
		c.Interval = api.DefaultInterval
	}
	if c.Every == 0 {
		c.Every = min(max(c.Interval/4, 2*time.Second), 15*time.Second)
	}
	if c.Policies == nil {
		policies := DefaultPolicies()
		c.Policies = &policies
	}
	ours := *c.Policies // the caller's stay as they are
	ours.Interval, c.Policies = c.Interval, &ours
}

func (c *Config) check() error {
	if err := api.CheckInterval(c.Interval); err != nil {
		return fmt.Errorf("judge: %w", err)
	}
	if c.Every < time.Second || c.Every > time.Hour { // heartbeats are written at whole seconds
		return fmt.Errorf("judge: every is %s, want 1s to 1h", c.Every)
	}
	return nil
}

// Store is what the judge needs of the store's.
type Store interface {
	Select(context.Context, store.Query) ([]store.Series, error)
	Write(context.Context, api.Retention, []byte) error
}

// Deps is what a judge is given.
type Deps struct {
	Store     Store
	Inventory func() *inventory.Inventory // as it is now; asked for each judgement
	Log       *slog.Logger
	Now       func() time.Time
	Registry  prometheus.Registerer // of the reviews' metrics; nil: nothing is counted
}

// Judge writes what the sites are in.
type Judge struct {
	cfg  Config
	deps Deps

	// Of Once alone, which may run beside Review:
	inv   *inventory.Inventory // of the judgement at work
	sites []inventory.Site     // its, in display order
	began time.Time            // of the first judgement; zero before
	away  time.Duration        // before it, for which no heartbeat was written
	names names                // what was written of the directory last

	books *books // of Review alone
}

// New checks and starts nothing.
func New(cfg Config, deps Deps) (*Judge, error) {
	cfg.fill()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if deps.Store == nil || deps.Inventory == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("a judge needs a store, an inventory, a log and a clock")
	}
	books, err := newBooks(&deps)
	if err != nil {
		return nil, err
	}
	return &Judge{cfg: cfg, deps: deps, books: books}, nil
}

// policy is by what a site is judged. One that its template tells to measure at
// another interval than the province is waited for as long as that takes.
func (j *Judge) policy(site *inventory.Site) Policy {
	return j.cfg.Policies.For(site, j.cfg.Policies.interval(site))
}

// reviewEvery is the least between two reviews: an outage need not be known sooner than
// its second round.
const reviewEvery = 30 * time.Second

// Run judges at once, and then as often as configured, until ctx ends; beside that it
// reviews what came in. What fails of the two is tried again the next time, and does not
// keep the other waiting.
func (j *Judge) Run(ctx context.Context) error {
	return runAll(ctx, j.deps.Log, []task{
		{every: j.cfg.Every, do: j.Once, failed: "sites cannot be judged, trying again", again: "sites are judged again"},
		{every: max(j.cfg.Every, reviewEvery), do: func(ctx context.Context) error { return j.Review(ctx, j.deps.Now()) },
			failed: "what came in cannot be reviewed, trying again", again: "what comes in is reviewed again"},
	})
}

// runAll runs tasks beside one another until ctx ends.
func runAll(ctx context.Context, log *slog.Logger, tasks []task) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range tasks {
		group.Go(func() error { return one.run(ctx, log) })
	}
	return group.Wait()
}

// task is something done at once and then every so often.
type task struct {
	every         time.Duration
	do            func(context.Context) error
	failed, again string // logged at the first failure of a row of them, and at its end
}

func (t *task) run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	failing := false
	for ctx.Err() == nil {
		switch err := t.do(ctx); {
		case err != nil && ctx.Err() == nil && !failing:
			failing = true
			log.Error(t.failed, "error", err)
		case err == nil && failing:
			failing = false
			log.Info(t.again)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return ctx.Err()
}

// Once judges every site and writes their heartbeats, all or, if it fails, none or
// some of them; doing it again is safe. It is not to be called twice at once.
func (j *Judge) Once(ctx context.Context) error {
	now := j.deps.Now()
	j.inv = j.deps.Inventory()
	j.sites = j.inv.Sites()
	files, err := j.read(ctx, now)
	if err != nil {
		return fmt.Errorf("judge: %w", err)
	}
	lines := make([]byte, 0, 512*len(j.sites))
	states := make([]api.State, len(j.sites))
	for i := range j.sites {
		verdict := Decide(files[i], j.policy(&j.sites[i]), now)
		if states[i] = verdict.State; verdict.State == "" {
			continue
		}
		if lines, err = j.heartbeat(i, &files[i], verdict, now).AppendLine(lines); err != nil {
			return fmt.Errorf("judge %s: %w", j.sites[i].ID, err)
		}
	}
	if lines, err = j.appendAreas(lines, states, now); err != nil {
		return fmt.Errorf("judge: %w", err)
	}
	if len(lines) > 0 {
		if err := j.deps.Store.Write(ctx, api.Events, lines); err != nil {
			return fmt.Errorf("judge: %w", err)
		}
	}
	j.directory(ctx, now)
	return nil
}
