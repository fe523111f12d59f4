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
			Work: cmp.Or(work.Name.In(f.lang), task.Work), Rule: work.Rule.In(f.lang), Price: f.lang.Text("target.no_price"),
			Who: goal.ResponsibleText(f.lang, cmp.Or(work.Responsible, goal.Locality)),
		}
		if price, known := work.Cost(); known && price == 0 {
			item.Price = f.lang.Text("target.free")
		} else if task.Price > 0 {
			item.Price = f.money(task.Price)
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
	switch {
	case len(s.Todo) == 0:
		return none
	case s.Cost == 0 && s.CostUnknown:
		return f.lang.Text("target.no_price")
	case s.Cost == 0:
		return f.lang.Text("target.free")
	case s.CostUnknown:
		return f.lang.Text("target.at_least", f.money(s.Cost))
	}
	return f.money(s.Cost)
}
