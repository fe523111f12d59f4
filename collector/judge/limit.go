package judge

import (
	"strconv"
	"time"

	"communewatch/collector/settings"
)

// figure is one of the policy's with what it may be.
type figure struct {
	path      string
	value     float64
	low, high float64
	show      func(float64) string
}

func whole(path string, value, low, high int) figure {
	return figure{path, float64(value), float64(low), float64(high), plainNumber}
}

func length(path string, value, low, high time.Duration) figure {
	return figure{path, float64(value), float64(low), float64(high), func(v float64) string { return shortDuration(time.Duration(v)) }}
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// shortDuration writes 30m, where package time writes 30m0s.
func shortDuration(d time.Duration) string {
	switch {
	case d != 0 && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d != 0 && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return d.String()
}

// figures of one row, in the order of the file.
func (p *Policy) figures() []figure {
	return []figure{
		whole("silent_rounds", p.SilentRounds, 1, 60),
		length("battery", p.Battery, time.Minute, 2*time.Hour),
		whole("dead_rounds", p.DeadRounds, 1, 30),
		whole("fresh_rounds", p.FreshRounds, 2, 60),
		whole("recover_rounds", p.RecoverRounds, 1, 30),
		whole("loss_rounds", p.LossRounds, 2, 60),
		{"loss", p.Loss, 0.01, 1, plainNumber},
		length("slow", p.Slow, 10*time.Millisecond, 2*time.Minute),
		length("opening", p.Opening, 0, 4*time.Hour),
		length("closing", p.Closing, 0, 4*time.Hour),
		length("rejoin", p.Rejoin, 0, oneDay),
		whole("flaps", p.Flaps, 2, 100),
		length("calm", p.Calm, p.Rejoin, oneDay),
	}
}

func (f *policyFile) check(read *settings.File) {
	plain, mountain := f.Plain.figures(), f.Mountain.figures()
	for i := range plain {
		plain[i].check(read, "plain.")
		if mountain[i].value != plain[i].value || mountain[i].low != plain[i].low { // what is inherited is said once
			mountain[i].check(read, "mountain.")
		}
	}
	for _, one := range []figure{
		length("incidents.together", f.Incidents.Together, 10*time.Second, time.Hour),
		whole("incidents.least", f.Incidents.Least, 2, 1_000),
		{"alarms.disk_full_percent", f.Alarms.DiskFull, 50, 100, plainNumber},
		length("alarms.certificate_left", f.Alarms.Certificate, 24*time.Hour, 30*24*time.Hour),
		length("alarms.clock_off", f.Alarms.Clock, time.Second, 24*time.Hour),
	} {
		one.check(read, "")
	}
}

func (f figure) check(read *settings.File, row string) {
	if f.value < f.low || f.value > f.high {
		read.Complain(row+f.path, "policy.range", row+f.path, f.show(f.value), f.show(f.low), f.show(f.high))
	}
}
