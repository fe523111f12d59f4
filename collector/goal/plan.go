package goal

import (
	"cmp"
	"slices"
)

// todo is what a site needs: each work once, in the order of the criteria that ask for it.
func (l *SiteLine) todo(s *Standard) {
	for i := range l.Findings {
		f := &l.Findings[i]
		if f.Work == "" || f.Verdict == Met || f.Verdict == Exempt {
			continue
		}
		at := slices.IndexFunc(l.Todo, func(t Task) bool { return t.Work == f.Work })
		if at < 0 {
			at = len(l.Todo)
			price, known := s.Works[f.Work].Cost()
			l.Todo = append(l.Todo, Task{Work: f.Work, Price: price})
			l.Cost += price
			l.CostUnknown = l.CostUnknown || !known
		}
		l.Todo[at].Criteria = append(l.Todo[at].Criteria, f.Criterion)
	}
}

// planOf is the cheapest order of work, which brings the most sites to the target for a
// budget. sites are in the report's order, which decides among equals.
func planOf(sites []SiteLine, s *Standard, budget int64) *Plan {
	p := &Plan{Budget: budget, Steps: []PlanStep{}, Beyond: []PlanStep{}, Unknown: []string{}}
	var priced []*SiteLine
	for i := range sites {
		switch l := &sites[i]; {
		case l.Verdict == Met:
		case l.priced(s):
			priced = append(priced, l)
		default:
			p.Unknown = append(p.Unknown, l.ID)
		}
	}
	slices.SortStableFunc(priced, func(a, b *SiteLine) int {
		if c := cmp.Compare(a.Cost, b.Cost); c != 0 || a.Mountain == b.Mountain {
			return c
		}
		if a.Mountain {
			return -1
		}
		return 1
	})
	var total int64
	for _, l := range priced {
		total += l.Cost
		step := PlanStep{l.ID, l.Cost, total}
		if total > budget {
			p.Beyond = append(p.Beyond, step)
			continue
		}
		p.Spent, p.Steps = total, append(p.Steps, step)
	}
	return p
}

// priced tells whether its works bring a site to the target at a price that is known:
// each criterion that falls short is shown to, and its work has a price. Of one without
// evidence nobody can say what will be needed, once it is measured or declared.
func (l *SiteLine) priced(s *Standard) bool {
	for i := range l.Findings {
		f := &l.Findings[i]
		if f.Verdict == Met || f.Verdict == Exempt {
			continue
		}
		if _, known := s.Works[f.Work].Cost(); !known || f.Verdict == NoData {
			return false
		}
	}
	return len(l.Todo) > 0
}
