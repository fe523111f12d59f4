package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// A story is what an office measured, as a text: a letter a minute as in target, with a
// number before it for so many, and - for a minute in which nothing was measured.
// A line begins with the name of a target; "session" has a letter for each session.
//
//	router  60A 20A 30A
//	isp-dns 60A 20x 30A
//	session 60a 20a 30a
type story struct {
	t tester
	r Record
	p Policy
}

// tester is a test, or one of many by chance.
type tester interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// roles of the targets in stories.
var roles = map[string]api.Role{"router": api.RoleGateway, "switch": api.RoleLAN, "isp-dns": api.RoleUplink, "bgp": api.RoleUplink,
	"printer": api.RoleDevice, "camera": api.RoleDevice, "printer SNMP": api.RoleDevice}

// offsets at which a round measures: staggered, as agents do; the agent's own point is last.
var offsets = map[api.Role]time.Duration{api.RoleGateway: 5 * time.Second, api.RoleLAN: 10 * time.Second, api.RoleUplink: 20 * time.Second, api.RoleDevice: 30 * time.Second}

const runOffset = 40 * time.Second

func wall(text string) time.Time {
	layout := "2006-01-02 15:04:05"
	if len(text) <= 8 {
		text = "2026-11-25 " + text
	}
	at, err := time.ParseInLocation(layout[:len(text)], text, zone)
	if err != nil {
		panic(err)
	}
	return at
}

// recordOf makes the record of an office from a moment on, up to the end of its longest line.
func recordOf(t tester, from, text string) *story {
	t.Helper()
	s := &story{t: t, p: minutes, r: Record{Site: &inventory.Site{ID: "bd-1", Terrain: inventory.Plain}, From: wall(from)}}
	s.r.To = s.r.From
	sessions := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, rounds, _ := strings.Cut(line, "  ")
		if rounds == "" {
			name, rounds, _ = strings.Cut(line, " ")
		}
		letters := spelled(rounds)
		s.r.To = later(s.r.To, s.r.From.Add(time.Duration(len(letters))*time.Minute))
		if name == "session" {
			sessions = letters
			continue
		}
		s.measure(name, letters)
	}
	s.run(sessions)
	return s
}

// spelled is a text without its numbers: "3A 2x" is "AAAxx".
func spelled(text string) string {
	var out strings.Builder
	for word := range strings.FieldsSeq(text) {
		n, err := strconv.Atoi(word[:len(word)-1])
		if err != nil || unicode.IsDigit(rune(word[len(word)-1])) {
			out.WriteString(word)
			continue
		}
		out.WriteString(strings.Repeat(word[len(word)-1:], n))
	}
	return out.String()
}

func (s *story) measure(name, letters string) {
	role := roles[name]
	all := target(role, name, letters)
	t := Target{Name: name, Role: role}
	for i, r := range all.Rounds {
		if letters[i] != '-' {
			r.Time = s.r.From.Add(time.Duration(i)*time.Minute + offsets[role])
			t.Rounds = append(t.Rounds, r)
		}
	}
	s.r.Targets = append(s.r.Targets, t)
}

// run makes the agent's own points, and a request a minute with them. Without a line of
// sessions there is one, for as long as something was measured.
func (s *story) run(sessions string) {
	if sessions == "" {
		marks := make([]byte, s.r.To.Sub(s.r.From)/time.Minute)
		for i := range marks {
			marks[i] = '-'
		}
		for _, t := range s.r.Targets {
			for _, r := range t.Rounds {
				marks[r.Time.Sub(s.r.From)/time.Minute] = 'a'
			}
		}
		sessions = string(marks)
	}
	for i, c := range sessions {
		if c == '-' {
			continue
		}
		at := s.r.From.Add(time.Duration(i)*time.Minute + runOffset)
		s.r.Runs = append(s.r.Runs, Run{Time: at, Session: string(c)})
		s.r.Arrivals = append(s.r.Arrivals, Arrival{Time: at.Add(time.Second), First: at.Add(-35 * time.Second), Last: at})
	}
}

// booted says of a session's first point when the machine had booted.
func (s *story) booted(session, at string) *story {
	i := slices.IndexFunc(s.r.Runs, func(r Run) bool { return r.Session == session })
	s.r.Runs[i].MachineUp = s.r.Runs[i].Time.Sub(wall(at))
	return s
}

// goodbye is said a second after the last round before a time.
func (s *story) goodbye(at string) *story {
	for i := len(s.r.Arrivals) - 1; i >= 0; i-- {
		if a := &s.r.Arrivals[i]; a.Time.Before(wall(at)) {
			a.Goodbye = api.GoodbyeShutdown
			return s
		}
	}
	s.t.Fatal("nobody to say goodbye")
	return nil
}

// ups is read each minute of a time.
func (s *story) ups(from, to string, onBattery bool) *story {
	for at := wall(from); at.Before(wall(to)); at = at.Add(time.Minute) {
		s.r.Power = append(s.r.Power, Power{Time: at.Add(offsets[api.RoleDevice]), Target: "ups", OnBattery: onBattery})
	}
	return s
}

// looked is a look at the path: "collector 5", the last hop that answered; "collector 0",
// none did; "collector 8/8", it was reached.
func (s *story) looked(at, cause string, ways ...string) *story {
	for _, text := range ways {
		target, way, _ := strings.Cut(text, " ")
		last, whole, reached := strings.Cut(way, "/")
		l := Look{Time: wall(at), Target: target, Cause: cause, Reached: reached, Address: "198.51.100.9"}
		l.LastHopNumber, _ = strconv.Atoi(last)
		l.Hops, _ = strconv.Atoi(whole)
		if l.LastHopNumber > 0 {
			l.LastHop = fmt.Sprintf("10.0.0.%d", l.LastHopNumber)
		}
		s.r.Looks = append(s.r.Looks, l)
	}
	return s
}

// late is how the requests of a time came only after it: all at its end.
func (s *story) late(from, to string) *story {
	n := 0
	for i := range s.r.Arrivals {
		if a := &s.r.Arrivals[i]; !a.Time.Before(wall(from)) && a.Time.Before(wall(to)) {
			n++
			a.Time = wall(to).Add(time.Duration(n) * time.Millisecond)
		}
	}
	return s
}

func (s *story) deaf(from, to string) *story {
	s.r.Deaf = append(s.r.Deaf, Span{wall(from), wall(to)})
	return s
}

// window is the record of a part of the story.
func (s *story) window(from, to string) *story {
	part := *s
	part.r = cutTo(&s.r, Span{wall(from), wall(to)})
	return &part
}

// cutTo is what a store gives of a record for a time: what lies in it, and of what came
// before the newest of each.
func cutTo(r *Record, w Span) Record {
	out := *r
	out.From, out.To = w.From, w.To
	out.Targets = nil
	for _, t := range r.Targets {
		t.Rounds = slices.DeleteFunc(slices.Clone(t.Rounds), func(x Round) bool { return x.Time.Before(w.From) || !x.Time.Before(w.To) })
		if len(t.Rounds) > 0 {
			out.Targets = append(out.Targets, t)
		}
	}
	out.Runs = sparse(r.Runs, w, func(x Run) time.Time { return x.Time })
	out.Arrivals = sparse(r.Arrivals, w, func(x Arrival) time.Time { return x.Time })
	for i := len(r.Arrivals) - 1; i >= 0; i-- {
		if a := r.Arrivals[i]; a.Goodbye != "" && a.Time.Before(w.From) {
			out.Arrivals = append([]Arrival{a}, out.Arrivals...)
			break
		}
	}
	out.Power = sparse(r.Power, w, func(x Power) time.Time { return x.Time })
	out.Looks = slices.DeleteFunc(slices.Clone(r.Looks), func(x Look) bool { return !x.Time.Before(w.To) })
	return out
}

func sparse[T any](list []T, w Span, at func(T) time.Time) []T {
	first := slices.IndexFunc(list, func(x T) bool { return !at(x).Before(w.From) })
	if first < 0 {
		first = len(list)
	}
	end := slices.IndexFunc(list, func(x T) bool { return !at(x).Before(w.To) })
	if end < 0 {
		end = len(list)
	}
	return slices.Clone(list[max(0, first-1):end])
}

func (s *story) outages() []Outage {
	return Outages(&s.r, Timeline(&s.r, s.p, s.r.To), s.p, s.r.To)
}

// shown are outages as a text, a line each: kind, target, cause, reason, when, for how long
// down, and how often if more than once.
func shown(all []Outage) string {
	var out strings.Builder
	for _, o := range all {
		end := "goes on"
		if !o.Ended.IsZero() {
			end = shortly(o.Started, o.Ended)
		}
		fmt.Fprintf(&out, "%s %s %s %s – %s, down %s", strings.TrimSpace(o.Kind+" "+o.Target), o.Cause, strings.TrimPrefix(string(o.Reason), "because."), shortly(noon, o.Started), end, o.Down)
		if o.Interruptions > 1 {
			fmt.Fprintf(&out, ", %d times", o.Interruptions)
		}
		if (o.Status == api.StatusOpen) != o.Ended.IsZero() || o.Status == api.StatusWithdrawn {
			out.WriteString(", " + o.Status)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// shortly leaves out the day if it is another's.
func shortly(day, t time.Time) string {
	if t.In(zone).Format(time.DateOnly) == day.In(zone).Format(time.DateOnly) {
		return t.In(zone).Format(time.TimeOnly)
	}
	return moment(t)
}

// states are a timeline as a text.
func states(all []Segment) string {
	var out strings.Builder
	for _, s := range all {
		fmt.Fprintf(&out, "%s %s (%s)\n", shortly(noon, s.From), s.State, s.Reason[strings.Index(string(s.Reason), ".")+1:])
	}
	if n := len(all); n > 0 {
		fmt.Fprintf(&out, "%s\n", shortly(noon, all[n-1].To))
	}
	return out.String()
}

// unindent makes a text comparable that a table indents.
func unindent(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}
