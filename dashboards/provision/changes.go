package provision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What is shown of a difference.
const (
	maxChanges    = 40
	maxShownValue = 100
)

// changes says, a line each, what differs between what is there and what is wanted:
// + comes, - goes, ~ changes. Values under a name that is secret are never shown.
func changes(was, now any, secret ...string) []string {
	var list []string
	walk("", was, now, secret, &list)
	if more := len(list) - maxChanges; more > 0 {
		list = append(list[:maxChanges], fmt.Sprintf("… %d", more))
	}
	return list
}

func walk(path string, was, now any, secret []string, list *[]string) {
	before, after := parts(was), parts(now)
	if before == nil || after == nil {
		if a, b := shown(path, was, secret), shown(path, now, secret); !same(was, now) {
			*list = append(*list, fmt.Sprintf("~ %s: %s → %s", path, a, b))
		}
		return
	}
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byPlace)
	for _, name := range names {
		at := strings.TrimPrefix(path+"."+name, ".")
		old, had := before[name]
		wanted, has := after[name]
		switch {
		case !had:
			*list = append(*list, fmt.Sprintf("+ %s: %s", at, shown(at, wanted, secret)))
		case !has:
			*list = append(*list, fmt.Sprintf("- %s: %s", at, shown(at, old, secret)))
		default:
			walk(at, old, wanted, secret, list)
		}
	}
}

// parts are the members of an object or a list by name or place, nil of anything else.
func parts(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		m := map[string]any{}
		for i, item := range v {
			m[fmt.Sprint(i)] = item
		}
		return m
	}
	return nil
}

// byPlace orders numbers by value.
func byPlace(a, b string) int {
	if len(a) != len(b) && strings.Trim(a+b, "0123456789") == "" {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func same(a, b any) bool {
	x, errX := encode(a)
	y, errY := encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func shown(path string, v any, secret []string) string {
	if slices.Contains(secret, path[strings.LastIndex(path, ".")+1:]) {
		return "(…)"
	}
	raw, err := encode(v)
	if err != nil {
		return "?"
	}
	text := []rune(string(raw))
	if len(text) > maxShownValue {
		return string(text[:maxShownValue]) + "…"
	}
	return string(text)
}

// lines is a text to compare line by line.
func lines(text string) []any {
	var list []any
	for line := range strings.Lines(text) {
		list = append(list, strings.TrimRight(line, "\n"))
	}
	return list
}

// encode is JSON without the escapes for HTML: what was read goes back as it came.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
