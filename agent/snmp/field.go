package snmp

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// field is one figure of a profile: where it is and how it is read.
type field struct {
	name          string // with a * where a group's word goes
	from          string // OID of a scalar, or of a column
	rows          string // "" for a scalar, else what is made of the column's rows
	unknown       []float64
	values        map[float64]float64 // nil = the figure itself
	bits          []int
	minus, of     []string
	offset, scale float64
	least, most   float64 // of a value
	only          []filter
	skip, less    []filter
	label         string // column that groups are told apart by
	each          []group
}

// What may be made of the rows of a column.
const rowsWords = "first min max mean sum"

// filter is a condition on one cell of a row.
type filter struct {
	column string
	is     *regexp.Regexp
}

// group is the rows whose label matches, and the word for them.
type group struct {
	word string
	is   *regexp.Regexp
}

// gathered is what one poll read for a profile.
type gathered struct {
	scalars map[string]gosnmp.SnmpPDU // of those asked for and answered; a zero value = there is none
	columns map[string]*cellsByRow
}

// cellsByRow is one column of any table. A table's index may be of any length.
type cellsByRow struct {
	order []string // indexes, as they came
	cells map[string]gosnmp.SnmpPDU
	whole bool // to its end
}

// outcome is what reading a field came to.
type outcome int

const (
	failed   outcome = iota // it was not answered
	absent                  // the device does not have it
	notKnown                // the device has it, and does not know its value
	known
)

// measured is a value with the name that the contract has for it.
type measured struct {
	name  string
	value float64
}

// read gives the field's value, or one a group.
func (f *field) read(a *gathered) ([]measured, outcome) {
	if f.rows != "" {
		return f.readRows(a)
	}
	for _, oid := range f.oids() {
		if _, answered := a.scalars[oid]; !answered {
			return nil, failed
		}
	}
	part, whole, got := f.quantity(func(oid string) gosnmp.SnmpPDU { return a.scalars[oid] })
	if got != known {
		return nil, got
	}
	value, ok := f.finish(f.name, part/whole)
	if !ok {
		return nil, notKnown
	}
	return []measured{{f.name, value}}, known
}

// oids are those that the field's value is computed from.
func (f *field) oids() []string {
	return slices.Concat([]string{f.from}, f.minus, f.of)
}

// labels are the columns that only tell rows apart.
func (f *field) labels() []string {
	var out []string
	for _, c := range slices.Concat(f.only, f.skip, f.less) {
		out = append(out, c.column)
	}
	if f.label != "" {
		out = append(out, f.label)
	}
	return out
}

// readRows makes one value of the rows of each group.
func (f *field) readRows(a *gathered) ([]measured, outcome) {
	for _, oid := range slices.Concat(f.oids(), f.labels()) {
		if c := a.columns[oid]; c == nil || !c.whole {
			return nil, failed
		}
	}
	taken := false
	sums := make(map[string]*summary)
	var words []string
	for _, index := range a.columns[f.from].order {
		at := func(oid string) gosnmp.SnmpPDU { return a.columns[oid].cells[index] }
		word, sign := f.place(at)
		if sign == 0 {
			continue
		}
		if sums[word] == nil {
			sums[word] = &summary{}
			words = append(words, word)
		}
		if sign < 0 {
			less, _ := f.figure(at(f.from))
			sums[word].parts -= less
			continue
		}
		part, whole, got := f.quantity(at)
		taken = taken || got != absent
		if got == known {
			sums[word].add(part, whole)
		}
	}
	if !taken {
		return nil, absent
	}
	var out []measured
	for _, word := range words {
		name := strings.Replace(f.name, "*", word, 1)
		if value, ok := f.finish(name, sums[word].value(f)); ok {
			out = append(out, measured{name, value})
		}
	}
	if len(out) == 0 {
		return nil, notKnown
	}
	return out, known
}

// place says to which group a row belongs, and whether it is added (1), taken off
// the sum (−1) or left out (0).
func (f *field) place(at func(oid string) gosnmp.SnmpPDU) (word string, sign float64) {
	match := func(c filter) bool {
		v := at(c.column)
		return v.Value != nil && c.is.MatchString(label(v))
	}
	if slices.ContainsFunc(f.less, match) {
		return "", -1
	}
	if slices.ContainsFunc(f.skip, match) {
		return "", 0
	}
	for _, c := range f.only {
		if !match(c) {
			return "", 0
		}
	}
	if f.label == "" {
		return "", 1
	}
	name := label(at(f.label))
	for _, g := range f.each {
		if g.is.MatchString(name) {
			return g.word, 1
		}
	}
	return "", 0
}

// quantity reads one figure, with what is taken off it, and what it is a part of: 1
// if it is not a part of anything, else a hundredth of it, so that part/whole is
// the value.
func (f *field) quantity(at func(oid string) gosnmp.SnmpPDU) (part, whole float64, got outcome) {
	v := at(f.from)
	if v.Value == nil || none(v) {
		return 0, 0, absent
	}
	part, ok := f.figure(v)
	if !ok {
		return 0, 0, notKnown
	}
	for _, oid := range f.minus {
		n, ok := figure(at(oid))
		if !ok {
			return 0, 0, absentOr(at(oid))
		}
		part -= n
	}
	if len(f.of) == 0 {
		return part, 1, known
	}
	for _, oid := range f.of {
		n, ok := figure(at(oid))
		if !ok {
			return 0, 0, absentOr(at(oid))
		}
		if n < 0 { // a sentinel: there is no size below nothing
			return 0, 0, notKnown
		}
		whole += n / 100
	}
	if whole == 0 {
		return 0, 0, notKnown
	}
	return part, whole, known
}

func absentOr(v gosnmp.SnmpPDU) outcome {
	if v.Value == nil || none(v) {
		return absent
	}
	return notKnown
}

// figure reads the field's own figure, which may stand for another or for none.
func (f *field) figure(v gosnmp.SnmpPDU) (float64, bool) {
	if f.bits != nil {
		return bitsSet(v, f.bits)
	}
	n, ok := figure(v)
	if !ok || slices.Contains(f.unknown, n) {
		return 0, false
	}
	if f.values == nil {
		return n, true
	}
	n, ok = f.values[n]
	return n, ok
}

// finish scales a value and holds it against the contract, which would refuse the
// whole point for one value out of its range. Thousandths are finer than any of
// these is measured, and hide what 0.1 is in binary.
func (f *field) finish(name string, value float64) (float64, bool) {
	value = math.Round((value+f.offset)*f.scale*1000) / 1000
	allowed := contract.Field(name)
	return value, allowed != nil && value >= max(allowed.Min, f.least) && value <= min(allowed.Max, f.most)
}

var contract = api.Lookup("device")

// summary is what was seen of the rows of a group.
type summary struct {
	n                         float64 // rows with a value
	first, least, most, total float64 // of the values
	parts, wholes             float64 // what the values are made of
}

func (s *summary) add(part, whole float64) {
	value := part / whole
	if s.n == 0 {
		s.first, s.least, s.most = value, value, value
	}
	s.least, s.most = min(s.least, value), max(s.most, value)
	s.n++
	s.total += value
	s.parts += part
	s.wholes += whole
}

// value is not a number if there were no rows.
func (s *summary) value(f *field) float64 {
	switch {
	case s.n == 0:
		return math.NaN()
	case f.rows == "min":
		return s.least
	case f.rows == "max":
		return s.most
	case f.rows == "mean":
		return s.total / s.n
	case f.rows == "sum" && len(f.of) > 0:
		return s.parts / s.wholes
	case f.rows == "sum":
		return s.parts
	}
	return s.first
}
