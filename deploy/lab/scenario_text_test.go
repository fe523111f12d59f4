//go:build integration

package lab

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// A scenario is a text: what happens at which office when, and then what the judge must
// have found. testdata/scenarios/README.md says how it is written. A line that cannot be
// read is named with its file and number, and so is an expectation that does not hold.

// play is one performance of a scenario: the story itself, or a twin of it in which a
// piece of evidence is missing.
type play struct {
	file, name string
	line       int // where it begins

	weekday  time.Weekday  // of the first day
	from, to time.Duration // after 00:00 of the first day
	interval time.Duration // between rounds
	judged   time.Duration // between judgements
	cast     []actor
	closed   []string // days on which the offices are closed by decision
	works    []works  // maintenance
	events   []event
	long     bool            // for the long tests only
	without  map[string]bool // kinds of evidence that nobody has

	checks  []check  // states at moments
	figures []figure // of hours and days
	wants   []want   // all that must be found, and nothing else
}

// actor is an office as it is declared.
type actor struct {
	name                    string
	terrain, area, provider string
	calendar                string
	ups                     bool
	clock                   int // years by which the PC's clock is wrong
}

type event struct {
	line int
	at   time.Duration
	who  []string // empty: it happens to the province
	what string
	word string // after a verb that takes one
}

type works struct {
	who      string
	from, to time.Duration
	reason   string
}

type check struct {
	line  int
	at    time.Duration
	who   string
	state api.State
}

// figure is one field of an hour or a day at its end.
type figure struct {
	line         int
	period, who  string
	at           time.Duration
	field, value string
}

// want is a line as it is written and as it is compared.
type want struct {
	line int
	text string
}

// Kinds of evidence that a twin may lack.
const evidence = "looks ups uptime goodbye replay providers calendar maintenance"

// mistake is a line that cannot be read.
type mistake struct {
	file string
	line int
	text string
}

func (m *mistake) Error() string { return fmt.Sprintf("%s:%d: %s", m.file, m.line, m.text) }

// readScenario gives the story and its twins.
func readScenario(path string) ([]*play, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseScenario(filepath.Base(path), string(data))
}

// reader reads one scenario.
type reader struct {
	plays []*play
	now   *play // that the lines belong to
	line  int
}

func parseScenario(file, text string) ([]*play, error) {
	r := &reader{}
	r.now = &play{file: file, name: "as it was", line: 1, interval: time.Minute, judged: 10 * time.Minute, weekday: -1, without: map[string]bool{}}
	r.plays = []*play{r.now}
	for line := range strings.Lines(text) {
		r.line++
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if err := r.read(words); err != nil {
			return nil, &mistake{file, r.line, err.Error()}
		}
	}
	for _, p := range r.plays {
		if err := p.complete(); err != nil {
			return nil, err
		}
	}
	return r.plays, nil
}

func (r *reader) read(words []string) error {
	declare := map[string]func([]string) error{
		"play": r.play, "interval": r.interval, "judged": r.judged, "site": r.sites, "sites": r.sites, "closed": r.closed, "long": r.long,
		"maintenance": r.maintenance, "twin": r.twin, "without": r.withoutIt,
		"at": r.check, "hour": r.hour, "day": r.day, "outage": r.outage, "incident": r.incident, "alarm": r.alarm,
	}
	if read := declare[words[0]]; read != nil {
		return read(words[1:])
	}
	if r.now.weekday < 0 {
		return fmt.Errorf("%q: a scenario begins with its days (play Wed 08:00 to 11:00)", words[0])
	}
	return r.event(words)
}

func (r *reader) declaring() error {
	if len(r.plays) > 1 {
		return fmt.Errorf("a twin changes neither offices nor days")
	}
	return nil
}

// twin begins a play that inherits all but what must be found.
func (r *reader) twin(words []string) error {
	base := r.plays[0]
	if len(words) == 0 {
		return fmt.Errorf("a twin says what is missing in it")
	}
	other := *base
	other.name, other.line = strings.Join(words, " "), r.line
	other.events, other.works = slices.Clone(base.events), slices.Clone(base.works)
	other.without, other.checks, other.figures, other.wants = map[string]bool{}, nil, nil, nil
	r.now = &other
	r.plays = append(r.plays, r.now)
	return nil
}

func (r *reader) withoutIt(words []string) error {
	for _, w := range words {
		if !slices.Contains(strings.Fields(evidence), w) {
			return fmt.Errorf("without %q: want of %s", w, evidence)
		}
		r.now.without[w] = true
	}
	return nil
}

// 09:30 A line is cut behind the office router
func (r *reader) event(words []string) error {
	at, words, ok := r.leadingMoment(words)
	if !ok {
		return fmt.Errorf("%q is neither a time nor a word that begins a line", words[0])
	}
	until, every := at, time.Duration(1)
	if len(words) > 4 && words[0] == "to" {
		if until, words, ok = r.leadingMoment(words[1:]); !ok || len(words) < 2 || words[0] != "every" {
			return fmt.Errorf("want: 09:00 to 10:00 every 5m A …")
		}
		if err := r.duration(&every, words[1:2]); err != nil {
			return err
		}
		words = words[2:]
	}
	e := event{line: r.line}
	var err error
	e.who, words = r.leadingNames(words)
	if e.what, e.word, err = verb(e.who, strings.Join(words, " ")); err != nil {
		return err
	}
	for ; at <= until; at += every {
		e.at = at
		r.now.events = append(r.now.events, e)
	}
	return nil
}

// at 09:40 A silent B ok
func (r *reader) check(words []string) error {
	at, words, ok := r.leadingMoment(words)
	if !ok || len(words) == 0 || len(words)%2 != 0 {
		return fmt.Errorf("want: at 09:40 A silent B ok")
	}
	for ; len(words) > 0; words = words[2:] {
		if !r.knows(words[0]) || !slices.Contains(strings.Fields(api.States), words[1]) {
			return fmt.Errorf("%s %s: no office, or no state", words[0], words[1])
		}
		r.now.checks = append(r.now.checks, check{r.line, at, words[0], api.State(words[1])})
	}
	return nil
}

func (r *reader) knows(name string) bool {
	return slices.ContainsFunc(r.now.cast, func(a actor) bool { return a.name == name })
}

func (r *reader) names() (all []string) {
	for _, a := range r.now.cast {
		all = append(all, a.name)
	}
	return all
}

func isName(s string) bool {
	return len(s) <= 2 && s[0] >= 'A' && s[0] <= 'Z' && (len(s) == 1 || s[1] >= '0' && s[1] <= '9')
}

// complete holds what a play needs, and puts its events in order.
func (p *play) complete() error {
	wrong := func(line int, format string, values ...any) error {
		return &mistake{p.file, line, fmt.Sprintf(format, values...)}
	}
	switch {
	case p.weekday < 0:
		return wrong(p.line, "no line says which days are played (play Wed 08:00 to 11:00)")
	case len(p.cast) == 0:
		return wrong(p.line, "no office is in it")
	case p.to-p.from > 20*24*time.Hour:
		return wrong(p.line, "longer than 20 days")
	}
	for _, e := range p.events {
		if e.at < p.from || e.at >= p.to {
			return wrong(e.line, "%s is not within the days that are played", p.clock(e.at))
		}
	}
	for _, c := range p.checks {
		if c.at <= p.from || c.at >= p.to {
			return wrong(c.line, "%s is not within the days that are played", p.clock(c.at))
		}
	}
	slices.SortStableFunc(p.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return nil
}
