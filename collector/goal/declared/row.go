package declared

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"communewatch/collector/say"
	"communewatch/collector/settings"
)

func sayKey(s string) say.Key { return say.Key(s) }

// row is a line below the heading. Each cell is complained of once.
type row struct {
	*reading
	line
	wrong map[string]bool
}

func (r *row) cell(name string) cell { return r.line.at(r.stands[name]) }

func (r *row) complain(name string, key say.Key, args ...any) {
	if !r.wrong[name] {
		r.wrong[name] = true
		r.add(r.number, max(r.stands[name], 1), key, args...)
	}
}

// refuse is complain with the column's heading and the cell's text before the arguments.
func (r *row) refuse(name string, key say.Key, args ...any) {
	r.complain(name, key, append([]any{columnNamed(name).heading(), short(r.cell(name).text)}, args...)...)
}

// read takes a declaration, or complains of all that is wrong in the row. gap tells that
// an empty row stands above.
func (r *row) read(gap bool) {
	if !r.declares() || r.sum() || gap && r.remark() {
		return
	}
	r.strangers()
	site, known := r.site()
	d := Declaration{Site: site.ID}
	d.Line = r.kind()
	for i := range columns {
		c := &columns[i]
		if r.stands[c.name] == 0 || c.declare == nil || r.denied(c, d.Line) {
			continue
		}
		r.take(c, c.declare(&d))
	}
	for _, name := range []string{"date", "source"} {
		if r.cell(name).empty() {
			r.complain(name, "declared.missing", columnNamed(name).heading())
		}
	}
	r.sense(&d)
	if !known || d.Date.IsZero() {
		return
	}
	key := d.Site + d.Date.Format(time.DateOnly)
	if before, twice := r.first[key]; twice {
		r.complain(r.named(), "declared.twice", site.Name, d.Date.Format(time.DateOnly), cellName(before.row, before.column))
		return
	}
	r.first[key] = place{r.number, r.stands[r.named()]}
	r.taken = append(r.taken, d)
}

// strangers are cells in columns that have no heading.
func (r *row) strangers() {
	for i, c := range r.cells {
		if !c.empty() && r.by[i+1] == nil {
			r.add(r.number, i+1, "declared.no_heading_above", short(c.text), cellName(r.head, i+1))
		}
	}
}

// declares tells whether the row says anything of a line or of devices.
func (r *row) declares() bool {
	for i, c := range r.cells {
		if named := r.by[i+1]; named != nil && named.tells() && !c.empty() {
			return true
		}
	}
	return false
}

// sum tells whether the row sums up others.
func (r *row) sum() bool {
	for _, c := range r.cells {
		if !c.empty() {
			return c.kind == textCell && slices.Contains([]string{"tong", "tong cong", "cong", "tong so", "total", "sum"}, fold(c.text))
		}
	}
	return false
}

// remark tells whether the row, which stands below the table, is a remark or a signature:
// it has neither a day nor a number, and names no site.
func (r *row) remark() bool {
	for i, c := range r.cells {
		if named := r.by[i+1]; !c.empty() && (c.kind != textCell || named != nil && named.form != textForm && named.form != lineForm) {
			return false
		}
	}
	_, _, found := r.find(r.cell("site"), r.cell("name").text, r.cell("area").text)
	return !found
}

// named is the column by which the row names its site.
func (r *row) named() string {
	if !r.cell("site").empty() || r.stands["name"] == 0 {
		return "site"
	}
	return "name"
}

// take reads one cell into what keeps it.
func (r *row) take(c *column, into any) {
	at := r.cell(c.name)
	switch {
	case at.empty():
		return
	case at.kind == errorCell:
		r.refuse(c.name, "declared.error_cell")
		return
	case at.kind == formulaCell:
		r.complain(c.name, "declared.formula_cell", c.heading())
		return
	case at.kind == boolCell:
		r.complain(c.name, "declared.bool_cell", c.heading())
		return
	}
	switch into := into.(type) {
	case *string:
		if c.form == textForm {
			*into = r.text(c, at)
		}
	case *time.Time:
		*into = r.day(c.name, at)
	case **time.Time:
		if day := r.day(c.name, at); !day.IsZero() {
			*into = &day
		}
	case **float64:
		*into = r.speed(c.name, at)
	case **int64:
		*into = r.whole(c, at)
	}
}

// text reads a text; a number is what a person typed who wanted one.
func (r *row) text(c *column, at cell) string {
	switch {
	case at.date:
		r.complain(c.name, "declared.became_day", c.heading())
	case at.kind == numberCell:
		n, exact := plainNumber(at.text)
		if !exact {
			r.refuse(c.name, "declared.became_power")
		}
		return n
	case len(at.text) > c.most:
		r.complain(c.name, "declared.long", c.heading(), c.most)
	case settings.Misread(at.text) || strings.ContainsRune(at.text, unicode.ReplacementChar):
		r.refuse(c.name, "declared.misread")
	case power.MatchString(at.text):
		r.refuse(c.name, "declared.became_power")
	case strings.ContainsFunc(at.text, func(c rune) bool { return c != ' ' && !unicode.IsGraphic(c) }):
		r.refuse(c.name, "declared.unprintable")
	}
	return at.text
}

// power is how Excel writes long numbers, of which it has lost the last digits.
var power = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+?[0-9]{2,3}$`)

// kind reads what line there is.
func (r *row) kind() string {
	at := r.cell("line")
	if at.empty() || at.kind != textCell {
		if at.kind == numberCell {
			r.refuse("line", "declared.no_line", lineWords{})
		}
		return ""
	}
	line, known := lineKinds()[fold(at.text)]
	if !known {
		r.refuse("line", "declared.no_line", lineWords{})
	}
	return line
}

// denied tells whether a cell says of a line that is not there that there is none of it.
func (r *row) denied(c *column, line string) bool {
	if line != noLine {
		return false
	}
	switch c.name {
	case "provider", "contract", "down_mbps", "up_mbps", "monthly_vnd":
		return nothing[fold(r.cell(c.name).text)]
	}
	return false
}

// sense holds the cells of a row against each other.
func (r *row) sense(d *Declaration) {
	if d.Line == noLine {
		for _, c := range []struct {
			name string
			said bool
		}{{"down_mbps", d.DownMbps != nil}, {"up_mbps", d.UpMbps != nil}, {"monthly_vnd", d.MonthlyVND != nil && *d.MonthlyVND > 0}} {
			if c.said {
				r.refuse(c.name, "declared.no_line_but")
			}
		}
	}
	if d.LineSince != nil && !d.Date.IsZero() && d.LineSince.After(d.Date) {
		r.refuse("line_since", "declared.since_after", d.Date.Format(time.DateOnly))
	}
}
