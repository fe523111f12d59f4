//go:build integration

package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
)

// weekdays as they are written, Sunday first as in package time.
var weekdays = strings.Fields("Sun Mon Tue Wed Thu Fri Sat")

func weekdayOf(word string) time.Weekday { return time.Weekday(slices.Index(weekdays, word)) }

// moment reads "09:30" (of the first day), "Thu 09:30", and "Thu+7 09:30" of a week later.
func (r *reader) moment(text string) (time.Duration, bool) {
	day := 0
	if name, clock, found := strings.Cut(text, " "); found {
		name, weeks, later := strings.Cut(name, "+")
		weekday := weekdayOf(name)
		if weekday < 0 {
			return 0, false
		}
		day, text = int(weekday-r.now.weekday+7)%7, clock
		if later {
			more, err := strconv.Atoi(weeks)
			if err != nil || more < 0 || more%7 != 0 {
				return 0, false
			}
			day += more
		}
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return time.Duration(day)*24*time.Hour + time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, true
}

// clock writes a moment as [reader.moment] reads it, less its seconds.
func (p *play) clock(at time.Duration) string {
	day, rest := int(at/(24*time.Hour)), at%(24*time.Hour)
	clock := fmt.Sprintf("%02d:%02d", rest/time.Hour, rest%time.Hour/time.Minute)
	if day == 0 {
		return clock
	}
	name := weekdays[(int(p.weekday)+day)%7]
	if day >= 7 {
		name += fmt.Sprintf("+%d", day/7*7)
	}
	return name + " " + clock
}

func (p *play) span(from, to time.Duration) string {
	if to < 0 {
		return p.clock(from) + "-"
	}
	return p.clock(from) + "-" + p.clock(to)
}

func (r *reader) leadingMoment(words []string) (time.Duration, []string, bool) {
	for n := 1; n <= min(2, len(words)); n++ {
		if at, ok := r.moment(strings.Join(words[:n], " ")); ok {
			return at, words[n:], true
		}
	}
	return 0, words, false
}

// leadingSpan reads "09:30-09:50", "Fri 17:00-Mon 07:30" and "09:30-", which goes on: then
// to is negative.
func (r *reader) leadingSpan(words []string) (from, to time.Duration, rest []string, ok bool) {
	for n := 1; n <= min(3, len(words)); n++ {
		text := strings.Join(words[:n], " ")
		if begin, goesOn := strings.CutSuffix(text, "-"); goesOn {
			if from, ok = r.moment(begin); ok {
				return from, -1, words[n:], true
			}
		}
		if from, to, ok = r.span(text, "-"); ok && to >= from {
			return from, to, words[n:], true
		}
	}
	return 0, 0, words, false
}

func (r *reader) span(text, between string) (from, to time.Duration, ok bool) {
	a, b, found := strings.Cut(text, between)
	from, first := r.moment(a)
	to, second := r.moment(b)
	return from, to, found && first && second
}

// hour A 09:00 down_seconds 1200 unknown_seconds 0
func (r *reader) hour(words []string) error { return r.figures("site_hour", words) }

// day A Wed 00:00 down_seconds 1200
func (r *reader) day(words []string) error { return r.figures("site_day", words) }

func (r *reader) figures(period string, words []string) error {
	names, words := r.leadingNames(words)
	at, words, ok := r.leadingMoment(words)
	if !ok || len(names) == 0 || len(words) == 0 || len(words)%2 != 0 {
		return fmt.Errorf("want: hour A 09:00 down_seconds 1200, or day A 00:00 …")
	}
	for ; len(words) > 0; words = words[2:] {
		if api.Lookup(period).Field(words[0]) == nil {
			return fmt.Errorf("%s has no field %q", period, words[0])
		}
		for _, name := range names {
			r.now.figures = append(r.now.figures, figure{r.line, period, name, at, words[0], words[1]})
		}
	}
	return nil
}

// outage A uplink_down 09:30-09:50 last_mile first silent/unknown x3 maintenance
func (r *reader) outage(words []string) error {
	names, words := r.leadingNames(words)
	if len(names) == 0 || len(words) < 3 {
		return fmt.Errorf("want: outage A B uplink_down 09:30-09:50 last_mile")
	}
	var f found
	f.kind, f.target, _ = strings.Cut(words[0], ":")
	var ok bool
	if f.from, f.to, words, ok = r.leadingSpan(words[1:]); !ok || len(words) == 0 {
		return fmt.Errorf("no time from one moment to another, and a cause")
	}
	f.cause, words = words[0], words[1:]
	f.firstKind, f.firstCause, f.interruptions = f.kind, f.cause, 1
	for len(words) > 0 {
		switch n, counted := strings.CutPrefix(words[0], "x"); {
		case words[0] == "first" && len(words) > 1:
			f.firstKind, f.firstCause, _ = strings.Cut(words[1], "/")
			words = words[1:]
		case words[0] == "maintenance":
			f.maintenance = true
		case words[0] == "withdrawn":
			f.withdrawn = true
		case counted:
			f.interruptions, _ = strconv.Atoi(n)
		default:
			return fmt.Errorf("what is %q of an outage?", words[0])
		}
		words = words[1:]
	}
	for _, word := range []string{f.kind, f.firstKind} {
		if !slices.Contains(strings.Fields(api.OutageKinds), word) {
			return fmt.Errorf("%q is no kind of outage, want of: %s", word, api.OutageKinds)
		}
	}
	for _, word := range []string{f.cause, f.firstCause} {
		if err := cause(word); err != nil {
			return err
		}
	}
	for _, f.site = range names {
		r.want(r.now.outageLine(f))
	}
	return nil
}

// leadingNames are the offices that a line begins with; all stands for each of them.
func (r *reader) leadingNames(words []string) (names, rest []string) {
	for len(words) > 0 && r.knows(words[0]) {
		names, words = append(names, words[0]), words[1:]
	}
	if len(names) == 0 && len(words) > 0 && words[0] == "all" {
		return r.names(), words[1:]
	}
	return names, words
}

func cause(word string) error {
	if !slices.Contains(strings.Fields(api.Causes), word) {
		return fmt.Errorf("%q is no cause, want of: %s", word, api.Causes)
	}
	return nil
}

// found is an outage, as the text has it or the store.
type found struct {
	site, kind, target, cause string
	from, to                  time.Duration // to is negative while it goes on
	firstKind, firstCause     string
	interruptions             int
	maintenance, withdrawn    bool
}

// outageLine is how it is compared.
func (p *play) outageLine(f found) string {
	kind := f.kind
	if f.target != "" {
		kind += ":" + f.target
	}
	text := fmt.Sprintf("outage %s %s %s %s", f.site, kind, p.span(f.from, f.to), f.cause)
	if f.firstKind != f.kind || f.firstCause != f.cause {
		text += " first " + f.firstKind + "/" + f.firstCause
	}
	if f.interruptions > 1 {
		text += fmt.Sprintf(" x%d", f.interruptions)
	}
	if f.maintenance {
		text += " maintenance"
	}
	if f.withdrawn {
		text += " withdrawn"
	}
	return text
}

// incident uplink_down 09:30-09:50 provider of A B C sharing provider vnpt
func (r *reader) incident(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("want: incident uplink_down 09:30-09:50 provider of A B C sharing vnpt")
	}
	kind := words[0]
	from, to, words, ok := r.leadingSpan(words[1:])
	if !ok || len(words) == 0 {
		return fmt.Errorf("no time from one moment to another, and a cause")
	}
	if err := cause(words[0]); err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(api.IncidentKinds), kind) {
		return fmt.Errorf("%q is no kind of incident, want of: %s", kind, api.IncidentKinds)
	}
	g := gathered{kind: kind, from: from, to: to, cause: words[0]}
	if words = words[1:]; len(words) > 0 && words[0] == "of" {
		g.members, words = r.leadingNames(words[1:])
	}
	if len(words) == 2 && words[0] == "sharing" {
		g.shared, words = words[1], nil
	}
	if len(words) > 0 {
		return fmt.Errorf("what is %q of an incident?", words[0])
	}
	r.want(r.now.incidentLine(g))
	return nil
}

// gathered is an incident, as the text has it or the store.
type gathered struct {
	kind, cause, shared string
	from, to            time.Duration
	members             []string
}

func (p *play) incidentLine(g gathered) string {
	text := fmt.Sprintf("incident %s %s %s", g.kind, p.span(g.from, g.to), g.cause)
	if len(g.members) > 0 {
		slices.Sort(g.members)
		text += " of " + strings.Join(g.members, " ")
	}
	if g.shared != "" {
		text += " sharing " + g.shared
	}
	return text
}

// alarm A uplink_down
func (r *reader) alarm(words []string) error {
	names, words := r.leadingNames(words)
	if len(names) == 0 || len(words) != 1 || !slices.Contains(strings.Fields(api.AlarmKinds), words[0]) {
		return fmt.Errorf("want: alarm A B uplink_down, a kind of: %s", api.AlarmKinds)
	}
	for _, name := range names {
		r.want("alarm " + name + " " + words[0])
	}
	return nil
}

func (r *reader) want(text string) { r.now.wants = append(r.now.wants, want{r.line, text}) }
