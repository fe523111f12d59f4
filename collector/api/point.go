package api

import (
	"strconv"
	"time"
)

// Point is one line: what was measured, of what, when. The zero value is ready;
// Reset lets one be used again.
type Point struct {
	Measurement string
	Tags        []TagValue
	Fields      []FieldValue
	Time        int64 // nanoseconds since 1970-01-01T00:00:00Z
}

// TagValue is one tag of a point.
type TagValue struct{ Name, Value string }

// FieldValue is one field of a point.
type FieldValue struct {
	Name  string
	Value Value
}

// Value is a field's value of one [Kind].
type Value struct {
	kind Kind
	num  float64
	int  int64  // also 0 and 1 for Boolean
	text string // of a Float from ParseLine: how it stood there, if that is how it may be written again
}

// FloatValue, IntegerValue, BooleanValue and TextValue make a value.
func FloatValue(v float64) Value { return Value{kind: Float, num: v} }
func IntegerValue(v int64) Value { return Value{kind: Integer, int: v} }
func TextValue(v string) Value   { return Value{kind: Text, text: v} }
func BooleanValue(v bool) Value {
	if v {
		return Value{kind: Boolean, int: 1}
	}
	return Value{kind: Boolean}
}

// Kind, Float, Integer, Boolean and Text take a value apart. Float also gives an
// integer as a float, so that arithmetic need not ask.
func (v Value) Kind() Kind     { return v.kind }
func (v Value) Integer() int64 { return v.int }
func (v Value) Boolean() bool  { return v.int != 0 }
func (v Value) Text() string {
	if v.kind == Text {
		return v.text
	}
	return ""
}
func (v Value) Float() float64 {
	if v.kind == Integer {
		return float64(v.int)
	}
	return v.num
}

// Equal is used by go-cmp.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.num == w.num && v.int == w.int && v.Text() == w.Text()
}

// String writes the value as a person reads it.
func (v Value) String() string {
	switch v.kind {
	case Float:
		return strconv.FormatFloat(v.num, 'g', -1, 64)
	case Integer:
		return strconv.FormatInt(v.int, 10)
	case Boolean:
		return strconv.FormatBool(v.int != 0)
	}
	return v.text
}

// NewPoint starts a point; the methods below add to it and return it.
func NewPoint(measurement string, at time.Time) *Point {
	return &Point{Measurement: measurement, Time: at.UnixNano()}
}

// Tag adds a tag.
func (p *Point) Tag(name, value string) *Point {
	p.Tags = append(p.Tags, TagValue{name, value})
	return p
}

// SetTag replaces the tag of that name, or adds it.
func (p *Point) SetTag(name, value string) {
	for i := range p.Tags {
		if p.Tags[i].Name == name {
			p.Tags[i].Value = value
			return
		}
	}
	p.Tags = append(p.Tags, TagValue{name, value})
}

// Float adds a float field.
func (p *Point) Float(name string, v float64) *Point { return p.field(name, FloatValue(v)) }

// Int adds an integer field.
func (p *Point) Int(name string, v int64) *Point { return p.field(name, IntegerValue(v)) }

// Count adds an integer field unless it is zero: absent counts are zero.
func (p *Point) Count(name string, v int64) *Point {
	if v == 0 {
		return p
	}
	return p.Int(name, v)
}

// Bool adds a boolean field.
func (p *Point) Bool(name string, v bool) *Point { return p.field(name, BooleanValue(v)) }

// Text adds a string field unless it is empty.
func (p *Point) Text(name, v string) *Point {
	if v == "" {
		return p
	}
	return p.field(name, TextValue(v))
}

// SetText adds a string field, an empty one too: of a point that is written again an
// absent field would keep what stood there.
func (p *Point) SetText(name, v string) *Point { return p.field(name, TextValue(v)) }

func (p *Point) field(name string, v Value) *Point {
	p.Fields = append(p.Fields, FieldValue{name, v})
	return p
}

// TagNamed gives the value of a tag, empty if the point has none.
func (p *Point) TagNamed(name string) string {
	for i := range p.Tags {
		if p.Tags[i].Name == name {
			return p.Tags[i].Value
		}
	}
	return ""
}

// FieldNamed gives a field's value.
func (p *Point) FieldNamed(name string) (Value, bool) {
	for i := range p.Fields {
		if p.Fields[i].Name == name {
			return p.Fields[i].Value, true
		}
	}
	return Value{}, false
}

// Reset empties the point and keeps its memory.
func (p *Point) Reset() {
	p.Measurement, p.Tags, p.Fields, p.Time = "", p.Tags[:0], p.Fields[:0], 0
}
