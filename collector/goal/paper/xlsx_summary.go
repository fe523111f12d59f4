package paper

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// summaryWidths are the columns' of the first sheet: name, verdict, four counts.
var summaryWidths = []float64{44, 18, 12, 12, 14, 16}

// summary is the first sheet: what the report is, and how many sites of each group have
// which verdict, counted on the sheet of sites.
func (b *book) summary() {
	name := b.t("paper.summary")
	sites := b.siteTable()
	rows, groups := b.summaryRows(sites)
	b.add(name)
	b.layout(name)
	if b.err != nil {
		return
	}
	for _, at := range groups {
		b.hatchCells(name, fmt.Sprintf("B%d:B%d", at[0], at[1]))
	}
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		b.try(err)
		return
	}
	for i, width := range summaryWidths {
		b.try(out.SetColWidth(i+1, i+1, width))
	}
	for i, row := range rows {
		high := 0.0
		if len(row) == 1 && i > 0 { // a sentence, over all columns
			cell := row[0].(excelize.Cell)
			b.try(out.MergeCell(fmt.Sprintf("A%d", i+1), fmt.Sprintf("F%d", i+1)))
			high = float64(linesOf(cell.Value.(string), summaryWidth())) * lineHeight
		}
		b.row(out, i+1, row, high)
	}
	b.try(out.Flush())
}

func summaryWidth() (sum float64) {
	for _, width := range summaryWidths {
		sum += width
	}
	return sum
}

// summaryRows are all rows, and the first and last of each kind of groups.
func (b *book) summaryRows(sites *sheet) (rows [][]any, groups [][2]int) {
	text := func(style int, cells ...any) {
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = excelize.Cell{StyleID: style, Value: c}
		}
		rows = append(rows, row)
	}
	text(b.title, b.printer.title())
	for _, f := range b.workbookStamp() {
		rows = append(rows, []any{excelize.Cell{StyleID: b.soft, Value: f[0]}, excelize.Cell{StyleID: b.stamp, Value: f[1]}})
	}
	for _, note := range b.notes() {
		text(b.text, note)
	}
	text(b.text, b.rolloutLine())
	if lines := b.comparedLines(); lines != nil { // of which sites stands in the list
		text(b.text, lines[0])
	}
	if b.say(b.Goal.Source) != "" {
		text(b.text, b.t("paper.source")+": "+b.say(b.Goal.Source))
	}
	kind := ""
	for i := range b.Groups {
		g := &b.Groups[i]
		if g.Kind != kind {
			kind = g.Kind
			rows = append(rows, nil)
			text(b.head, b.t("paper.of_"+say.Key(kind)), b.t("paper.verdict"))
			for _, name := range []string{b.t("paper.sites_short"), b.verdict(goal.Met), b.verdict(goal.NotMet), b.verdict(goal.NoData)} {
				rows[len(rows)-1] = append(rows[len(rows)-1], excelize.Cell{StyleID: b.headRight, Value: name})
			}
			groups = append(groups, [2]int{len(rows) + 1, len(rows) + 1})
		}
		head := groups[len(groups)-1][0] - 1
		groups[len(groups)-1][1] = len(rows) + 1
		rows = append(rows, b.groupRow(g, sites, len(rows)+1, head))
	}
	rows = append(rows, nil)
	for _, mark := range b.splitMark() {
		text(b.text, mark)
	}
	return rows, groups
}

// workbookStamp has whole hashes, and times as times.
func (b *book) workbookStamp() [][2]any {
	var facts [][2]any
	for _, f := range b.printer.stamp() {
		var value any = f.Value
		switch f.Name {
		case b.t("paper.made"):
			value = wall(b.Made)
		case b.t("paper.judged"):
			if !b.Judged.IsZero() {
				value = wall(b.Judged)
			}
		case b.t("paper.known"):
			facts = append(facts, b.wholeHashes()...)
			continue
		}
		facts = append(facts, [2]any{f.Name, value})
	}
	return facts
}

// wholeHashes are of what was known.
func (b *book) wholeHashes() [][2]any {
	return [][2]any{
		{b.t("paper.hash_of", b.t("paper.changed_standard")), b.Goal.Hash},
		{b.t("paper.hash_of", b.t("paper.changed_inventory")), b.Known.Inventory},
		{b.t("paper.hash_of", b.t("paper.changed_declarations")), b.Known.Declarations},
		{b.t("paper.hash_of", b.t("paper.changed_days")), b.Known.Days},
	}
}

// splitMark explains the mark where a group bears it.
func (b *book) splitMark() []string {
	for _, g := range b.Groups {
		if g.Split {
			return []string{markSplit + " " + b.t("paper.mark_split")}
		}
	}
	return nil
}

// groupRow counts a group's sites by the text of its column on the sheet of sites, and
// its verdict by these counts.
func (b *book) groupRow(g *goal.Group, sites *sheet, row, head int) []any {
	by := map[string]int{goal.OfTerrain: siteTerrain, goal.OfArea: siteArea, goal.OfUnit: siteUnit}[g.Kind]
	counted := func(col string, now int) excelize.Cell {
		of := fmt.Sprintf("%s,%s$%d", sites.column(siteVerdict), col, head)
		if by == 0 {
			return formula("COUNTIF("+of+")", now, b.count)
		}
		return formula(fmt.Sprintf("COUNTIFS(%s,%s,%s)", sites.column(by), quoted(b.groupName(g)), of), now, b.count)
	}
	total := fmt.Sprintf("COUNTA(%s)", sites.column(siteVerdict))
	if by != 0 {
		total = fmt.Sprintf("COUNTIF(%s,%s)", sites.column(by), quoted(b.groupName(g)))
	}
	verdict := fmt.Sprintf("IF(E%d>0,E$%d,IF(AND(D%d=C%d,C%d>0),D$%d,F$%d))", row, head, row, row, row, head, head)
	return []any{
		excelize.Cell{StyleID: b.plain, Value: b.groupMarked(g)},
		formula(verdict, b.verdict(g.Verdict), b.plain),
		formula(total, len(g.Sites), b.count),
		counted("D", g.Met), counted("E", g.NotMet), counted("F", g.NoData),
	}
}

// quoted is a text in a formula; COUNTIF takes ~ * ? for more than letters.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, `""`, "~", "~~", "*", "~*", "?", "~?").Replace(s) + `"`
}
