package judge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// maxChanged bounds what a judgement tells of late data, in bytes.
const maxChanged = 900

// close writes the judgement: how far it got, and what it changed.
func (p *pass) close(ctx context.Context) error {
	until := p.judgedUntil()
	at := p.now.Truncate(time.Second)
	point := api.NewPoint("judgement", at).
		Int("until_ms", until.UnixMilli()).
		Int("took_ms", time.Since(p.began).Milliseconds()).
		Int("sites", int64(len(p.touched))).
		Int("outages", int64(len(p.rulings))).
		Int("hours", int64(p.computed)).
		Text("changed", api.CleanText(p.changed()))
	if err := p.writePoints(ctx, api.Hourly, []*api.Point{point}); err != nil {
		return err
	}
	p.last, p.until = at, until
	return nil
}

// changed says what late data made of outages: "bd-21997 silent unknown → uplink_down last_mile".
func (p *pass) changed() string {
	var b strings.Builder
	left := 0
	for i := range p.rulings {
		r := &p.rulings[i]
		if !r.late || r.was.ID != "" && r.was.says() == r.is.says() {
			continue
		}
		text := r.is.Site + " " + r.was.says() + " → " + r.is.says()
		if b.Len()+len(text) > maxChanged {
			left++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(text)
	}
	if left > 0 {
		fmt.Fprintf(&b, "; +%d", left)
	}
	return b.String()
}

// says is an outage in a few words.
func (o *Outage) says() string {
	if o.ID == "" || o.Status == api.StatusWithdrawn {
		return "-"
	}
	words := []string{o.Kind}
	if o.Target != "" {
		words = append(words, o.Target)
	}
	end := "…"
	if !o.Ended.IsZero() {
		end = o.Ended.In(zone).Format("15:04")
	}
	return strings.Join(append(words, string(o.Cause), o.Started.In(zone).Format("01-02 15:04")+"–"+end), " ")
}

// reviewMetrics is how the reviews go.
type reviewMetrics struct {
	passes  *prometheus.CounterVec
	seconds prometheus.Counter
	rows    prometheus.Counter
	outages prometheus.Counter
	hours   prometheus.Counter
	late    prometheus.Gauge
	lag     prometheus.Gauge
}

func newReviewMetrics(registry prometheus.Registerer) (*reviewMetrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "communewatch_judge_" + name, Help: help})
	}
	m := &reviewMetrics{
		passes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "communewatch_judge_reviews_total", Help: "Passes over what came in, by result."}, []string{"result"}),
		seconds: counter("review_seconds_total", "Time that these passes took."),
		rows:    counter("review_rows_total", "Points that they read for timelines."),
		outages: counter("review_outages_total", "Outages opened, changed, closed or withdrawn."),
		hours:   counter("review_hours_total", "Hours of sites computed."),
		late:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "communewatch_judge_review_late_sites", Help: "Sites whose late data waits to be judged."}),
		lag:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "communewatch_judge_review_lag_seconds", Help: "Age of the oldest receipt that is not judged yet."}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.passes, m.seconds, m.rows, m.outages, m.hours, m.late, m.lag} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the judge's metrics: %w", err)
		}
	}
	return m, nil
}

func (m *reviewMetrics) passed(p *pass, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.passes.WithLabelValues(result).Inc()
	m.seconds.Add(took.Seconds())
	m.rows.Add(float64(p.rows))
	m.outages.Add(float64(len(p.rulings)))
	m.hours.Add(float64(p.computed))
	m.late.Set(float64(len(p.hearing.late)))
	if !p.until.IsZero() {
		m.lag.Set(p.now.Sub(p.until).Seconds())
	}
}
