package office

import (
	"runtime"
	"time"

	"communewatch/agent/round"
	"communewatch/collector/api"
)

// health is the agent's own point.
func (o *Office) health(timing round.Timing) *api.Point {
	stats := o.spool.Stats()
	p := api.NewPoint("agent_health", o.session.Now()).
		Int("spool_batches", int64(stats.Batches)).
		Int("spool_bytes", stats.Bytes).
		Count("memory_batches", int64(stats.Memory)).
		Count("aside_batches", int64(stats.Aside)).
		Count("dropped_batches", int64(stats.Dropped)).
		Count("rss_bytes", residentBytes()).
		Int("round_ms", timing.Longest.Milliseconds()).
		Int("wire_bytes", int64(o.sender.WireBytes())).
		Text("version", o.cfg.Version).Text("os", runtime.GOOS).Text("arch", runtime.GOARCH).Text("session", o.session.ID())
	now := o.current.Load()
	p.Count("every_seconds", int64(now.line(o.cfg).every/time.Second))
	p.Text("document", api.CleanText(now.etag)).Text("document_problem", api.CleanText(o.documentProblem()))
	if left, known := o.certificateLeft(); known {
		p.Int("certificate_left_seconds", int64(left/time.Second))
	}
	if !o.toldUptime {
		o.toldUptime = true // a new session is a new process, or follows a sleep: one point of it tells
		p.Count("machine_up_seconds", int64(uptime()/time.Second))
	}
	if now.untrusted != nil {
		p.Count("icmp_untrusted", int64(now.untrusted()))
	}
	if percent, ok := o.process.percent(); ok {
		p.Float("cpu_percent", percent)
	}
	if offset, known := o.session.Offset(); known {
		value, doubt := offset.Estimate()
		p.Float("clock_offset_ms", milliseconds(value)).Float("clock_uncertainty_ms", milliseconds(doubt))
	}
	return p
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
