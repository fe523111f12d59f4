package office

import (
	"sync"

	"communewatch/collector/api"
)

// results is what each target's newest round found, for people.
type results struct {
	mu   sync.Mutex
	last map[measuredAt]TargetStatus
}

// measuredAt: a name that stands for another address now begins anew.
type measuredAt struct{ name, address string }

// heard notes a probe's points.
func (r *results) heard(t api.Target, points []*api.Point) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := measuredAt{t.Name, t.Address}
	s, known := r.last[key]
	if !known {
		return // of a plan that is no longer followed
	}
	for _, p := range points {
		switch p.Measurement {
		case "ping":
			s.ping(p)
		case "device":
			s.device(p)
		}
	}
	r.last[key] = s
}

// only keeps what is known of these targets, and forgets others.
func (r *results) only(targets []api.Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := make(map[measuredAt]TargetStatus, len(targets))
	for _, t := range targets {
		key := measuredAt{t.Name, t.Address}
		s := r.last[key]
		s.Name, s.Address, s.Role, s.SNMP = t.Name, t.Address, t.Role, t.SNMP != nil
		if !s.SNMP {
			s.DeviceUp, s.DeviceError = nil, ""
		}
		kept[key] = s
	}
	r.last = kept
}

func (r *results) of(targets []api.Target) []TargetStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]TargetStatus, 0, len(targets))
	for _, t := range targets {
		out = append(out, r.last[measuredAt{t.Name, t.Address}])
	}
	return out
}

// ping reads a point as the contract has it: what is ordinary is absent.
func (s *TargetStatus) ping(p *api.Point) {
	sent, _ := p.FieldNamed("sent")
	received, _ := p.FieldNamed("received")
	result, _ := p.FieldNamed("result")
	median, answered := p.FieldNamed("rtt_median_ms")
	s.Measured, s.Sent, s.Received, s.Result, s.MedianMs = true, sent.Integer(), received.Integer(), result.Text(), nil
	if s.Result == "" {
		s.Result = api.ResultOK
	}
	if answered {
		ms := median.Float()
		s.MedianMs = &ms
	}
}

func (s *TargetStatus) device(p *api.Point) {
	up, _ := p.FieldNamed("up")
	complaint, _ := p.FieldNamed("error")
	answers := up.Integer() > 0
	s.DeviceUp, s.DeviceError = &answers, complaint.Text()
}
