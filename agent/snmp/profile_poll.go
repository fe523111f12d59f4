package snmp

import (
	"errors"
	"slices"
	"time"

	"github.com/gosnmp/gosnmp"
)

// asker is what of a conversation a profile needs.
type asker interface {
	get(oids ...string) (map[string]gosnmp.SnmpPDU, error)
	walk(root string, expect, most int, visit func(suffix string, v gosnmp.SnmpPDU)) error
}

// maxScalars is how many values are asked for at once: with names of 20 bytes an
// answer stays within an Ethernet frame.
const maxScalars = 24

// asking is what is remembered of a device's answers to its profile. A profile names
// more than any one device has; asked each minute, that would cost more than what it
// has.
type asking struct {
	profile *profile
	resting map[*field]time.Time // until when a field is not asked for
	deep    []int                // by chain: the field that the last poll came to
	labels  map[string]labelled
	expect  map[string]int // rows of a column in the last poll
	strikes map[string]int // requests in a row for an OID that failed
	most    int            // scalars at once
}

// labelled is a column that only tells rows apart, and when it was read.
type labelled struct {
	*cellsByRow
	at time.Time
}

const maxStrikes = 3

func newAsking(p *profile) *asking {
	return &asking{
		profile: p, resting: map[*field]time.Time{}, deep: make([]int, len(p.chains)),
		labels: map[string]labelled{}, expect: map[string]int{}, strikes: map[string]int{}, most: maxScalars,
	}
}

// profilePoll is one poll of a profile under way.
type profilePoll struct {
	*asking
	gathered
	talk   asker
	now    time.Time
	failed func(doing, oid string, err error)
	gone   bool // the device is not worth another request
}

// ask gives what the device says of its profile's fields. Of the fields of one name
// those further down are asked for only if those above give nothing. What goes wrong
// is told to failed; an OID that is not answered thrice in a row is left alone for a
// while too, so that it does not cost its time-out in each round.
func (a *asking) ask(talk asker, now time.Time, failed func(doing, oid string, err error)) []measured {
	p := &profilePoll{
		asking: a, talk: talk, now: now, failed: failed,
		gathered: gathered{scalars: map[string]gosnmp.SnmpPDU{}, columns: map[string]*cellsByRow{}},
	}
	found := make([][]measured, len(a.profile.chains))
	next := make([]int, len(a.profile.chains)) // −1 = done
	p.get(a.likely(now))
	for !p.gone {
		wanted := a.wanted(next, now)
		if len(wanted) == 0 {
			break
		}
		p.get(wanted)
		for chain, at := range next {
			if at < 0 || p.gone {
				continue
			}
			a.deep[chain] = at
			values, got := p.one(a.profile.chains[chain][at])
			switch got {
			case known:
				found[chain], next[chain] = values, -1
				continue
			case absent:
				a.resting[a.profile.chains[chain][at]] = now.Add(absentFor)
			}
			next[chain]++
		}
	}
	return once(found)
}

// once keeps names apart that two fields give, such as toner_black_percent and one of
// toner_*_percent: the first has it.
func once(found [][]measured) []measured {
	var out []measured
	for _, m := range slices.Concat(found...) {
		if !slices.ContainsFunc(out, func(o measured) bool { return o.name == m.name }) {
			out = append(out, m)
		}
	}
	return out
}

// wanted moves each chain to the next field that is not resting, and gives those.
func (a *asking) wanted(next []int, now time.Time) []*field {
	var out []*field
	for chain, fields := range a.profile.chains {
		at := next[chain]
		for at >= 0 && at < len(fields) && a.resting[fields[at]].After(now) {
			at++
		}
		if at >= len(fields) {
			at = -1
		}
		if next[chain] = at; at >= 0 {
			out = append(out, fields[at])
		}
	}
	return out
}

// likely are the fields that the last poll came to: their scalars go into one request.
func (a *asking) likely(now time.Time) []*field {
	var out []*field
	for chain, fields := range a.profile.chains {
		for _, f := range fields[:a.deep[chain]+1] {
			if !a.resting[f].After(now) {
				out = append(out, f)
			}
		}
	}
	return out
}

// get asks for the scalars of fields, as far as they were not asked for already.
func (p *profilePoll) get(fields []*field) {
	var oids []string
	for _, f := range fields {
		if f.rows != "" {
			continue
		}
		for _, oid := range f.oids() {
			if _, answered := p.scalars[oid]; !answered && !slices.Contains(oids, oid) {
				oids = append(oids, oid)
			}
		}
	}
	for some := range slices.Chunk(oids, p.most) {
		if p.gone {
			return
		}
		values, err := p.talk.get(some...)
		if ignoreRefusal(err) != nil {
			p.most = max(len(some)/2, 1) // some devices drop what is too much for them
			if p.trouble("get", some[0], err); len(some) == 1 {
				p.strike(some[0])
			}
			continue
		}
		for _, oid := range some {
			p.scalars[oid] = values[oid]
			delete(p.strikes, oid)
		}
	}
	if !p.gone && len(oids) > 0 {
		p.most = min(p.most+1, maxScalars)
	}
}

// ignoreRefusal passes over what a device says to a request for values alone: it
// does not give them, so it has none.
func ignoreRefusal(err error) error {
	if errors.Is(err, errSays) {
		return nil
	}
	return err
}

// one reads a field, and the columns that it needs, the one of its values first:
// where that is empty the others are not asked for.
func (p *profilePoll) one(f *field) ([]measured, outcome) {
	if f.rows != "" {
		values := p.column(f.from)
		if values == nil || !values.whole {
			return nil, failed
		}
		if len(values.order) == 0 {
			return nil, absent
		}
		for _, oid := range slices.Concat(f.minus, f.of) {
			p.column(oid)
		}
		for _, oid := range f.labels() {
			p.labelsOf(oid, values)
		}
	}
	return f.read(&p.gathered)
}

// column walks a column once a poll. It is nil if the device has gone.
func (p *profilePoll) column(oid string) *cellsByRow {
	if c := p.columns[oid]; c != nil || p.gone {
		return c
	}
	c := &cellsByRow{cells: map[string]gosnmp.SnmpPDU{}}
	p.columns[oid] = c
	err := p.talk.walk(oid, p.expect[oid], maxInterfaces, func(suffix string, v gosnmp.SnmpPDU) {
		c.order = append(c.order, suffix)
		c.cells[suffix] = v
	})
	c.whole = err == nil
	p.expect[oid] = len(c.order)
	if err != nil {
		p.trouble("walk", oid, err)
		p.strike(oid)
		return c
	}
	delete(p.strikes, oid)
	return c
}

// labelsOf takes a column from the memory while it is of the same rows.
func (p *profilePoll) labelsOf(oid string, rows *cellsByRow) {
	if p.columns[oid] != nil {
		return
	}
	kept, known := p.labels[oid]
	if known && p.now.Sub(kept.at) < labelsFor && !slices.ContainsFunc(rows.order, func(index string) bool {
		_, there := kept.cells[index]
		return !there
	}) {
		p.columns[oid] = kept.cellsByRow
		return
	}
	if c := p.column(oid); c != nil && c.whole {
		p.labels[oid] = labelled{c, p.now}
	}
}

// strike counts a failure against an OID. At the third the fields that need it are left
// alone for a while; before, it may have been the way to the device.
func (p *profilePoll) strike(oid string) {
	if p.strikes[oid]++; p.strikes[oid] < maxStrikes {
		return
	}
	delete(p.strikes, oid)
	for _, chain := range p.profile.chains {
		for _, f := range chain {
			if slices.Contains(f.oids(), oid) || slices.Contains(f.labels(), oid) {
				p.resting[f] = p.now.Add(absentFor)
			}
		}
	}
}

func (p *profilePoll) trouble(doing, oid string, err error) {
	p.failed(doing, oid, err)
	p.gone = p.gone || errors.Is(err, errNoAnswer) || errors.Is(err, errTime)
}
