package store

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
)

// A function of a Selector: what it needs and what it gives.
type function struct {
	point   bool // picks one point: other fields of the same point may stand beside it
	always  bool // allowed without Every
	numbers bool // of numbers only
	kind    api.Kind
}

// functions of the query language that all our engines answer alike. kind 0: the field's own.
var functions = map[string]function{
	"":           {always: true},
	"last":       {point: true, always: true},
	"first":      {point: true, always: true},
	"min":        {point: true, numbers: true},
	"max":        {point: true, numbers: true},
	"percentile": {point: true, numbers: true},
	"mean":       {numbers: true, kind: api.Float},
	"sum":        {numbers: true},
	"count":      {kind: api.Integer},
}

// plan is a checked query: its statement, and how its columns are read.
type plan struct {
	statement string
	policy    api.Retention
	kinds     map[string]api.Kind // by name in Row.Values
	nothing   bool                // the conditions can hold for no series
}

// plan checks a query against the contract and writes it as a statement.
func (q *Query) plan() (plan, error) {
	m := api.Lookup(q.Measurement)
	if m == nil {
		return plan{}, fmt.Errorf("unknown measurement %q", q.Measurement)
	}
	p := plan{policy: m.Retention, kinds: make(map[string]api.Kind, len(q.Select))}
	columns, err := q.columns(m, p.kinds)
	if err != nil {
		return plan{}, err
	}
	conditions, err := q.conditions(m)
	if err != nil {
		return plan{}, err
	}
	groups, err := q.groups(m)
	if err != nil {
		return plan{}, err
	}
	p.nothing = slices.ContainsFunc(q.Where, func(w Match) bool { return len(w.Values) == 0 })
	p.statement = "SELECT " + columns + " FROM " + identifier(m.Name) + " WHERE " + conditions + groups
	return p, nil
}

func (q *Query) columns(m *api.Measurement, kinds map[string]api.Kind) (string, error) {
	if len(q.Select) == 0 {
		return "", errors.New("nothing selected")
	}
	raw, picks, aggregates := 0, 0, 0
	columns := make([]string, 0, len(q.Select))
	for i := range q.Select {
		s := &q.Select[i]
		kind, err := s.check(m, q.Every)
		if err != nil {
			return "", err
		}
		name := s.name()
		if _, twice := kinds[name]; twice || name == "time" {
			return "", fmt.Errorf("column %q selected twice, or named as the time", name)
		}
		kinds[name] = kind
		columns = append(columns, s.column())
		switch {
		case s.Func == "":
			raw++
		case functions[s.Func].point:
			picks++
		default:
			aggregates++
		}
	}
	if raw > 0 && (picks > 1 || aggregates > 0) {
		return "", errors.New("raw fields stand alone, or beside one function that picks a point")
	}
	if raw > 0 && picks == 0 && q.Every != 0 {
		return "", errors.New("raw fields have no interval (Every)")
	}
	return strings.Join(columns, ", "), nil
}

// check holds a selector against the contract and gives the type of its column.
func (s *Selector) check(m *api.Measurement, every time.Duration) (api.Kind, error) {
	f, known := functions[s.Func]
	if !known {
		return 0, fmt.Errorf("unknown function %q", s.Func)
	}
	field := m.Field(s.Field)
	if field == nil {
		return 0, fmt.Errorf("%s has no field %q", m.Name, s.Field)
	}
	if f.numbers && field.Kind != api.Float && field.Kind != api.Integer {
		return 0, fmt.Errorf("%s of %s, which is a %s", s.Func, s.Field, field.Kind)
	}
	if !f.always && every == 0 {
		return 0, fmt.Errorf("%s of %s needs an interval (Every)", s.Func, s.Field)
	}
	if s.Func == "percentile" && !(s.Arg >= 0 && s.Arg <= 100) {
		return 0, fmt.Errorf("percentile %v of %s, want 0 to 100", s.Arg, s.Field)
	}
	if f.kind != 0 {
		return f.kind, nil
	}
	return field.Kind, nil
}

func (s *Selector) name() string {
	if s.As != "" {
		return s.As
	}
	return s.Field
}

func (s *Selector) column() string {
	expression := identifier(s.Field)
	switch {
	case s.Func == "percentile":
		expression = "percentile(" + expression + ", " + strconv.FormatFloat(s.Arg, 'f', -1, 64) + ")"
	case s.Func != "":
		expression = s.Func + "(" + expression + ")"
	}
	return expression + " AS " + identifier(s.name())
}

// conditions: the time range first, then each Match as equalities joined by OR.
func (q *Query) conditions(m *api.Measurement) (string, error) {
	if q.From.IsZero() || q.To.IsZero() || !q.To.After(q.From) {
		return "", fmt.Errorf("time range is %s to %s, want from before to", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "time >= %dns AND time < %dns", q.From.UnixNano(), q.To.UnixNano())
	for _, w := range q.Where {
		if !isTag(m, w.Tag) {
			return "", fmt.Errorf("%s has no tag %q", m.Name, w.Tag)
		}
		for i, value := range w.Values {
			if value == "" {
				return "", fmt.Errorf("tag %s is compared with an empty value", w.Tag)
			}
			if i == 0 {
				b.WriteString(" AND (")
			} else {
				b.WriteString(" OR ")
			}
			b.WriteString(identifier(w.Tag) + " = " + literal(value))
		}
		if len(w.Values) > 0 { // no value at all: see plan.nothing
			b.WriteString(")")
		}
	}
	return b.String(), nil
}

func (q *Query) groups(m *api.Measurement) (string, error) {
	var groups []string
	if q.Every != 0 {
		if q.Every < time.Millisecond || q.Every%time.Millisecond != 0 {
			return "", fmt.Errorf("interval is %s, want whole milliseconds", q.Every)
		}
		groups = append(groups, fmt.Sprintf("time(%dms)", q.Every.Milliseconds()))
	}
	for _, tag := range q.By {
		switch {
		case tag == "*":
			groups = append(groups, "*")
		case isTag(m, tag):
			groups = append(groups, identifier(tag))
		default:
			return "", fmt.Errorf("%s has no tag %q", m.Name, tag)
		}
	}
	if len(groups) == 0 {
		return "", nil
	}
	grouped := " GROUP BY " + strings.Join(groups, ", ")
	if q.Every != 0 {
		grouped += " fill(none)" // an interval without points is no row
	}
	return grouped, nil
}

// isTag is true for what may be compared and grouped by.
func isTag(m *api.Measurement, name string) bool {
	return name == api.TagSite || name == api.TagAgent ||
		slices.ContainsFunc(m.Tags, func(t api.Tag) bool { return t.Name == name })
}

// identifier and literal quote a name and a value for a statement.
func identifier(s string) string { return `"` + escapeIdentifier.Replace(s) + `"` }
func literal(s string) string    { return `'` + escapeLiteral.Replace(s) + `'` }

var (
	escapeIdentifier = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	escapeLiteral    = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`)
)
