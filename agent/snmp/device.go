package snmp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// Scalars of a device (RFC 3418, RFC 3411, RFC 2790).
const (
	sysDescr        = ".1.3.6.1.2.1.1.1.0"
	sysObjectID     = ".1.3.6.1.2.1.1.2.0"
	sysUpTime       = ".1.3.6.1.2.1.1.3.0"
	sysName         = ".1.3.6.1.2.1.1.5.0"
	snmpEngineID    = ".1.3.6.1.6.3.10.2.1.1.0"
	snmpEngineBoots = ".1.3.6.1.6.3.10.2.1.2.0"
	snmpEngineTime  = ".1.3.6.1.6.3.10.2.1.3.0"
	hrSystemUptime  = ".1.3.6.1.2.1.25.1.1.0"
)

// aliasEvery is how often an alias, or what a device is, is repeated unchanged.
const aliasEvery = 24 * time.Hour

// device is one target and what is remembered of it from poll to poll.
type device struct {
	target api.Target
	cfg    Config

	polling    sync.Mutex // one conversation at a time
	habits     *habits
	polls      uint64
	uptime     uptime
	lacking    map[string]time.Time // scalars that are not there: until when they are not asked for
	known      acquaintance
	interfaces map[string]*memory // by name, so that new indexes do no harm
	ambiguous  map[string]bool
	state      string // as last logged: empty, "no answer", "incomplete" or "internal error"
	lasted     int    // polls in that state
}

// memory is what is remembered of one interface.
type memory struct {
	reading reading
	poll    uint64 // in which it was read
	alias   string
	aliasAt time.Time // when it was last written
}

func newDevice(t api.Target, cfg Config) *device {
	return &device{
		target: t, cfg: cfg, habits: newHabits(),
		lacking: make(map[string]time.Time), interfaces: make(map[string]*memory), ambiguous: make(map[string]bool),
	}
}

// round is one poll under way.
type round struct {
	at       time.Time
	talk     *conversation
	answered bool
	scalars  map[string]gosnmp.SnmpPDU
	uptime   uptime // at its start
	table    table
	values   []measured // of the device's profile
	steady   bool       // no restart from start to end
	errs     []error
	stack    string // of a panic
}

// poll asks the device once and says what it found. See [Prober.Target].
func (d *device) poll(ctx context.Context) []*api.Point {
	d.polling.Lock()
	defer d.polling.Unlock()
	limited, cancel := context.WithTimeout(ctx, maxPoll)
	defer cancel()
	d.polls++
	r := &round{at: d.cfg.Now()}
	points := d.guarded(r, func() []*api.Point {
		d.ask(limited, r)
		return d.interfacePoints(r)
	})
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	d.log(r)
	return append([]*api.Point{d.devicePoint(r)}, points...)
}

// guarded is the boundary behind which a device's bytes cannot take the agent
// down: gosnmp has panicked on malformed packets before.
func (d *device) guarded(r *round, work func() []*api.Point) (points []*api.Point) {
	defer func() {
		if p := recover(); p != nil {
			// The value of the panic may hold what was being decoded; the stack does not.
			r.stack = string(debug.Stack())
			r.errs = append(r.errs, errors.New("internal error while reading the answer"))
			points = nil
		}
	}()
	return work()
}

// ask opens the conversation and closes it.
func (d *device) ask(ctx context.Context, r *round) {
	talk, err := open(ctx, d.target, d.cfg, d.habits)
	if err != nil {
		r.errs = append(r.errs, err)
		return
	}
	defer talk.close()
	r.talk = talk
	d.converse(r)
}

// converse asks for all that is wanted of one poll.
func (d *device) converse(r *round) {
	var err error
	r.scalars, err = d.get(r, sysUpTime, sysDescr, sysObjectID, sysName, snmpEngineID, snmpEngineBoots, snmpEngineTime, hrSystemUptime)
	if err != nil {
		r.failed("get", sysUpTime, err)
	}
	r.answered = err == nil || errors.Is(err, errSays)
	if !r.answered {
		return
	}
	r.uptime = uptimeOf(r.at, r.scalars)
	d.recognise(r)
	if d.known.asking.profile.interfaces {
		d.readTable(r)
	}
	r.steady = d.stillUp(r)
	// Behind the counters, so that a device silent on one value keeps its traffic.
	if !r.gone() {
		d.askModel(r)
		r.values = d.known.asking.ask(r.talk, r.at, r.failed)
	}
	if len(r.errs) == 0 {
		d.habits.rested()
	}
}

// get asks for scalars of the device itself. Version 1 leaves out one a request of those
// that a device does not have: those that many lack are then left alone for a while.
func (d *device) get(r *round, oids ...string) (map[string]gosnmp.SnmpPDU, error) {
	wanted := slices.DeleteFunc(oids, func(oid string) bool { return d.lacking[oid].After(r.at) })
	values, err := r.talk.get(wanted...)
	if err != nil || r.talk.handle.Version != gosnmp.Version1 {
		return values, err
	}
	for _, oid := range []string{snmpEngineID, snmpEngineBoots, snmpEngineTime, hrSystemUptime} {
		if _, there := values[oid]; !there && slices.Contains(wanted, oid) {
			d.lacking[oid] = r.at.Add(absentFor)
		}
	}
	return values, nil
}

// readTable reads the columns that matter, and those that only stand in for others
// where they have to.
func (d *device) readTable(r *round) {
	t := &r.table
	d.read(r, ifOperStatus)
	if len(t[ifOperStatus].values) == 0 {
		return
	}
	d.read(r, ifName, ifHCInOctets, ifHCOutOctets, ifHighSpeed,
		ifCounterDiscontinuityTime, ifInErrors, ifOutErrors, ifInDiscards, ifOutDiscards, ifAlias)
	if t.lacks(named, ifName) {
		d.read(r, ifDescr)
	}
	if t.lacks(countable, ifHCInOctets, ifHCOutOctets) {
		d.read(r, ifInOctets, ifOutOctets, ifInUcastPkts, ifOutUcastPkts, ifInNUcastPkts, ifOutNUcastPkts)
	}
	if t.lacks(positive, ifHighSpeed) {
		d.read(r, ifSpeed)
	}
}

// read walks columns side by side. After a silence the rest is not asked for: a
// device that has gone away would cost its time-outs for each.
func (d *device) read(r *round, cs ...column) {
	roots := make([]string, len(cs))
	for i, c := range cs {
		r.table[c] = cells{read: true, reached: -1}
		roots[i] = columns[c].oid
	}
	if r.gone() {
		return
	}
	expect := len(r.table[ifOperStatus].values)
	errs := r.talk.walkAbreast(roots, expect, maxInterfaces, func(i int, suffix string, v gosnmp.SnmpPDU) {
		r.table[cs[i]].set(suffix, v)
	})
	for i, err := range errs {
		r.table[cs[i]].whole = err == nil
		if err != nil && !r.gone() { // or it is the same silence again
			r.failed("walk "+columns[cs[i]].name, columns[cs[i]].oid, err)
		}
	}
}

// gone tells whether the device is not worth another request in this poll.
func (r *round) gone() bool {
	for _, err := range r.errs {
		if errors.Is(err, errNoAnswer) || errors.Is(err, errTime) {
			return true
		}
	}
	return false
}

func (r *round) failed(doing, oid string, err error) {
	r.errs = append(r.errs, fmt.Errorf("%s %s: %w", doing, oid[1:], err))
}

// stillUp asks for the uptime again: counters of a device that restarted in the
// middle of the poll are of two lives.
func (d *device) stillUp(r *round) bool {
	if r.gone() {
		return false
	}
	at := d.cfg.Now()
	values, err := d.get(r, sysUpTime, snmpEngineBoots, snmpEngineTime, hrSystemUptime)
	if err != nil {
		r.failed("get", sysUpTime, err)
		return false
	}
	return uptimeOf(at, values).continues(r.uptime)
}

// devicePoint says whether the device answered, what it is, and what was wrong.
func (d *device) devicePoint(r *round) *api.Point {
	p := api.NewPoint("device", r.at).Tag(api.TagTarget, d.target.Name)
	if !r.answered {
		return p.Int("up", 0).Text("error", d.complaint(r))
	}
	p.Int("up", 1)
	if seconds, known := r.uptime.seconds(); known {
		p.Float("uptime_seconds", seconds)
	}
	for _, v := range r.values {
		p.Float(v.name, v.value)
	}
	d.describe(p, r)
	return p.Text("error", d.complaint(r))
}

// complaint puts the first errors into one line that names the target.
func (d *device) complaint(r *round) string {
	const most = 3
	if len(r.errs) == 0 {
		return ""
	}
	var said []string
	for i, err := range r.errs {
		if i == most {
			said = append(said, fmt.Sprintf("%d more", len(r.errs)-most))
			break
		}
		said = append(said, err.Error())
	}
	return api.CleanText(d.target.Name + ": " + strings.Join(said, "; "))
}

// log says once when a device's state changes, and how long the last one lasted.
func (d *device) log(r *round) {
	state := ""
	switch {
	case r.stack != "":
		state = "internal error"
	case !r.answered:
		state = "no answer"
	case len(r.errs) > 0:
		state = "incomplete"
	}
	if state == d.state {
		d.lasted++
		return
	}
	log := d.cfg.Log.With("target", d.target.Name, "before", d.state, "polls_before", d.lasted)
	switch state {
	case "":
		log.Info("device answers again")
	case "internal error":
		log.Error("reading a device's answer failed inside", "stack", r.stack)
	default:
		log.Warn("device does not answer as it should", "state", state, "error", d.complaint(r))
	}
	d.state, d.lasted = state, 1
}
