package declared

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// filled is a row of the template: what names the site, then what it declared; nil: nothing.
type filled []any // string, float64, int64, time.Time

// written are the columns of the template.
func written() []*column {
	var all []*column
	for i := range columns {
		if columns[i].name != "number" {
			all = append(all, &columns[i])
		}
	}
	return all
}

// rowsOf are the template's rows, in display order, mountain offices first as everywhere.
func rowsOf(inv *inventory.Inventory, have map[string]Declaration, lang say.Lang) []filled {
	var first, rest []filled
	for _, s := range inv.Sites() {
		if s.Mountainous() {
			first = append(first, rowOf(inv, s, have, lang))
		} else {
			rest = append(rest, rowOf(inv, s, have, lang))
		}
	}
	return append(first, rest...)
}

func rowOf(inv *inventory.Inventory, s inventory.Site, have map[string]Declaration, lang say.Lang) filled {
	d, declared := have[s.ID]
	area, _ := inv.Area(s.AreaCode)
	row := filled{s.ID, s.Label(lang), area.Label(lang)}
	for _, c := range written()[len(row):] {
		if !declared {
			row = append(row, nil)
			continue
		}
		row = append(row, plain(c.declare(&d), c.form, lang))
	}
	return row
}

// plain is a value as a cell holds it.
func plain(value any, f form, lang say.Lang) any {
	switch v := value.(type) {
	case *string:
		if f == lineForm && *v != "" {
			return lang.Text(lineKey(*v))
		}
		if *v != "" {
			return *v
		}
	case *time.Time:
		if !v.IsZero() {
			return v.In(inventory.Zone())
		}
	case **time.Time:
		if *v != nil {
			return (*v).In(inventory.Zone())
		}
	case **float64:
		if *v != nil {
			return **v
		}
	case **int64:
		if *v != nil {
			return **v
		}
	}
	return nil
}

// WriteCSV writes a sheet with these declarations, that can be filled in and read again; of
// sites without one, an empty row. It is as Excel in Vietnam opens it: a byte order mark,
// semicolons, decimal commas; and no text of it is a formula there.
func WriteCSV(w io.Writer, inv *inventory.Inventory, have map[string]Declaration, lang say.Lang) error {
	out := bufio.NewWriter(w)
	out.WriteString("\ufeff")
	var head []string
	for _, c := range written() {
		head = append(head, quoted(lang.Text(c.heading())))
	}
	out.WriteString(strings.Join(head, ";") + "\r\n")
	for _, row := range rowsOf(inv, have, lang) {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = quoted(inCSV(value))
		}
		out.WriteString(strings.Join(cells, ";") + "\r\n")
	}
	return out.Flush()
}

// inCSV writes one value. A day is guarded, since an Excel that is set to American would
// save it with the month first; a number never has three decimals, which may be thousands.
func inCSV(value any) string {
	switch v := value.(type) {
	case string:
		return guarded(v)
	case time.Time:
		return guarded(v.Format(time.DateOnly))
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		whole, rest, _ := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
		if len(rest) == 3 {
			rest += "0"
		}
		if rest == "" {
			return whole
		}
		return whole + "," + rest
	}
	return ""
}

func quoted(s string) string {
	if strings.ContainsAny(s, ";\"\r\n\t") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
