package snmp

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

var (
	profileName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	groupWord   = regexp.MustCompile(`^[a-z0-9]{1,32}$`)
	oidForm     = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*)){1,127}$`)
)

// check holds a file against the format and compiles it. It complains of each mistake
// at its place; then the draft is not used.
func (d *draft) check() {
	if !profileName.MatchString(d.name) {
		d.read.Complain("", "profile.name", d.name)
	}
	d.required("about", d.file.About)
	d.bounded("match", len(d.file.Match))
	d.bounded("use", len(d.file.Use))
	d.bounded("model", len(d.file.Model))
	d.bounded("fields", len(d.file.Fields))
	if len(d.file.Fields) > 0 {
		d.required("source", d.file.Source)
	}
	for i, m := range d.file.Match {
		d.rules = append(d.rules, d.rule(item("match", i), m))
	}
	for i, m := range d.file.Model {
		d.models = append(d.models, d.model(item("model", i), m))
	}
	for i := range d.file.Fields {
		d.fields = append(d.fields, d.field(item("fields", i), &d.file.Fields[i]))
	}
}

func (d *draft) rule(at string, m matchFile) rule {
	r := rule{object: m.Object, own: d.own, profile: d.name}
	d.oid(at+".object", m.Object)
	if m.Descr != "" {
		r.descr = d.expression(at+".descr", m.Descr)
	}
	if m.Has != "" {
		r.has = d.oid(at+".has", m.Has)
	}
	return r
}

func (d *draft) model(at string, m modelFile) model {
	out := model{oid: sysDescr}
	if m.Get != "" {
		out.oid = d.oid(at+".get", m.Get)
		d.required(at+".mib", m.MIB)
	}
	if m.Like == "" {
		d.needs(m.Get != "", at, "get", "like")
		return out
	}
	if out.like = d.expression(at+".like", m.Like); out.like != nil && out.like.NumSubexp() != 1 {
		d.read.Complain(at+".like", "profile.group", m.Like)
	}
	return out
}

func (d *draft) field(at string, in *fieldFile) *field {
	f := &field{
		name: in.Field, unknown: in.Unknown, offset: in.Offset, scale: 1, rows: in.Rows,
		least: math.Inf(-1), most: math.Inf(1),
	}
	d.required(at+".mib", in.MIB)
	d.fieldName(at+".field", in)
	d.fieldLists(at, in)
	if in.Scale != nil {
		f.scale = *in.Scale
	}
	if f.scale == 0 {
		d.read.Complain(at+".scale", "profile.scale")
	}
	if n := len(in.Between); n == 2 && in.Between[0] < in.Between[1] {
		f.least, f.most = in.Between[0], in.Between[1]
	} else if in.Between != nil {
		d.read.Complain(at+".between", "profile.between")
	}
	f.minus, f.of = d.oids(at+".minus", in.Minus), d.oids(at+".of", in.Of)
	f.values, f.bits = d.mapped(at+".map", in.Map), in.Bits
	for i, bit := range in.Bits {
		if bit < 0 || bit > 1023 {
			d.read.Complain(item(at+".bits", i), "config.range", strconv.Itoa(bit), "0", "1023")
		}
	}
	if len(in.Bits) > 0 {
		d.notBeside(at, "bits", map[string]bool{"map": len(in.Map) > 0, "unknown": len(in.Unknown) > 0})
	}
	if (in.Get == "") == (in.Walk == "") {
		d.read.Complain(at, "profile.get_or_walk")
		return f
	}
	if in.Get != "" {
		f.from = d.oid(at+".get", in.Get)
		d.notBeside(at, "get", map[string]bool{
			"only": len(in.Only) > 0, "skip": len(in.Skip) > 0, "less": len(in.Less) > 0,
			"rows": in.Rows != "", "name": in.Name != "", "each": len(in.Each) > 0,
		})
		return f
	}
	f.from = d.oid(at+".walk", in.Walk)
	d.fieldRows(at, in, f)
	return f
}

// fieldLists bounds what a field may list: it is asked for, or compared, in each round.
func (d *draft) fieldLists(at string, in *fieldFile) {
	for name, n := range map[string]int{
		"unknown": len(in.Unknown), "map": len(in.Map), "bits": len(in.Bits), "minus": len(in.Minus),
		"of": len(in.Of), "only": len(in.Only), "skip": len(in.Skip), "less": len(in.Less),
	} {
		d.bounded(at+"."+name, n)
	}
}

// fieldRows is what only a walk has.
func (d *draft) fieldRows(at string, in *fieldFile, f *field) {
	if !slices.Contains(strings.Fields(rowsWords), in.Rows) {
		d.complainOrMissing(at+".rows", in.Rows, "config.one_of", strconv.Quote(in.Rows), strings.ReplaceAll(rowsWords, " ", ", "))
	}
	f.only, f.skip, f.less = d.filters(at+".only", in.Only), d.filters(at+".skip", in.Skip), d.filters(at+".less", in.Less)
	d.needs(len(in.Less) == 0 || in.Rows == "sum", at+".less", "less", "rows: sum")
	d.needs(len(in.Each) == 0 || in.Name != "", at+".each", "each", "name")
	d.needs(in.Name == "" || len(in.Each) > 0, at+".name", "name", "each")
	if len(in.Each) > 0 {
		d.notBeside(at, "each", map[string]bool{"less": len(in.Less) > 0})
	}
	if in.Name != "" {
		f.label = d.oid(at+".name", in.Name)
	}
	if len(in.Each) > maxEach {
		d.read.Complain(at+".each", "config.too_many", len(in.Each), maxEach)
	}
	for i, text := range in.Each {
		place := item(at+".each", i)
		word, expression, found := strings.Cut(text, "=")
		if !found || !groupWord.MatchString(word) {
			d.read.Complain(place, "profile.each", text)
			continue
		}
		f.each = append(f.each, group{word, d.expression(place, expression)})
	}
}

// fieldName must be one that the contract leaves to profiles: a unit at its end, and
// none of the contract's own.
func (d *draft) fieldName(at string, in *fieldFile) {
	name := strings.Replace(in.Field, "*", "x", 1)
	if starred := name != in.Field; starred != (len(in.Each) > 0) {
		d.read.Complain(at, "profile.needs", "*", "name, each")
		return
	}
	fixed := slices.ContainsFunc(contract.Fields, func(f api.Field) bool { return f.Name == name })
	if fixed || len(name) > maxFieldName || contract.Field(name) == nil {
		d.complainOrMissing(at, in.Field, "profile.field", in.Field, api.OpenSuffixes())
	}
}

// mapped reads "3,4=1".
func (d *draft) mapped(at string, texts []string) map[float64]float64 {
	var out map[float64]float64
	for i, text := range texts {
		from, to, _ := strings.Cut(text, "=")
		value, err := strconv.ParseFloat(strings.TrimSpace(to), 64)
		for one := range strings.SplitSeq(from, ",") {
			raw, wrong := strconv.ParseFloat(strings.TrimSpace(one), 64)
			if err != nil || wrong != nil {
				d.read.Complain(item(at, i), "profile.map", text)
				break
			}
			if _, twice := out[raw]; twice {
				d.read.Complain(item(at, i), "profile.map_twice", strings.TrimSpace(one))
			}
			if out == nil {
				out = map[float64]float64{}
			}
			out[raw] = value
		}
	}
	return out
}

func (d *draft) filters(at string, in []cellFile) []filter {
	var out []filter
	for i, c := range in {
		place := item(at, i)
		d.required(place+".is", c.Is)
		out = append(out, filter{d.oid(place+".column", c.Column), d.expression(place+".is", c.Is)})
	}
	return out
}

// oid gives an OID as the wire library has it, with a dot in front.
func (d *draft) oid(at, text string) string {
	if !validOID(text) {
		d.complainOrMissing(at, text, "profile.oid", text)
	}
	return "." + text
}

func validOID(text string) bool {
	if !oidForm.MatchString(text) {
		return false
	}
	for arc := range strings.SplitSeq(text, ".") {
		if _, err := strconv.ParseUint(arc, 10, 32); err != nil {
			return false
		}
	}
	return true
}

func (d *draft) oids(at string, texts []string) []string {
	var out []string
	for i, text := range texts {
		out = append(out, d.oid(item(at, i), text))
	}
	return out
}

// expression gives nil after a complaint.
func (d *draft) expression(at, text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		d.read.Complain(at, "profile.regexp", text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re
}

func (d *draft) required(at, value string) {
	if value == "" {
		d.read.Complain(at, "config.missing", at[strings.LastIndexByte(at, '.')+1:])
	}
}

func (d *draft) complainOrMissing(at, value string, key say.Key, args ...any) {
	if value == "" {
		d.required(at, value)
		return
	}
	d.read.Complain(at, key, args...)
}

func (d *draft) needs(ok bool, at, what, other string) {
	if !ok {
		d.read.Complain(at, "profile.needs", what, other)
	}
}

// notBeside complains of each key that is given and makes no sense together with one.
func (d *draft) notBeside(at, key string, given map[string]bool) {
	for other, is := range given {
		if is {
			d.read.Complain(at+"."+other, "profile.beside", other, key)
		}
	}
}

func (d *draft) bounded(at string, n int) {
	if n > maxItems {
		d.read.Complain(at, "config.too_many", n, maxItems)
	}
}

func item(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }
