package api

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Check holds a point against the contract: measurement, tags, fields, types,
// ranges. It does not look at the time (see [CheckTime]) nor at who wrote it.
// The error says what is wrong in one line.
func (p *Point) Check() error {
	m := Lookup(p.Measurement)
	if m == nil {
		return fmt.Errorf("unknown measurement %s", quote(p.Measurement))
	}
	if err := m.checkTags(p.Tags); err != nil {
		return err
	}
	return m.checkFields(p.Fields)
}

// CheckTime says whether a time (nanoseconds since 1970) is plausible to a
// clock that reads now.
func CheckTime(ns, now int64) error {
	switch {
	case ns > now+int64(MaxAhead):
		return fmt.Errorf("time is %s ahead of the collector's, at most %s is stored", span(ns-now), MaxAhead)
	case ns < now-int64(MaxBehind):
		for _, u := range otherUnits {
			if t := ns * u.ns; t/u.ns == ns && t >= now-int64(MaxBehind) && t <= now+int64(MaxAhead) {
				return fmt.Errorf("time %d looks like %s, want nanoseconds since 1970", ns, u.name)
			}
		}
		return fmt.Errorf("time is %d days ago, beyond the retention of %d days", now/86400e9-ns/86400e9, MaxBehind/86400e9)
	}
	return nil
}

// otherUnits are those in which line protocol may be written elsewhere.
var otherUnits = [...]struct {
	name string
	ns   int64
}{{"seconds", 1e9}, {"milliseconds", 1e6}, {"microseconds", 1e3}}

func (m *Measurement) checkTags(tags []TagValue) error {
	required := 0
	for i, t := range tags {
		for j := range i {
			if tags[j].Name == t.Name {
				return fmt.Errorf("tag %s given twice", quote(t.Name))
			}
		}
		if err := checkTagValue(t); err != nil {
			return err
		}
		if t.Name == TagSite || t.Name == TagAgent {
			continue
		}
		known := m.tag(t.Name)
		if known == nil {
			return fmt.Errorf("%s has no tag %s", m.Name, quote(t.Name))
		}
		if known.Allowed != "" && !listed(known.Allowed, t.Value) {
			return fmt.Errorf("tag %s is %s, want one of: %s", t.Name, quote(t.Value), known.Allowed)
		}
		required++
	}
	if required == len(m.Tags) {
		return nil
	}
	for _, want := range m.Tags {
		if !hasTag(tags, want.Name) {
			return fmt.Errorf("%s needs the tag %s", m.Name, want.Name)
		}
	}
	return nil
}

func checkTagValue(t TagValue) error {
	switch {
	case t.Value == "":
		return fmt.Errorf("tag %s is empty", quote(t.Name))
	case len(t.Value) > MaxTagBytes:
		return fmt.Errorf("tag %s has %d bytes, at most %d", quote(t.Name), len(t.Value), MaxTagBytes)
	case !clean(t.Value):
		return fmt.Errorf("tag %s holds invalid UTF-8 or a control character", quote(t.Name))
	case strings.Contains(t.Value, `\`):
		// Before a comma, an equals sign, a space or at the end it escapes what is
		// behind it, and InfluxDB has no way to write that it does not.
		return fmt.Errorf(`tag %s holds a backslash`, quote(t.Name))
	}
	return nil
}

// maxFields bounds one point's, of which only an open measurement can have that many:
// each is compared with all before it.
const maxFields = 256

func (m *Measurement) checkFields(fields []FieldValue) error {
	switch {
	case len(fields) == 0:
		return fmt.Errorf("%s without a field", m.Name)
	case len(fields) > maxFields:
		return fmt.Errorf("%s has %d fields, at most %d", m.Name, len(fields), maxFields)
	}
	always, next := 0, 0
	for i := range fields {
		f := &fields[i]
		for j := range i {
			if fields[j].Name == f.Name {
				return fmt.Errorf("field %s given twice", quote(f.Name))
			}
		}
		known, at := m.fieldFrom(next, f.Name)
		if known == nil {
			return fmt.Errorf("%s has no field %s", m.Name, quote(f.Name))
		}
		next = at + 1
		if err := known.check(f.Name, f.Value); err != nil {
			return err
		}
		if known.Always {
			always++
		}
	}
	for i := range m.Fields {
		if m.Fields[i].Always {
			always--
		}
	}
	if always == 0 {
		return nil
	}
	for i := range m.Fields {
		if m.Fields[i].Always && !hasField(fields, m.Fields[i].Name) {
			return fmt.Errorf("%s needs the field %s", m.Name, m.Fields[i].Name)
		}
	}
	return nil
}

func (f *Field) check(name string, v Value) error {
	if v.kind != f.Kind {
		return fmt.Errorf("field %s is a %s, want %s", name, v.kind, f.Kind)
	}
	switch f.Kind {
	case Text:
		return f.checkText(name, v.text)
	case Boolean:
		return nil
	}
	if v.kind == Integer && (v.int > maxInteger || v.int < -maxInteger) {
		return fmt.Errorf("field %s is %s, beyond ±2^53", name, v)
	}
	if n := v.Float(); !(n >= f.Min && n <= f.Max) { // also refuses NaN
		return fmt.Errorf("field %s is %s, want %s to %s%s", name, v, number(f.Min), number(f.Max), unit(f.Unit))
	}
	return nil
}

func (f *Field) checkText(name, s string) error {
	limit := MaxStringBytes
	if f.Max > 0 {
		limit = int(f.Max)
	}
	switch {
	case len(s) > limit:
		return fmt.Errorf("field %s has %d bytes, at most %d", name, len(s), limit)
	case !clean(s):
		return fmt.Errorf("field %s holds invalid UTF-8 or a control character", name)
	case f.Allowed != "" && !listed(f.Allowed, s):
		return fmt.Errorf("field %s is %s, want one of: %s", name, quote(s), f.Allowed)
	}
	return nil
}

// fieldFrom is [Measurement.Field] for a name that is likely the one at that place in
// the table: who writes fields in its order is served at the first look.
func (m *Measurement) fieldFrom(place int, name string) (*Field, int) {
	if place < len(m.Fields) && m.Fields[place].Name == name {
		return &m.Fields[place], place
	}
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i], i
		}
	}
	return m.Field(name), place
}

func (m *Measurement) tag(name string) *Tag {
	for i := range m.Tags {
		if m.Tags[i].Name == name {
			return &m.Tags[i]
		}
	}
	return nil
}

func hasTag(tags []TagValue, name string) bool {
	for i := range tags {
		if tags[i].Name == name {
			return true
		}
	}
	return false
}

func hasField(fields []FieldValue, name string) bool {
	for i := range fields {
		if fields[i].Name == name {
			return true
		}
	}
	return false
}

// listed finds word among words separated by one space, without allocating.
func listed(words, word string) bool {
	for w := range strings.SplitSeq(words, " ") {
		if w == word {
			return true
		}
	}
	return false
}

// clean is true for valid UTF-8 without control characters (C0, DEL, C1).
func clean(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r < 0xa0 {
			return false
		}
		i += n
	}
	return true
}

// quote shows a name from outside in an error, bounded and on one line.
func quote(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

func number(f float64) string { return FloatValue(f).String() }

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " " + u
}

// span writes a nanosecond difference; one that does not fit a Duration is capped.
func span(ns int64) string {
	if ns < 0 { // overflow of ns − now
		ns = math.MaxInt64
	}
	return fmt.Sprintf("%d s", ns/1e9)
}
