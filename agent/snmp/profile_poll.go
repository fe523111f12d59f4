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
	walkAbreast(roots []string, expect, most int, visit visitor) []error
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
		p.walk(f.from)
		values := p.columns[f.from]
		if values == nil || !values.whole {
			return nil, failed
		}
		if len(values.order) == 0 {
			return nil, absent
		}
		labels := p.unknownLabels(f, values)
		p.walk(slices.Concat(f.minus, f.of, labels)...)
		for _, oid := range labels {
			if c := p.columns[oid]; c != nil && c.whole {
				p.labels[oid] = labelled{c, p.now}
			}
		}
	}
	return f.read(&p.gathered)
}

// walk reads columns side by side, each once a poll. Those of a device that has gone
// stay nil.
func (p *profilePoll) walk(oids ...string) {
	oids = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(oids))), func(oid string) bool { return p.columns[oid] != nil })
	if p.gone || len(oids) == 0 {
		return
	}
	expect := 0
	for _, oid := range oids {
		p.columns[oid] = &cellsByRow{cells: map[string]gosnmp.SnmpPDU{}}
		expect = max(expect, p.expect[oid])
	}
	errs := p.talk.walkAbreast(oids, expect, maxInterfaces, func(root int, suffix string, v gosnmp.SnmpPDU) {
		c := p.columns[oids[root]]
		c.order = append(c.order, suffix)
		c.cells[suffix] = v
	})
	for i, oid := range oids {
		c := p.columns[oid]
		c.whole = errs[i] == nil
		p.expect[oid] = len(c.order)
		if errs[i] != nil {
			p.trouble("walk", oid, errs[i])
			p.strike(oid)
			continue
		}
		delete(p.strikes, oid)
	}
}

// unknownLabels are the columns telling a field's rows apart that are not known from an
// earlier poll of the same rows; those that are known are taken from memory.
func (p *profilePoll) unknownLabels(f *field, rows *cellsByRow) []string {
	return slices.DeleteFunc(f.labels(), func(oid string) bool {
		kept, known := p.labels[oid]
		known = known && p.now.Sub(kept.at) < labelsFor && !slices.ContainsFunc(rows.order, func(index string) bool {
			_, there := kept.cells[index]
			return !there
		})
		if known && p.columns[oid] == nil {
			p.columns[oid] = kept.cellsByRow
		}
		return known
	})
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
