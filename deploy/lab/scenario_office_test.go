//go:build integration

package lab

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
	"communewatch/collector/api"
)

// staged is an office of a play: a real spool, a real session and a real queue; what it
// measures is the simulated prober's, by what has happened to it.
type staged struct {
	actor
	stage *stage
	index int
	id    string // of the site
	phase time.Duration

	boots   int
	year    int       // in which its clock begins at a boot; 0: it runs on
	booted  time.Time // of the machine that runs, or ran last
	session *clock.Session
	spool   *spool.Spool
	queue   *office.Queue // nil: the program does not run
	told    bool          // for how long the machine is up, in this session
	newest  uint64        // settled: what is above it is news
	lost    int           // rounds in a row of which none was delivered
	looks   lookout
	random  map[string]*rand.Rand

	asleep, battery                     bool
	cut                                 int
	astray, secondLine                  bool // only the collector is out of reach; reports go another way
	switchDead, routerDead, printerDead bool
}

func (s *stage) newOffice(i int, a actor) *staged {
	return &staged{
		actor: a, stage: s, index: i, id: siteOf(i), phase: firstRound + time.Duration(i)*nextRound, cut: whole,
		random: map[string]*rand.Rand{}, looks: lookout{looked: map[string]time.Time{}},
	}
}

// Rounds are a little after the full minute, an office after the other, so that nothing
// happens at the same moment; and a round is sent when it is over.
const (
	firstRound = 20 * time.Second
	nextRound  = 2 * time.Second
	sendAfter  = time.Second
)

func siteOf(i int) string { return fmt.Sprintf("bd-%d", 30_001+i) }

func (o *staged) boot() error {
	o.boots++
	o.booted = time.Now().Add(-time.Minute)
	return o.run()
}

func (o *staged) bootName() string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", o.index+1, o.boots)
}

// run starts the program.
func (o *staged) run() error {
	if o.queue != nil {
		return fmt.Errorf("it runs already")
	}
	var err error
	if o.session, err = clock.StartOn(o.bootName(), time.Since(o.booted), o.wall); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if o.spool, err = spool.Open(spool.Config{Dir: filepath.Join(o.stage.dir, o.id), MaxBytes: 256 << 20, Log: log}); err != nil {
		return err
	}
	o.queue, o.told, o.asleep, o.newest = office.NewQueue(o.spool, o.session, log), false, false, 0
	o.looks = lookout{looked: map[string]time.Time{}}
	return nil
}

// wall is the PC's clock.
func (o *staged) wall() time.Time {
	if o.year > 0 {
		return time.Date(o.year, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Since(o.booted))
	}
	return time.Now().AddDate(o.clock, 0, 0)
}

// setClock is what a dead battery makes of it: a year that begins when the PC boots.
func (o *staged) setClock(year string) (err error) {
	o.year, err = strconv.Atoi(year)
	return err
}

// kill ends the program without a word.
func (o *staged) kill() error {
	if o.queue == nil {
		return fmt.Errorf("it does not run")
	}
	o.queue = nil
	return o.spool.Close()
}

// stop ends it cleanly.
func (o *staged) stop(why api.Goodbye) error {
	if o.queue == nil {
		return fmt.Errorf("it does not run")
	}
	o.goodbye(why)
	o.queue.End()
	return o.kill()
}

func (o *staged) losePower() error {
	if !o.ups {
		return o.kill()
	}
	o.battery = true
	o.stage.later(onBattery, func() error {
		if !o.battery || o.queue == nil {
			return nil
		}
		o.battery = false
		return o.kill()
	})
	return nil
}

func (o *staged) regainPower() error {
	if o.battery {
		o.battery = false
		return nil
	}
	return o.boot()
}

func (o *staged) rebootRouter() error {
	o.routerDead = true
	o.stage.later(2*time.Minute+30*time.Second, func() error { o.routerDead = false; return nil })
	return nil
}

// measure makes one round and puts it, as one batch.
func (o *staged) measure() error {
	if o.queue == nil || o.asleep {
		return nil
	}
	if o.hears() {
		o.learnTime()
	}
	var lines []byte
	for _, p := range o.round() {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			return err
		}
	}
	if !o.hears() && o.stage.play.without["replay"] {
		o.lost++
		return nil // measured, and lost with the disk
	}
	if err := o.queue.Put(lines); err != nil {
		return err
	}
	o.stage.later(sendAfter, o.send)
	return nil
}

// hears tells whether the collector could be had from here.
func (o *staged) hears() bool {
	way := o.secondLine || o.cut == whole && !o.switchDead && !o.routerDead
	return o.queue != nil && !o.asleep && way && !o.astray && o.stage.serving()
}

// round is what the prober finds now.
func (o *staged) round() []*api.Point {
	at := o.session.Now()
	gateway := !o.switchDead && !o.routerDead
	points := []*api.Point{
		o.echo(at, "router", api.RoleGateway, gateway, false),
		o.echo(at, "switch", api.RoleLAN, !o.switchDead, false),
		o.echo(at, "anchor", api.RoleUplink, o.cut == whole, !gateway),
		o.echo(at, "centre", api.RoleUplink, o.cut == whole, !gateway),
		o.echo(at, "printer", api.RoleDevice, !o.printerDead, o.switchDead),
	}
	if o.ups && !o.stage.play.without["ups"] {
		points = append(points, o.askUPS(at))
	}
	health := api.NewPoint("agent_health", at).Int("spool_batches", int64(o.spool.Stats().Batches)).
		Text("version", "1.0.0").Text("os", "linux").Text("arch", "amd64").Text("session", o.session.ID())
	if !o.told && !o.stage.play.without["uptime"] {
		health.Count("machine_up_seconds", int64(time.Since(o.booted)/time.Second))
	}
	o.told = true
	if offset, known := o.session.Offset(); known {
		value, doubt := offset.Estimate()
		health.Float("clock_offset_ms", float64(value.Milliseconds())).Float("clock_uncertainty_ms", float64(doubt.Milliseconds()))
	}
	return append(append(points, health), o.look(at, gateway)...)
}

// echo is one target's round; one behind what is dead is skipped.
func (o *staged) echo(at time.Time, name string, role api.Role, answers, behind bool) *api.Point {
	if behind {
		return api.NewPoint("ping", at).Tag(api.TagTarget, name).Tag(api.TagRole, string(role)).
			Int("sent", 0).Int("received", 0).Text("result", api.ResultSkippedParent)
	}
	random := o.random[name]
	if random == nil {
		random = randomOf(o.id, name)
		o.random[name] = random
	}
	w := &Weather{rtt: 24, spread: 4, lanDown: !answers}
	return ping(api.Target{Name: name, Role: role}, w, 5, random, at)
}

func (o *staged) askUPS(at time.Time) *api.Point {
	p := api.NewPoint("device", at).Tag(api.TagTarget, "ups")
	if o.switchDead {
		return p.Int("up", 0).Text("error", "no answer")
	}
	fed := 0.0
	if o.battery {
		fed = 1
	}
	return p.Int("up", 1).Float("on_battery_count", fed).Float("battery_percent", 100-40*fed)
}
