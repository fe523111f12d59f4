package board

import (
	"cmp"
	"strings"

	"communewatch/collector/goal"
)

// todoItem is one work, and what a locality needs to know to have it done.
type todoItem struct{ Work, Who, Rule, Price, For string }

func todo(f format, r *goal.Report, s *goal.SiteLine) (out []todoItem) {
	for _, task := range s.Todo {
		work := r.Goal.Works[task.Work]
		item := todoItem{
			Work: cmp.Or(work.Name.In(f.lang), task.Work), Rule: work.Rule.In(f.lang), Price: goal.PriceText(f.lang, task, work),
			Who: goal.ResponsibleText(f.lang, cmp.Or(work.Responsible, goal.Locality)),
		}
		var names []string
		for _, id := range task.Criteria {
			names = append(names, criterionName(f.lang, r, id))
		}
		item.For = strings.Join(names, "; ")
		out = append(out, item)
	}
	return out
}

func cost(f format, s *goal.SiteLine) string {
	if len(s.Todo) == 0 {
		return none
	}
	return goal.SumText(f.lang, s.Cost, s.CostUnknown)
}
