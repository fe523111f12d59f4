//go:build integration

package lab

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// play Wed 08:00 to Thu 11:00
func (r *reader) play(words []string) error {
	if err := r.declaring(); err != nil {
		return err
	}
	if len(words) == 0 || weekdayOf(words[0]) < 0 {
		return fmt.Errorf("want: play Wed 08:00 to 11:00")
	}
	r.now.weekday = weekdayOf(words[0])
	from, to, ok := r.span(strings.Join(words, " "), " to ")
	if !ok || to <= from {
		return fmt.Errorf("%q is no time from one moment to a later one", strings.Join(words, " "))
	}
	r.now.from, r.now.to = from, to
	return nil
}

func (r *reader) interval(words []string) error { return r.duration(&r.now.interval, words) }

// judged every 5m
func (r *reader) judged(words []string) error {
	if len(words) != 2 || words[0] != "every" {
		return fmt.Errorf("want: judged every 5m")
	}
	return r.duration(&r.now.judged, words[1:])
}

func (r *reader) duration(into *time.Duration, words []string) error {
	d, err := time.ParseDuration(strings.Join(words, " "))
	if err != nil || d < time.Second {
		return fmt.Errorf("%q is no length of time", strings.Join(words, " "))
	}
	*into = d
	return nil
}

func (r *reader) long([]string) error { r.now.long = true; return nil }

// site A mountain area 551 provider vnpt ups always clock -2
func (r *reader) sites(words []string) error {
	if err := r.declaring(); err != nil {
		return err
	}
	var names []string
	for len(words) > 0 && isName(words[0]) {
		names, words = append(names, words[0]), words[1:]
	}
	if len(names) == 0 {
		return fmt.Errorf("no office is named: a capital letter, perhaps with a digit")
	}
	a := actor{terrain: "plain", area: "540", calendar: "office"}
	for ; len(words) > 0; words = words[1:] {
		next := ""
		if len(words) > 1 {
			next = words[1]
		}
		switch words[0] {
		case "highland", "mountain", "plain", "unknown":
			a.terrain = words[0]
			continue
		case "always":
			a.calendar = "always"
			continue
		case "ups":
			a.ups = true
			continue
		case "area":
			a.area = next
		case "provider":
			a.provider = next
		case "clock":
			years, err := strconv.Atoi(next)
			if err != nil || years < -20 || years > 20 {
				return fmt.Errorf("clock %q: want by how many years it is wrong", next)
			}
			a.clock = years
		default:
			return fmt.Errorf("what is %q of an office?", words[0])
		}
		words = words[1:]
		if next == "" {
			return fmt.Errorf("the line ends too early")
		}
	}
	for _, name := range names {
		if r.knows(name) {
			return fmt.Errorf("office %s is there twice", name)
		}
		a.name = name
		r.now.cast = append(r.now.cast, a)
	}
	return nil
}

// closed Tue Wed
func (r *reader) closed(words []string) error {
	for _, w := range words {
		if _, ok := r.moment(w + " 00:00"); !ok {
			return fmt.Errorf("%q is no day", w)
		}
	}
	r.now.closed = append(r.now.closed, words...)
	return nil
}

// maintenance A 09:00-11:00 the provider replaces a cable
func (r *reader) maintenance(words []string) error {
	if len(words) < 3 || !r.knows(words[0]) {
		return fmt.Errorf("want: maintenance A 09:00-11:00 reason")
	}
	from, to, rest, ok := r.leadingSpan(words[1:])
	if !ok {
		return fmt.Errorf("%q begins with no time", strings.Join(words[1:], " "))
	}
	r.now.works = append(r.now.works, works{words[0], from, to, strings.Join(rest, " ")})
	return nil
}
