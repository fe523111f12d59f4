package declared

import (
	"fmt"
	"io"
	"strings"
	"time"

	"communewatch/collector/inventory"
)

// headRows are those among which the heading is looked for: forms have titles above it.
const headRows = 20

// Read reads a sheet, XLSX or CSV by its content, of sites that the inventory knows. The
// error is a Problems, or that it could not be read at all. A row that declares nothing is
// passed over, as are sums and what is written below the table; one of a site that
// declares something needs its day and its source.
func Read(_ string, data io.Reader, inv *inventory.Inventory, now time.Time) ([]Declaration, error) {
	all, err := io.ReadAll(io.LimitReader(data, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a sheet of declarations: %w", err)
	}
	return read(all, inv, now)
}

func read(data []byte, inv *inventory.Inventory, now time.Time) ([]Declaration, error) {
	all, err := sheets(data)
	if err != nil {
		return nil, err
	}
	s, head, err := chosen(all)
	if err != nil {
		return nil, err
	}
	r := &reading{complaints: complaints{sheet: s.name}, sheet: s, offices: officesOf(inv), now: now, first: map[string]place{}}
	s.tooMuch(&r.complaints, head)
	if r.heading(s.lines[head]) {
		s.spread(r)
		r.rows(s.lines[head+1:])
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	if len(r.taken) == 0 {
		return nil, whole("declared.nothing")
	}
	return r.taken, nil
}

// chosen is the one sheet that has a heading, and the line in which it stands.
func chosen(all []*sheet) (found *sheet, head int, err error) {
	hidden := ""
	for _, s := range all {
		at, ok := s.head()
		switch {
		case !ok:
		case s.hidden:
			hidden = s.name
		case found != nil:
			return nil, 0, whole("declared.two_sheets", found.name, s.name)
		default:
			found, head = s, at
		}
	}
	switch {
	case found != nil:
		return found, head, nil
	case hidden != "":
		return nil, 0, whole("declared.hidden_sheet", hidden)
	}
	return nil, 0, whole("declared.no_heading", headRows, columns[0].heading(), columnNamed("name").heading(), columnNamed("date").heading())
}

// head finds the heading: the first line among those at the top that names a site's column
// and two others.
func (s *sheet) head() (int, bool) {
	for i, l := range s.lines[:min(len(s.lines), headRows)] {
		seen := map[*column]bool{}
		for _, c := range l.cells {
			if named := called(c.text); named != nil && c.kind == textCell {
				seen[named] = true
			}
		}
		if (seen[columnNamed("site")] || seen[columnNamed("name")]) && len(seen) >= 3 {
			return i, true
		}
	}
	return 0, false
}

func columnNamed(name string) *column {
	for i := range columns {
		if columns[i].name == name {
			return &columns[i]
		}
	}
	return nil
}

// reading is a sheet on its way.
type reading struct {
	complaints
	*sheet
	*offices
	now     time.Time
	head    int              // row of the heading
	stands  map[string]int   // where each column stands, from 1; those that are not there are not in it
	by      map[int]*column  // the other way round
	first   map[string]place // where a site's declaration of a day stands
	swapped bool             // a day of this sheet can only be month/day/year
	taken   []Declaration
}

// heading finds the columns by what stands above them.
func (r *reading) heading(l line) bool {
	r.stands, r.by, r.head = map[string]int{}, map[int]*column{}, l.number
	right := true
	complain := func(column int, key string, args ...any) {
		right = false
		r.add(l.number, column, sayKey(key), args...)
	}
	for i, c := range l.cells {
		named := called(c.text)
		switch {
		case c.empty():
		case c.kind != textCell || named == nil:
			complain(i+1, "declared.unknown_column", short(c.text))
		case r.stands[named.name] > 0 && named.name != "number":
			complain(i+1, "declared.column_twice", named.heading(), cellName(l.number, r.stands[named.name]))
		default:
			r.stands[named.name], r.by[i+1] = i+1, named
		}
	}
	for _, name := range []string{"date", "source"} {
		if r.stands[name] == 0 {
			complain(1, "declared.no_column", columnNamed(name).heading())
		}
	}
	return right
}

// rows reads what stands below the heading.
func (r *reading) rows(lines []line) {
	if len(lines) > maxRows {
		return
	}
	r.swapped = r.americanDays(lines)
	last, gap := r.head, false
	for i, l := range lines {
		gap = gap || l.number > last+1 // an empty row
		last = l.number
		if i == 0 && numbering(l) {
			continue
		}
		(&row{reading: r, line: l, wrong: map[string]bool{}}).read(gap)
		if len(r.complaints.all) >= maxGathered {
			return
		}
	}
}

// numbering tells whether a line numbers the columns below the heading: (1) (2) (3), A B C.
// No row with a day in it looks so.
func numbering(l line) bool {
	n := 0
	for _, c := range l.cells {
		s := strings.Trim(c.text, "()[] ")
		if c.empty() {
			continue
		}
		if len(s) > 2 || c.kind > numberCell || c.date {
			return false
		}
		n++
	}
	return n >= 3
}

// spread gives the cells that were made one below each other what stands in the uppermost,
// in columns that tell of whom and since when a row is. A number in such cells may be meant
// for each row or for all together, which nobody can know.
func (s *sheet) spread(r *reading) {
	at := map[int]int{}
	for i, l := range s.lines {
		at[l.number] = i
	}
	for _, m := range s.merged {
		named := r.by[m.from.column]
		from, ok := at[m.from.row]
		if named == nil || !ok || m.from.row <= r.head || m.to.row == m.from.row || s.lines[from].at(m.from.column).empty() {
			continue
		}
		if named.tells() || named.name == "site" || named.name == "name" || m.to.column != m.from.column {
			r.add(m.from.row, m.from.column, "declared.merged", named.heading(), cellName(m.to.row, m.to.column))
			continue
		}
		c := s.lines[from].at(m.from.column)
		for i := from + 1; i < len(s.lines) && s.lines[i].number <= m.to.row; i++ {
			for len(s.lines[i].cells) < m.from.column {
				s.lines[i].cells = append(s.lines[i].cells, cell{})
			}
			s.lines[i].cells[m.from.column-1] = c
		}
	}
}
