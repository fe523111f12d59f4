package declared

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/say"
)

// maxProblems bounds what is told of one sheet: whoever has a thousand mistakes has one of
// a kind that the first fifty show.
const maxProblems = 50

// maxGathered bounds what is gathered to choose them from.
const maxGathered = 5_000

// Problem is a mistake in a sheet.
type Problem struct {
	Sheet string // of an XLSX; empty: a CSV
	Cell  string // "C7", in a CSV too, as Excel would call it; empty: the file as a whole
	Key   say.Key
	Args  []any // those of type say.Key are said in the reader's language

	row, column int
}

// spoken is an argument that each language writes in its own way.
type spoken interface{ in(say.Lang) string }

// In says it, "Sheet1!C7: …".
func (p Problem) In(lang say.Lang) string {
	args := slices.Clone(p.Args)
	for i, a := range args {
		switch a := a.(type) {
		case say.Key:
			args[i] = lang.Text(a)
		case spoken:
			args[i] = a.in(lang)
		}
	}
	text := lang.Text(p.Key, args...)
	switch {
	case p.Cell == "":
		return text
	case p.Sheet == "":
		return p.Cell + ": " + text
	}
	return p.Sheet + "!" + p.Cell + ": " + text
}

// Problems are all mistakes of one sheet, in its order.
type Problems []Problem

// In says them one a line.
func (p Problems) In(lang say.Lang) string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].In(lang)
	}
	return strings.Join(lines, "\n")
}

// Error says them in English, for a log.
func (p Problems) Error() string { return p.In(say.English) }

// whole is a mistake of the file as a whole.
func whole(key say.Key, args ...any) Problems { return Problems{{Key: key, Args: args}} }

// complaints gathers the mistakes of one sheet.
type complaints struct {
	sheet string
	all   Problems
}

func (c *complaints) add(row, column int, key say.Key, args ...any) {
	if len(c.all) >= maxGathered {
		return
	}
	c.all = append(c.all, Problem{Sheet: c.sheet, Cell: cellName(row, column), Key: key, Args: args, row: row, column: column})
}

func (c *complaints) err() error {
	if len(c.all) == 0 {
		return nil
	}
	byCell := func(a, b Problem) int { return cmp.Or(a.row-b.row, a.column-b.column) }
	slices.SortStableFunc(c.all, byCell)
	if len(c.all) <= maxProblems {
		return c.all
	}
	told := foremost(c.all)
	slices.SortStableFunc(told, byCell)
	return append(told, Problem{Key: "declared.more", Args: []any{maxProblems}})
}

// foremost chooses those that are told: first ten of each kind, then others from the top,
// so that one kind that stands in every row does not hide the rest.
func foremost(all Problems) Problems {
	nth := map[say.Key]int{}
	var told, later Problems
	for _, p := range all {
		if nth[p.Key]++; nth[p.Key] <= 10 {
			told = append(told, p)
		} else {
			later = append(later, p)
		}
	}
	return append(told, later...)[:maxProblems]
}

// cellName is what Excel calls a cell; both count from 1.
func cellName(row, column int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return "A1"
	}
	return name
}
