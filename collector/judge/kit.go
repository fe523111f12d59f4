package judge

import (
	"context"
	"strings"
	"time"
	"unicode"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// kit is a thing that an office is to have, as far as rounds tell of it.
type kit int

const (
	otherKit kit = iota
	aRouter
	aSwitch
	aUPS
	aPrinter
)

// kitTally is where a period counts the rounds of each.
func (p *Period) kitTally(k kit) (asked, answered *int64) {
	switch k {
	case aRouter:
		return &p.RouterAsked, &p.RouterAnswered
	case aSwitch:
		return &p.SwitchAsked, &p.SwitchAnswered
	case aUPS:
		return &p.UPSAsked, &p.UPSAnswered
	case aPrinter:
		return &p.PrinterAsked, &p.PrinterAnswered
	}
	return nil, nil
}

// inquiry is how often one agent asked one target in one grain, and was answered. By echo
// and by SNMP it is one round that is asked twice: what more came of counts.
type inquiry struct{ asked, answered int64 }

func (q inquiry) and(other inquiry) inquiry {
	return inquiry{max(q.asked, other.asked), max(q.answered, other.answered)}
}

// targetKey is a target of a site.
type targetKey struct{ site, target string }

// inquiries are those of one agent, by the grain's beginning.
type inquiries map[int64]inquiry

// equipment is what was asked of the things within offices.
type equipment struct {
	roles map[targetKey]api.Role
	kinds map[targetKey]kit                          // of devices, by what they ever said
	asked map[string]map[string]map[string]inquiries // by site, target and agent
}

// readEquipment reads the rounds of what these offices have, after their echoes. What a
// device is it said itself, within what is kept: it need not answer in these hours.
func (s *sums) readEquipment(ctx context.Context, now time.Time) (*equipment, error) {
	e := &equipment{roles: map[targetKey]api.Role{}, kinds: map[targetKey]kit{}, asked: map[string]map[string]map[string]inquiries{}}
	for _, read := range []func(context.Context, *equipment) error{s.readEchoRounds, s.readAnswers} {
		if err := read(ctx, e); err != nil {
			return nil, err
		}
	}
	return e, s.readKinds(ctx, e, now)
}

func (e *equipment) add(tags map[string]string, at time.Time, q inquiry) {
	site, target, agent := tags[api.TagSite], tags[api.TagTarget], tags[api.TagAgent]
	if e.asked[site] == nil {
		e.asked[site] = map[string]map[string]inquiries{}
	}
	if e.asked[site][target] == nil {
		e.asked[site][target] = map[string]inquiries{}
	}
	all := e.asked[site][target][agent]
	if all == nil {
		all = inquiries{}
		e.asked[site][target][agent] = all
	}
	all[at.Unix()] = all[at.Unix()].and(q)
}

// readEchoRounds counts rounds in which an echo left: of a round that sent none, because
// what lies before the target was dead or the machine had no network, nothing is known.
// Rounds of an hour send alike, so their number is what was sent by what one sends; one
// that was answered has a round trip.
func (s *sums) readEchoRounds(ctx context.Context, e *equipment) error {
	q := s.query("ping", []string{api.TagAgent, api.TagRole, api.TagTarget}, store.Selector{Func: "sum", Field: "sent"}, store.Selector{Func: "count", Field: "rtt_median_ms", As: "answered"})
	q.Where = append(q.Where, store.Match{Tag: api.TagRole, Values: []string{string(api.RoleGateway), string(api.RoleLAN), string(api.RoleDevice)}})
	return s.eachGrain(ctx, q, func(tags map[string]string, row store.Row) {
		site, target := tags[api.TagSite], tags[api.TagTarget]
		e.roles[targetKey{site, target}] = api.Role(tags[api.TagRole])
		round := max(1, s.period(site, row.Time.Truncate(s.every)).round[target])
		answered := row.Values["answered"].Integer()
		e.add(tags, row.Time, inquiry{max(answered, (row.Values["sent"].Integer()+round-1)/round), answered})
	})
}

// readAnswers counts questions over SNMP.
func (s *sums) readAnswers(ctx context.Context, e *equipment) error {
	q := s.query("device", []string{api.TagAgent, api.TagTarget}, store.Selector{Func: "count", Field: "up", As: "asked"}, store.Selector{Func: "sum", Field: "up"})
	return s.eachGrain(ctx, q, func(tags map[string]string, row store.Row) {
		e.add(tags, row.Time, inquiry{row.Values["asked"].Integer(), row.Values["up"].Integer()})
	})
}

func (s *sums) eachGrain(ctx context.Context, q store.Query, take func(tags map[string]string, row store.Row)) error {
	q.Every = grain
	series, err := s.figures.Store.Select(ctx, q)
	for _, one := range series {
		for _, row := range one.Rows {
			take(one.Tags, row)
		}
	}
	return err
}

// sayings are the words by which a device says what it is, whatever its profile is called.
var sayings = []struct {
	field string
	kit   kit
}{{"battery_percent", aUPS}, {batteryField, aUPS}, {"printed_pages", aPrinter}, {"printer_fault_count", aPrinter}, {"printer_down_count", aPrinter}}

const (
	profileField   = "profile"
	printerProfile = "printer" // of those that are shipped
)

func (s *sums) readKinds(ctx context.Context, e *equipment, now time.Time) error {
	columns := []store.Selector{{Func: "last", Field: profileField}}
	for _, t := range sayings {
		columns = append(columns, store.Selector{Func: "last", Field: t.field})
	}
	q := s.query("device", []string{api.TagTarget}, columns...)
	q.From, q.To, q.Every = now.Add(-retention), now, 0
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return err
	}
	for _, one := range series {
		for _, row := range one.Rows {
			if k := kitOf(row); k != otherKit {
				e.kinds[targetKey{one.Tags[api.TagSite], one.Tags[api.TagTarget]}] = k
			}
		}
	}
	return nil
}

// kitOf is what a device said it is.
func kitOf(row store.Row) kit {
	for _, t := range sayings {
		if _, says := row.Values[t.field]; says {
			return t.kit
		}
	}
	if row.Values[profileField].Text() == printerProfile {
		return aPrinter
	}
	return otherKit
}

// kitNames are words in the name of a target that never said what it is.
var kitNames = []struct {
	words string
	kit   kit
}{{"ups", aUPS}, {"lưu điện", aUPS}, {"luu dien", aUPS}, {"printer", aPrinter}, {"máy in", aPrinter}, {"may in", aPrinter}}

func kitNamed(name string) kit {
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }), " ") + " "
	for _, n := range kitNames {
		if strings.Contains(words, " "+n.words+" ") {
			return n.kit
		}
	}
	return otherKit
}

// of is what a target is: by its role, by what it said, or by its name.
func (e *equipment) of(key targetKey) kit {
	switch e.roles[key] {
	case api.RoleGateway:
		return aRouter
	case api.RoleLAN:
		return aSwitch
	}
	if k := e.kinds[key]; k != otherKit {
		return k
	}
	return kitNamed(key.target)
}

// countEquipment adds up the rounds of a period in which an office was due. Of two agents
// the one that was answered more counts, in each grain: two do not make up for each other.
func (p *Period) countEquipment(e *equipment, due stretch, t Span) {
	var grains []int64
	for at := t.From; at.Before(t.To); at = at.Add(grain) {
		if len(due.and(stretch{{at, at.Add(grain)}})) > 0 {
			grains = append(grains, at.Unix())
		}
	}
	for target, agents := range e.asked[p.Site] {
		asked, answered := p.kitTally(e.of(targetKey{p.Site, target}))
		if asked == nil {
			continue
		}
		for _, at := range grains {
			best := bestOf(agents, at)
			*asked, *answered = *asked+best.asked, *answered+best.answered
		}
	}
}

func bestOf(agents map[string]inquiries, at int64) (best inquiry) {
	for _, all := range agents {
		if q := all[at]; q.answered > best.answered || q.answered == best.answered && q.asked > best.asked {
			best = q
		}
	}
	return best
}

// powerCuts are the outages of power that began in a time. A machine that went off
// without a goodbye and booted again may have been switched off by a foot: it is counted,
// since from outside the two look alike.
func powerCuts(outages []Outage, t Span) (n int64) {
	for i := range outages {
		o := &outages[i]
		if o.Status == api.StatusWithdrawn || o.Kind == api.KindDevice || o.Cause != api.Power && o.Cause != api.MachineStopped {
			continue
		}
		if !o.Started.Before(t.From) && o.Started.Before(t.To) {
			n++
		}
	}
	return n
}
