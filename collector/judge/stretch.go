package judge

import (
	"slices"
	"time"
)

// stretch is times that do not touch one another, oldest first, none of them empty, in
// whole seconds, so that what is cut into parts adds up to what was cut.
type stretch []Span

// stretchOf puts times in order and joins those that overlap or touch.
func stretchOf(times ...Span) stretch {
	all := make(stretch, 0, len(times))
	for _, t := range times {
		t.From, t.To = t.From.Truncate(time.Second), t.To.Truncate(time.Second)
		if t.From.Before(t.To) {
			all = append(all, t)
		}
	}
	return joined(all)
}

// joined puts spans in order, those that touch in one.
func joined(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			out[n-1].To = later(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// or is what is in one or both.
func (s stretch) or(other stretch) stretch { return stretchOf(slices.Concat(s, other)...) }

// and is what is in both.
func (s stretch) and(other stretch) stretch {
	var both stretch
	for i, j := 0, 0; i < len(s) && j < len(other); {
		from, to := later(s[i].From, other[j].From), earlier(s[i].To, other[j].To)
		if from.Before(to) {
			both = append(both, Span{from, to})
		}
		if s[i].To.Before(other[j].To) {
			i++
		} else {
			j++
		}
	}
	return both
}

// less is what is in s and not in other.
func (s stretch) less(other stretch) stretch {
	var rest stretch
	for _, t := range s {
		for _, cut := range other {
			if !cut.To.After(t.From) || !cut.From.Before(t.To) {
				continue
			}
			if t.From.Before(cut.From) {
				rest = append(rest, Span{t.From, cut.From})
			}
			t.From = earlier(cut.To, t.To)
		}
		if t.From.Before(t.To) {
			rest = append(rest, t)
		}
	}
	return rest
}

func (s stretch) seconds() int64 {
	var sum time.Duration
	for _, t := range s {
		sum += t.To.Sub(t.From)
	}
	return int64(sum / time.Second)
}
