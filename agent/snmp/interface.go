package snmp

import (
	"time"

	"communewatch/collector/api"
)

// interfacePoints makes the points of a poll and remembers its readings for the
// next. A difference is to the poll right before only: over a poll that failed it
// would hold the traffic of two rounds and look like a peak.
func (d *device) interfacePoints(r *round) []*api.Point {
	continued := r.steady && r.uptime.continues(d.uptime)
	apart := r.uptime.at.Sub(d.uptime.at)
	d.uptime = uptime{}
	if r.steady {
		d.uptime = r.uptime
	}
	if len(r.errs) == 0 {
		clear(d.ambiguous) // all names were read: those of now count
	}
	rows := r.table.rows(d.ambiguous)
	points := make([]*api.Point, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		m := d.interfaces[row.name]
		if m == nil {
			m = &memory{}
			d.interfaces[row.name] = m
		}
		p := api.NewPoint("interface", r.at).Tag(api.TagTarget, d.target.Name).Tag(api.TagInterface, row.name)
		p.Int("oper_up", row.up)
		if row.speed > 0 {
			p.Int("speed_bps", int64(row.speed))
		}
		if continued && m.poll == d.polls-1 && m.reading.discontinuity == row.reading.discontinuity {
			span{apart, row.speed}.differences(p, &m.reading, &row.reading)
		}
		m.writeAlias(p, row, r.at)
		m.reading, m.poll = row.reading, d.polls
		points = append(points, p)
	}
	d.forget()
	return points
}

// differences adds what passed from one reading to the next, where it is known.
func (s span) differences(p *api.Point, before, now *reading) {
	if n, known := s.octets(before.in, now.in); known {
		p.Int("in_octets", n)
	}
	if n, known := s.octets(before.out, now.out); known {
		p.Int("out_octets", n)
	}
	p.Count("in_errors", s.events(before.inErrors, now.inErrors))
	p.Count("out_errors", s.events(before.outErrors, now.outErrors))
	p.Count("in_discards", s.events(before.inDiscards, now.inDiscards))
	p.Count("out_discards", s.events(before.outDiscards, now.outDiscards))
}

// writeAlias adds the alias if it is new, and once a day.
func (m *memory) writeAlias(p *api.Point, row *row, at time.Time) {
	if !row.aliasKnown || row.alias == m.alias && at.Sub(m.aliasAt) < aliasEvery {
		return
	}
	p.Text("alias", row.alias)
	m.alias, m.aliasAt = row.alias, at
}

// forget keeps the memory within bounds, whatever names a device invents.
func (d *device) forget() {
	if len(d.ambiguous) > 2*maxInterfaces {
		clear(d.ambiguous)
	}
	if len(d.interfaces) <= 2*maxInterfaces {
		return
	}
	for name, m := range d.interfaces {
		if m.poll != d.polls {
			delete(d.interfaces, name)
		}
	}
}
