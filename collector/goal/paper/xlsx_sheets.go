package paper

import (
	"fmt"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// Columns of the sheet of sites that others count.
const (
	siteArea    = 3
	siteTerrain = 4
	siteUnit    = 5
	siteVerdict = 6
	siteCost    = 10
)

// siteTable is the sheet of sites: formulas of the summary need to know where it is.
func (b *book) siteTable() *sheet {
	s := &sheet{name: b.t("paper.sites"), frozen: 2, printed: 11, above: make([][]any, 1), cols: []column{
		{b.t("paper.site_id"), 10, b.plain, false},
		{b.t("paper.site"), 21, b.plain, false},
		{b.t("paper.area"), 18, b.plain, false},
		{b.t("paper.terrain"), 13, b.plain, false},
		{b.t("paper.unit"), 25, b.plain, false},
		{b.t("paper.verdict"), 15, b.plain, true},
		{b.t("paper.distance"), 9, b.number, false},
		{b.verdict(goal.NotMet), 34, b.plain, false},
		{b.verdict(goal.NoData), 34, b.plain, false},
		{b.t("paper.cost_vnd"), 14, b.vnd, false},
		{b.t("paper.first_met"), 10, b.month, false},
		{b.t("paper.todo"), 60, b.plain, false},
		{b.t("paper.cost_missing"), 12, b.plain, false},
		{b.t("paper.relapses"), 16, b.plain, false},
		{b.t("paper.rollout"), 16, b.plain, false},
		{b.t("paper.responsible_person"), 18, b.plain, false},
		{b.t("paper.terrain_verified"), 12, b.plain, false},
		{b.t("paper.unit_split"), 11, b.plain, false},
	}}
	if b.Compared != nil {
		s.cols = append(s.cols, column{b.say(b.Compared.Name), 16, b.plain, true})
	}
	for _, l := range b.all() {
		var first, cost any
		if l.FirstMet != nil {
			first = wall(l.FirstMet.From())
		}
		if vnd, known := costKnown(l); known {
			cost = vnd
		}
		row := []any{plain(l.ID), b.site(l), b.area(l), b.terrain(l.Terrain), b.unit(l),
			b.verdict(l.Verdict), rounded(l.Distance), b.names(l, goal.NotMet), b.names(l, goal.NoData), cost, first,
			b.works(l), b.yesNo(l.CostUnknown), b.relapses(l), b.rollout(l.Rollout), plain(l.Responsible), b.yesNo(l.Verified), b.yesNo(l.Split)}
		if b.Compared != nil {
			compared := none
			if l.Compared != nil {
				compared = b.verdict(l.Compared.Verdict)
			}
			row = append(row, compared)
		}
		s.rows = append(s.rows, row)
	}
	return s
}

func (b *book) siteSheet() {
	s := b.siteTable()
	var sum int64
	for _, l := range b.all() {
		sum += l.Cost
	}
	total := make([]any, siteCost)
	total[0] = excelize.Cell{StyleID: b.sum, Value: b.t("paper.total")}
	total[siteCost-1] = formula("SUM("+s.column(siteCost)+")", sum, b.sum)
	s.above[0] = total
	b.table(s)
}

// evidenceSheet holds every verdict on every criterion and what it rests on.
func (b *book) evidenceSheet() {
	s := &sheet{name: b.t("paper.evidence"), frozen: 3, printed: 20, cols: []column{
		{b.t("paper.site_id"), 10, b.plain, false},
		{b.t("paper.site"), 20, b.plain, false},
		{b.t("paper.criterion"), 30, b.plain, false},
		{b.t("paper.verdict"), 15, b.plain, true},
		{b.t("paper.threshold"), 12, b.plain, false},
		{b.t("paper.measured"), 9, b.number, false},
		{b.t("paper.declared"), 9, b.number, false},
		{b.t("paper.measure_unit"), 8, b.plain, false},
		{b.t("paper.differ_short"), 8, b.plain, false},
		{b.t("paper.window_from"), 11, b.date, false},
		{b.t("paper.window_until"), 11, b.date, false},
		{b.t("paper.days_due"), 8, b.count, false},
		{b.t("paper.days_needed"), 7, b.count, false},
		{b.t("paper.days_good"), 7, b.count, false},
		{b.t("paper.days_bad"), 7, b.count, false},
		{b.t("paper.days_missing"), 7, b.count, false},
		{b.t("paper.days_to_come"), 7, b.count, false},
		{b.t("paper.observations"), 9, b.count, false},
		{b.t("paper.decided_by"), 9, b.plain, false},
		{b.t("paper.why"), 44, b.plain, false},
		{b.t("paper.group"), 14, b.plain, false},
		{b.t("paper.area"), 18, b.plain, false},
		{b.t("paper.declared_words"), 24, b.plain, false},
		{b.t("paper.declared_on"), 11, b.date, false},
		{b.t("paper.declared_by"), 24, b.plain, false},
	}}
	for _, l := range b.all() {
		for i := range l.Findings {
			s.rows = append(s.rows, b.evidence(l, &l.Findings[i]))
		}
	}
	b.table(s)
}

func (b *book) evidence(l *goal.SiteLine, f *goal.Finding) []any {
	row := []any{plain(l.ID), b.site(l), b.criterion(f.Criterion), b.verdict(f.Verdict), b.threshold(f), nil, nil, f.Unit, b.differs(f),
		nil, nil, nil, nil, nil, nil, nil, nil, nil, b.by(f), b.why(f), b.group(f.Group), b.area(l), nil, nil, nil}
	if m := f.Measured; m != nil {
		row[5] = figureCell(m.Value)
		copy(row[9:], []any{wall(m.From), wall(m.Until.Add(-time.Nanosecond)), m.Due, m.Needed, m.Good, m.Bad, m.Missing, m.ToCome, m.Observations})
	}
	if d := f.Declared; d != nil {
		row[6] = figureCell(d.Value)
		copy(row[22:], []any{b.words(f), wall(d.Date), plain(d.Source)})
	}
	return row
}

func (b *book) differs(f *goal.Finding) any {
	if f.Differ {
		return b.t("paper.yes")
	}
	return nil
}

// todoSheet holds every work of every site; its sums are by who is responsible.
func (b *book) todoSheet() {
	s := &sheet{name: b.t("paper.todo"), frozen: 2, printed: 8, cols: []column{
		{b.t("paper.site_id"), 10, b.plain, false},
		{b.t("paper.site"), 21, b.plain, false},
		{b.t("paper.verdict"), 15, b.plain, true},
		{b.t("paper.work"), 38, b.plain, false},
		{b.t("paper.for_criteria"), 34, b.plain, false},
		{b.t("paper.responsible"), 16, b.plain, false},
		{b.t("paper.rule"), 44, b.plain, false},
		{b.t("paper.cost_vnd"), 15, b.vnd, false},
		{b.t("paper.price_source"), 36, b.plain, false},
		{b.t("paper.area"), 19, b.plain, false},
	}}
	const responsible, price = 6, 8
	sums := map[string]int64{}
	for _, l := range b.all() {
		for _, t := range l.Todo {
			w := b.Goal.Works[t.Work]
			var cost any = t.Price
			if t.Price == 0 && !w.Free {
				cost = b.price(t)
			}
			var names []string
			for _, c := range t.Criteria {
				names = append(names, b.criterion(c))
			}
			s.rows = append(s.rows, []any{plain(l.ID), b.site(l), b.verdict(l.Verdict), b.work(t.Work), strings.Join(names, "; "),
				b.responsible(t.Work), b.say(w.Rule), cost, b.say(w.PriceSource), b.area(l)})
			sums[w.Responsible] += t.Price
			sums[""] += t.Price
		}
	}
	s.above = make([][]any, 4)
	sumRow := func(name, f string, now int64) []any {
		row := make([]any, price)
		row[responsible-1] = excelize.Cell{StyleID: b.sum, Value: name}
		row[price-1] = formula(f, now, b.sum)
		return row
	}
	s.above[0] = sumRow(b.t("paper.total"), "SUM("+s.column(price)+")", sums[""])
	for i, who := range []string{goal.Locality, goal.Provider, goal.Province} {
		name := goal.ResponsibleText(b.lang, who)
		s.above[i+1] = sumRow(name, fmt.Sprintf("SUMIF(%s,F%d,%s)", s.column(responsible), 5+i, s.column(price)), sums[who])
	}
	b.table(s)
}

// planSheet is the order of work for a budget; running totals calculate.
func (b *book) planSheet() {
	if b.Plan == nil {
		return
	}
	s := &sheet{name: b.t("paper.plan"), frozen: 3, cols: []column{
		{b.t("paper.order"), 7, b.count, false},
		{b.t("paper.site_id"), 11, b.plain, false},
		{b.t("paper.site"), 26, b.plain, false},
		{b.t("paper.area"), 20, b.plain, false},
		{b.t("paper.cost_vnd"), 16, b.vnd, false},
		{b.t("paper.running_total"), 18, b.vnd, false},
		{b.t("paper.budget"), 18, b.plain, false},
		{b.t("paper.todo"), 56, b.plain, false},
	}}
	s.above = [][]any{{excelize.Cell{StyleID: b.soft, Value: b.planSum()}}, nil}
	if unknown := b.unknownPrices(); unknown != "" {
		s.above[1] = []any{excelize.Cell{StyleID: b.soft, Value: unknown}}
	}
	add := func(steps []goal.PlanStep, where say.Key) {
		for _, step := range steps {
			n := s.first() + len(s.rows)
			row := []any{len(s.rows) + 1, plain(step.Site), b.siteByID(step.Site), nil, step.Cost,
				formula(fmt.Sprintf("SUM(E$%d:E%d)", s.first(), n), step.Total, b.vnd), b.t(where), nil}
			if l := b.sites[step.Site]; l != nil {
				row[3], row[7] = b.area(l), b.works(l)
			}
			s.rows = append(s.rows, row)
		}
	}
	add(b.Plan.Steps, "paper.within")
	add(b.Plan.Beyond, "paper.beyond")
	b.table(s)
}

// historySheet is a verdict a month.
func (b *book) historySheet() {
	s := &sheet{name: b.t("paper.history"), frozen: 2, cols: []column{
		{b.t("paper.site_id"), 11, b.plain, false},
		{b.t("paper.site"), 22, b.plain, false},
		{b.t("paper.first_met"), 10, b.month, false},
		{b.t("paper.relapses"), 18, b.plain, false},
	}}
	var months []goal.Month
	for _, l := range b.all() {
		if len(l.History) > len(months) {
			months = nil
			for _, h := range l.History {
				months = append(months, h.Month)
			}
		}
	}
	for _, m := range months {
		s.cols = append(s.cols, column{m.From().Format("01/2006"), 10, b.plain, true})
	}
	for _, l := range b.all() {
		var first any
		if l.FirstMet != nil {
			first = wall(l.FirstMet.From())
		}
		row := []any{plain(l.ID), b.site(l), first, b.relapses(l)}
		by := map[goal.Month]goal.Verdict{}
		for _, h := range l.History {
			by[h.Month] = h.Verdict
		}
		for _, m := range months {
			row = append(row, b.verdict(by[m]))
		}
		s.rows = append(s.rows, row)
	}
	b.table(s)
}

// changesSheet is what is judged otherwise than in the published report.
func (b *book) changesSheet() {
	if b.Changes == nil {
		return
	}
	s := &sheet{name: b.t("paper.changes_sheet"), frozen: 2, cols: []column{
		{b.t("paper.site_id"), 11, b.plain, false},
		{b.t("paper.site"), 26, b.plain, false},
		{b.t("paper.was"), 16, b.plain, true},
		{b.t("paper.is"), 16, b.plain, true},
		{b.t("paper.changed_criteria"), 80, b.plain, false},
	}}
	s.above = [][]any{{excelize.Cell{StyleID: b.soft, Value: b.changesSum()}}}
	for _, c := range b.Changes.Sites {
		s.rows = append(s.rows, []any{plain(c.Site), b.siteByID(c.Site), b.verdict(c.Was), b.verdict(c.Is), b.changedCriteria(c)})
	}
	b.table(s)
}
