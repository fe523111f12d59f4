package dashboards

import (
	"strconv"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
)

// timing is how long a group waits for its first message, for the next one when
// something in it changed, and before it says the same again.
type timing struct{ wait, change, again time.Duration }

// One incident is one group. Mountainous sites have their own route and are told
// first; the judge needs up to five minutes to see who belongs to an incident, so a
// group that grows says so at its next change and not each time. Nothing is muted: an
// office that is closed and a maintenance window raise no alarm to begin with.
var (
	mountainTiming  = timing{10 * time.Second, 2 * time.Minute, 2 * time.Hour}
	plainTiming     = timing{time.Minute, 5 * time.Minute, 6 * time.Hour}
	collectorTiming = timing{10 * time.Second, 2 * time.Minute, time.Hour}
	// Alertmanager sends again at the first change interval after "again" is over,
	// counted from when the last one was sent: every one to two minutes.
	watchdogTiming = timing{time.Second, time.Minute, time.Minute}
)

// alertPolicy is the route of all that is ours. Without a contact point of ours it
// names none, and the tree's own receiver gets it.
func alertPolicy(o AlertOptions) alerting.NotificationPolicy {
	collector := route(AlertLabel, "=", sortCollector, "", "alertname", collectorTiming)
	mountain := route("mountain", "=", terrainMountain, "", "incident", mountainTiming)
	all := route(AlertLabel, "=~", sortAlarm+"|"+sortCollector+"|"+sortWatchdog, "", "incident", plainTiming)
	if o.Contact {
		all.Receiver = cog.ToPtr(ContactName)
	}
	if o.Watchdog {
		all.Routes = append(all.Routes, route(AlertLabel, "=", sortWatchdog, WatchdogName, "alertname", watchdogTiming))
	}
	all.Routes = append(all.Routes, collector, mountain)
	return all
}

func route(label, is, value, receiver, group string, t timing) alerting.NotificationPolicy {
	p := alerting.NotificationPolicy{
		ObjectMatchers: &alerting.ObjectMatchers{{label, is, value}},
		GroupBy:        []string{group},
		GroupWait:      cog.ToPtr(short(t.wait)), GroupInterval: cog.ToPtr(short(t.change)), RepeatInterval: cog.ToPtr(short(t.again)),
	}
	if receiver != "" {
		p.Receiver = cog.ToPtr(receiver)
	}
	return p
}

// short is a duration as Grafana gives it back: 2h, not 2h0m0s.
func short(d time.Duration) string {
	for _, unit := range []struct {
		is   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.is && d%unit.is == 0 {
			return strconv.FormatInt(int64(d/unit.is), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// markPolicy says whose the route is, and of which version: a matcher that is always
// true, since no alert has the label. A route has no other place to say it.
func markPolicy(p *alerting.NotificationPolicy) error {
	version, err := versionOf(p)
	if err != nil {
		return err
	}
	marked := append(alerting.ObjectMatchers{}, *p.ObjectMatchers...)
	marked = append(marked, alerting.ObjectMatcher{VersionLabel, "!=", version})
	p.ObjectMatchers = &marked
	return nil
}
