package settings

import (
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/say"
)

var durationType = reflect.TypeFor[time.Duration]()

// fill puts the tree into a struct. A struct's keys are the names of its json
// tags, since documents that also travel as JSON have these.
func (f *File) fill(root *yaml.Node, into any) {
	f.value(root, reflect.ValueOf(into).Elem(), "")
}

func (f *File) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		f.add(at(n), "config.alias")
		return
	}
	f.places[path] = at(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // "key:" with nothing behind it leaves the default
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		f.value(n, v.Elem(), path)
	case reflect.Struct:
		f.mapping(n, v, path)
	case reflect.Map:
		f.named(n, v, path)
	case reflect.Slice:
		f.sequence(n, v, path)
	default:
		f.scalar(n, v, path)
	}
}

func (f *File) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		f.wrongType(n, path, "config.want_mapping")
		return
	}
	fields := keysOf(v.Type())
	for key, val := range f.pairs(n) {
		index, known := fields[key.Value]
		if !known {
			f.add(at(key), "config.unknown_key", key.Value, strings.Join(names(fields), ", "))
			continue
		}
		f.value(val, v.Field(index), join(path, key.Value))
	}
}

// named fills a map, whose keys are names that the file's writer chose. What is wrong
// with an entry as a whole is said at its key.
func (f *File) named(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		f.wrongType(n, path, "config.want_mapping")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for key, val := range f.pairs(n) {
		entry := reflect.New(v.Type().Elem()).Elem()
		name := norm.NFC.String(key.Value)
		f.value(val, entry, join(path, name))
		f.places[join(path, name)] = at(key)
		v.SetMapIndex(reflect.ValueOf(name), entry)
	}
}

// pairs are the keys and values of a mapping, each key once.
func (f *File) pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, val *yaml.Node) bool) {
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, val := n.Content[i], n.Content[i+1]
			name := norm.NFC.String(key.Value)
			if line, twice := seen[name]; twice {
				f.add(at(key), "config.duplicate", key.Value, line)
				continue
			}
			seen[name] = key.Line
			if !yield(key, val) {
				return
			}
		}
	}
}

func (f *File) sequence(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		f.wrongType(n, path, "config.want_sequence")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		f.value(item, v.Index(i), path+"["+strconv.Itoa(i)+"]")
	}
}

// scalar reads the text as it stands: a community of 0123 or a name of "no" is text,
// whatever YAML thinks of it.
func (f *File) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		f.wrongType(n, path, wanted(v))
		return
	}
	switch {
	case v.Type() == durationType:
		if d, err := time.ParseDuration(n.Value); err == nil {
			v.SetInt(int64(d))
			return
		}
	case v.Kind() == reflect.String:
		v.SetString(norm.NFC.String(n.Value))
		return
	case v.Kind() == reflect.Bool:
		if b, err := strconv.ParseBool(n.Value); err == nil && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			v.SetBool(b)
			return
		}
	case v.CanInt():
		if i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits()); err == nil {
			v.SetInt(i)
			return
		}
	case v.CanFloat():
		// Neither infinity nor "not a number" is something that a person means.
		if n, err := strconv.ParseFloat(n.Value, v.Type().Bits()); err == nil && n-n == 0 {
			v.SetFloat(n)
			return
		}
	case v.CanUint():
		if u, err := strconv.ParseUint(n.Value, 10, v.Type().Bits()); err == nil {
			v.SetUint(u)
			return
		}
	}
	f.wrongType(n, path, wanted(v))
}

func (f *File) wrongType(n *yaml.Node, path string, want say.Key) {
	got := strconv.Quote(n.Value)
	switch n.Kind {
	case yaml.MappingNode:
		f.add(at(n), "config.wrong_type", path, say.Key("config.a_mapping"), want)
		return
	case yaml.SequenceNode:
		f.add(at(n), "config.wrong_type", path, say.Key("config.a_sequence"), want)
		return
	}
	if path == "" {
		path = "YAML"
	}
	f.add(at(n), "config.wrong_type", path, got, want)
}

func wanted(v reflect.Value) say.Key {
	switch {
	case v.Type() == durationType:
		return "config.want_duration"
	case v.Kind() == reflect.Bool:
		return "config.want_boolean"
	case v.Kind() == reflect.Uint16:
		return "config.want_port"
	case v.CanInt(), v.CanUint():
		return "config.want_integer"
	case v.CanFloat():
		return "config.want_number"
	}
	return "config.want_text"
}

func keysOf(t reflect.Type) map[string]int {
	keys := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			keys[name] = i
		}
	}
	return keys
}

func names(keys map[string]int) []string {
	out := make([]string, 0, len(keys))
	for k := range keys {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(n *yaml.Node) place { return place{n.Line, n.Column} }
