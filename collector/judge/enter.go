package judge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// ruling is an outage that is to be written, and what it was before.
type ruling struct {
	was  Outage // zero: it is new
	is   Outage
	late bool // late data made it, not the time that passed
}

// write stores outages, then their incidents, then what of the outages follows from these.
// Another order would leave, where it breaks off, incidents that nothing belongs to.
func (p *pass) write(ctx context.Context, rulings []ruling) error {
	outages := make([]Outage, len(rulings))
	for i := range rulings {
		outages[i] = rulings[i].is
	}
	if err := p.writeOutages(ctx, outages); err != nil {
		return err
	}
	p.rulings = append(p.rulings, rulings...)
	for i := range rulings {
		p.schedule.touch(p.now, rulings[i].is.Site, rulings[i].spans(p.now), time.Time{})
	}
	if len(rulings) == 0 && p.complete {
		return nil
	}
	return p.group(ctx, outages)
}

// spans are the times over which the outage was and is.
func (c *ruling) spans(now time.Time) []Span {
	spans := []Span{c.is.span(now)}
	if c.was.ID != "" {
		spans = append(spans, c.was.span(now))
	}
	return spans
}

func (o *Outage) span(now time.Time) Span {
	if o.goesOn() || o.Ended.IsZero() {
		return Span{o.Started, later(o.Started, now)}
	}
	return Span{o.Started, o.Ended}
}

func (p *pass) writeOutages(ctx context.Context, outages []Outage) error {
	var lines []byte
	for i := range outages {
		o, at := &outages[i], (*inventory.Site)(nil)
		if site, known := p.inv.Site(o.Site); known {
			provider, _ := p.inv.Provider(site.Provider)
			o.Provider, at = provider.Name, &site
		}
		var err error
		if lines, err = o.Point(at).AppendLine(lines); err != nil {
			return fmt.Errorf("outage of %s: %w", o.Site, err)
		}
	}
	if err := p.store(ctx, api.Events, lines); err != nil {
		return err
	}
	for i := range outages {
		p.remember(outages[i])
	}
	return nil
}

// group puts outages into incidents: those near the changed ones, or, the first time, all.
func (p *pass) group(ctx context.Context, changed []Outage) error {
	outages, stored := p.near(changed)
	incidents, links := Incidents(stored, outages, p.inv, p.j.cfg.Policies, p.now)
	if err := p.writeIncidents(ctx, incidents); err != nil {
		return err
	}
	if err := p.writeOutages(ctx, links); err != nil {
		return err
	}
	p.complete = true
	return nil
}

// chainBack is how long before one outage another may have begun that is grouped anew with it.
func (p *Policies) chainBack() time.Duration { return longestChain * p.Together }

// near are all outages that began not long before the first of the changed ones, or
// later, the others of their incidents, and these incidents: who judges a part of a group
// must see all of it.
func (p *pass) near(changed []Outage) ([]Outage, []Incident) {
	from := p.now
	for i := range changed {
		from = earlier(from, earlier(changed[i].Started, changed[i].At))
	}
	if !p.complete {
		from = time.Time{}
	}
	back := p.j.cfg.Policies.chainBack()
	from = from.Add(-back)
	in := map[string]bool{} // incidents
	for widened := true; widened; {
		widened = false
		for _, of := range p.outages {
			for id := range of {
				o := of[id]
				switch {
				case !o.Started.Before(from):
					if o.Incident != "" {
						in[o.Incident] = true
					}
				case in[o.Incident]:
					from, widened = o.Started.Add(-back), true
				}
			}
		}
	}
	var outages []Outage
	for _, of := range p.outages {
		for _, o := range of {
			if !o.Started.Before(from) {
				outages = append(outages, o)
			}
		}
	}
	slices.SortFunc(outages, func(a, b Outage) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	var stored []Incident
	for _, id := range slices.Sorted(maps.Keys(p.incidents)) {
		if i := p.incidents[id]; i.Kind != api.KindCollector && (in[id] || !i.Started.Before(from)) {
			stored = append(stored, i)
		}
	}
	return outages, stored
}

func (p *pass) writeIncidents(ctx context.Context, incidents []Incident) error {
	var lines []byte
	for i := range incidents {
		var err error
		if lines, err = incidents[i].Point(p.inv).AppendLine(lines); err != nil {
			return fmt.Errorf("incident %s: %w", incidents[i].ID, err)
		}
	}
	if err := p.store(ctx, api.Events, lines); err != nil {
		return err
	}
	for _, i := range incidents {
		p.incidents[i.ID] = i
	}
	return nil
}

// alarm writes what people shall be told of.
func (p *pass) alarm(ctx context.Context) error {
	recent := p.now.Add(-time.Hour)
	var outages []Outage
	for _, of := range p.outages {
		for _, o := range of {
			if o.goesOn() || o.Ended.After(recent) || o.Judged.After(recent) {
				outages = append(outages, o)
			}
		}
	}
	byID(outages)
	var incidents []Incident
	for _, id := range slices.Sorted(maps.Keys(p.incidents)) {
		if i := p.incidents[id]; i.Status == api.StatusOpen || i.Ended.After(recent) || i.Judged.After(recent) {
			incidents = append(incidents, i)
		}
	}
	points, err := Alarms(ctx, p.j.deps.Store, p.inv, p.j.cfg.Policies, outages, incidents, p.now)
	if err != nil {
		return fmt.Errorf("alarms: %w", err)
	}
	return p.writePoints(ctx, api.Raw, points)
}

func (p *pass) writePoints(ctx context.Context, retention api.Retention, points []*api.Point) error {
	var lines []byte
	for _, point := range points {
		var err error
		if lines, err = point.AppendLine(lines); err != nil {
			return err
		}
	}
	return p.store(ctx, retention, lines)
}

// maxBlock is how much of the judge's is written at once: as much as ingest does.
const maxBlock = 8 << 20

// store writes a block. Lines that the database refuses for good are told of, and are no
// reason to do the rest again.
func (p *pass) store(ctx context.Context, retention api.Retention, lines []byte) error {
	for len(lines) > 0 {
		extract := lines
		if len(extract) > maxBlock {
			extract = lines[:1+bytes.LastIndexByte(lines[:maxBlock], '\n')]
		}
		lines = lines[len(extract):]
		err := p.j.deps.Store.Write(ctx, retention, extract)
		var refused *store.Refused
		if errors.As(err, &refused) {
			p.j.deps.Log.Error("the database refused what the judge wrote", "error", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
