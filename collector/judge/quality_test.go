package judge

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// example is one row of a table of QUALITY.md, by column.
type example map[string]string

func (e example) number(tb testing.TB, column string) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(e[column], 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// table is one of QUALITY.md, known by its first column.
type table struct {
	first string
	rows  []example
}

func tables(tb testing.TB, text string) []table {
	tb.Helper()
	var all []table
	var columns []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case len(cells) < 3:
			columns = nil
		case strings.HasPrefix(cells[1], "---"):
		case columns == nil:
			columns = cells
			all = append(all, table{first: strings.TrimSpace(columns[1])})
		default:
			if len(cells) != len(columns) {
				tb.Errorf("cells are missing: %s", line)
				continue
			}
			e := example{}
			for i := 1; i < len(cells)-1; i++ {
				e[strings.TrimSpace(columns[i])] = strings.TrimSpace(cells[i])
			}
			last := &all[len(all)-1]
			last.rows = append(last.rows, e)
		}
	}
	return all
}

func qualityText(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("QUALITY.md")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestTheExamplesOfTheFormulasAreWhatIsComputed(t *testing.T) {
	kinds := map[string]func(*testing.T, example) *Period{
		"open": timeExample, "came": ageExample, "passed": peakExample,
		"known_seconds": countExample, "clock_told": countExample, "rounds_due": countExample, "points": countExample,
	}
	examples := 0
	for _, table := range tables(t, qualityText(t)) {
		compute := kinds[table.first]
		if compute == nil {
			continue
		}
		for _, e := range table.rows {
			t.Run(table.first+": "+e["why"], func(t *testing.T) { e.check(t, compute(t, e)) })
			examples++
		}
	}
	if examples < 30 {
		t.Errorf("%d examples, where are the others?", examples)
	}
}

// check holds what was computed against every column that is a field.
func (e example) check(t *testing.T, p *Period) {
	t.Helper()
	point := p.Point(siteHour)
	for column, want := range e {
		if api.Lookup(siteHour).Field(column) == nil {
			continue
		}
		got := "-"
		if v, there := point.FieldNamed(column); there {
			got = strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v.Float()), "0"), ".")
		}
		if got != want {
			t.Errorf("%s is %s, QUALITY.md says %s", column, got, want)
		}
	}
}

// countExample takes the counts as they stand.
func countExample(t *testing.T, e example) *Period {
	p := &Period{}
	for _, tally := range p.tallies() {
		if _, given := e[tally.field]; given {
			*tally.value = e.number(t, tally.field)
		}
	}
	if _, given := e["known_seconds"]; given {
		p.Due = e.number(t, "known_seconds")
	}
	return p
}

// exampleDay is the day of the examples.
var exampleDay = time.Date(2026, 11, 25, 0, 0, 0, 0, zone)

func clockOf(t *testing.T, text string) time.Time {
	t.Helper()
	var h, m, s int
	if n, err := fmt.Sscanf(text+":00", "%d:%d:%d", &h, &m, &s); n != 3 {
		t.Fatal(text, err)
	}
	return exampleDay.Add(time.Duration(h*3600+m*60+s) * time.Second)
}

func stretchIn(t *testing.T, text string) stretch {
	t.Helper()
	if text == "-" {
		return nil
	}
	var all []Span
	for part := range strings.FieldsSeq(text) {
		from, to, _ := strings.Cut(part, "-")
		all = append(all, Span{clockOf(t, from), clockOf(t, to)})
	}
	return stretchOf(all...)
}

func timeExample(t *testing.T, e example) *Period {
	open, policy := stretchIn(t, e["open"]), minutes
	if e["open"] == "00:00-24:00" { // it goes on before and after the day
		open = stretchOf(Span{exampleDay.Add(-time.Hour), exampleDay.Add(25 * time.Hour)})
	}
	due := dueOf(open, stretchIn(t, e["measured"]), policy)
	s := splitOf(due, stretchIn(t, e["lost"]), stretchIn(t, e["silent"]), stretchIn(t, e["maintenance"])).in(Span{exampleDay, exampleDay.Add(oneDay)})
	return &Period{Due: s.due.seconds(), Down: s.down.seconds(), Unknown: s.unknown.seconds(), Maintenance: s.maintenance.seconds()}
}

var came = regexp.MustCompile(`^([0-9:]+)<([0-9:]+)(!?)$`)

func ageExample(t *testing.T, e example) *Period {
	var all []delivery
	for part := range strings.FieldsSeq(strings.Trim(e["came"], "-")) {
		m := came.FindStringSubmatch(part)
		if m == nil {
			t.Fatal(part)
		}
		d := delivery{at: clockOf(t, m[1]), newest: clockOf(t, m[2]), late: m[3] != ""}
		d.delay = d.at.Sub(d.newest)
		all = append(all, d)
	}
	p := &Period{Due: 3600, From: clockOf(t, "9:00:00")}
	p.countDeliveries(all, minutes.SilentAfter)
	p.countAges(stretchOf(Span{clockOf(t, "9:00:00"), clockOf(t, "10:00:00")}), stretch{{exampleDay, exampleDay.Add(oneDay)}}, all, clockOf(t, "8:59:20"), minutes.SilentAfter, minutes.Opening)
	return p
}

func peakExample(t *testing.T, e example) *Period {
	every, err := time.ParseDuration(e["every"])
	if err != nil {
		t.Fatal(err)
	}
	passed, at := flow{}, clockOf(t, "8:55:00")
	for part := range strings.FieldsSeq(e["passed"]) {
		var rounds, millions int64
		if n, err := fmt.Sscanf(part, "%d:%d", &rounds, &millions); n == 2 {
			passed[at.Unix()] = traffic{rounds, millions * 1_000_000, 0}
		} else if part != "-" {
			t.Fatal(part, err)
		}
		at = at.Add(grain)
	}
	p := &Period{}
	p.countPeaks(map[port]flow{{"router", "ether1", "a1"}: passed}, Span{clockOf(t, "9:00:00"), clockOf(t, "10:00:00")}, every)
	return p
}

func TestEveryFigureIsExplained(t *testing.T) {
	text := qualityText(t)
	for _, f := range api.Lookup(siteHour).Fields {
		if !strings.Contains(text, "`"+f.Name) && !strings.Contains(text, " "+f.Name) {
			t.Errorf("QUALITY.md does not say what %s is", f.Name)
		}
	}
}

// The table of what voids a figure is what the code does: with every count above 0 all
// are there, and without the one that is named just those are not.
func TestAFigureIsVoidByTheCountThatIsNamed(t *testing.T) {
	whole := func() *Period {
		p := &Period{}
		for _, tally := range p.tallies() {
			*tally.value = 1
		}
		p.Due, p.Unknown, p.Maintenance = 10, 1, 1
		return p
	}
	voids := map[string][]string{}
	for _, table := range tables(t, qualityText(t)) {
		for _, e := range table.rows {
			if by, given := e["holds where"]; given {
				count := strings.Trim(strings.TrimSuffix(by, " > 0"), "`")
				for figure := range strings.SplitSeq(e["figure"], ", ") {
					voids[count] = append(voids[count], strings.Trim(figure, "`"))
				}
			}
		}
	}
	figures := 0
	for _, f := range api.Lookup(siteHour).Fields {
		if _, there := whole().Point(siteHour).FieldNamed(f.Name); !there {
			t.Errorf("%s is absent though all is known", f.Name)
		}
		if f.Always {
			continue
		}
		figures++
	}
	for count, named := range voids {
		figures -= len(named)
		p := whole()
		for _, tally := range p.tallies() {
			if tally.field == count {
				*tally.value = 0
			}
		}
		if count == "known_seconds" {
			p.Unknown = p.Due - p.Maintenance
		}
		point := p.Point(siteHour)
		for _, figure := range named {
			if v, there := point.FieldNamed(figure); there {
				t.Errorf("%s is %s though %s is 0", figure, v, count)
			}
		}
	}
	if figures != 0 {
		t.Errorf("%d figures are not in the table of QUALITY.md", figures)
	}
}
