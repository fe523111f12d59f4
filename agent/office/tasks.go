package office

import (
	"context"
	"time"

	"communewatch/agent/doctor"
	"communewatch/agent/round"
	"communewatch/collector/api"
)

// tasks makes what the rounds do: each target is pinged, and asked over SNMP where that
// is configured. Both are behind the parent's ping. heard is told of every ping, and of
// those that were skipped; nil: nobody is.
func tasks(targets []api.Target, probers Probers, now func() time.Time, heard func(api.Target, []*api.Point)) []round.Task {
	var out []round.Task
	tell := func(t api.Target, points []*api.Point) []*api.Point {
		if heard != nil {
			heard(t, points)
		}
		return points
	}
	for _, t := range targets {
		ping, parent := probers.ICMP(t), ""
		if t.Parent != "" {
			parent = pingName(t.Parent)
		}
		out = append(out, round.Task{
			Name: pingName(t.Name), Parent: parent,
			Probe: func(ctx context.Context) ([]*api.Point, round.Answer) {
				points := tell(t, ping(ctx))
				return points, answerOf(points)
			},
			Skipped: func() []*api.Point { return tell(t, []*api.Point{skipped(t, now())}) },
		})
		if t.SNMP == nil {
			continue
		}
		ask := probers.SNMP(t)
		out = append(out, round.Task{
			Name: "snmp " + t.Name, Parent: parent,
			Probe: func(ctx context.Context) ([]*api.Point, round.Answer) {
				points := ask(ctx)
				return points, answerOf(points)
			},
		})
	}
	return out
}

// pathTask looks at the path, rarely, in a goroutine of its own as all tasks are.
func pathTask(d *doctor.Doctor) round.Task {
	return round.Task{Name: "path", Limit: doctor.MaxLook + 5*time.Second,
		Probe: func(ctx context.Context) ([]*api.Point, round.Answer) { return d.Path(ctx), round.Unknown }}
}

// trustTask asks now and then whether replies prove anything here.
func trustTask(ask func(context.Context)) round.Task {
	return round.Task{Name: "trust in ICMP", Probe: func(ctx context.Context) ([]*api.Point, round.Answer) {
		ask(ctx)
		return nil, round.Unknown
	}}
}

func pingName(target string) string { return "ping " + target }

// skipped is the ping of a target whose parent is down: nothing sent, nothing lost. SNMP
// says nothing then.
func skipped(t api.Target, at time.Time) *api.Point {
	return api.NewPoint("ping", at).Tag(api.TagTarget, t.Name).Tag(api.TagRole, string(t.Role)).
		Int("sent", 0).Int("received", 0).Text("result", api.ResultSkippedParent)
}

// answerOf reads from a probe's points what it heard.
func answerOf(points []*api.Point) round.Answer {
	for _, p := range points {
		switch p.Measurement {
		case "ping":
			return pingAnswer(p)
		case "device":
			if up, _ := p.FieldNamed("up"); up.Integer() > 0 {
				return round.Answered
			}
			return round.Silent
		}
	}
	return round.Unknown
}

// pingAnswer: for want of a route nothing comes back, which is tried and failed; a
// round that could not be made says nothing.
func pingAnswer(p *api.Point) round.Answer {
	received, _ := p.FieldNamed("received")
	sent, _ := p.FieldNamed("sent")
	result, _ := p.FieldNamed("result")
	switch {
	case received.Integer() > 0:
		return round.Answered
	case sent.Integer() > 0, result.Text() == api.ResultNoRoute, result.Text() == api.ResultICMPError:
		return round.Silent
	}
	return round.Unknown
}
