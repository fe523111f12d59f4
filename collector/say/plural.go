package say

import (
	"reflect"
	"regexp"
	"strconv"
)

// countedNoun finds verbs and the endings of counted nouns: "%d site{s}",
// "%d compan{y|ies}", "%d site{s} {is|are} silent".
var countedNoun = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*[\d.]*([a-zA-Z%])|\{([a-z]+)(?:\|([a-z]+))?\}`)

// inflect puts English nouns into their number, which is that of the nearest %d before
// them. Vietnamese has one form for all, and its sentences no braces.
func inflect(format string, args []any) string {
	next, one := 0, false
	out, done := []byte(nil), 0
	for _, m := range countedNoun.FindAllStringSubmatchIndex(format, -1) {
		if m[4] < 0 { // an ending
			out = append(out, format[done:m[0]]...)
			out = append(out, ending(format, m, one)...)
			done = m[1]
			continue
		}
		if format[m[4]] == '%' {
			continue
		}
		if m[2] >= 0 {
			n, err := strconv.Atoi(format[m[2]:m[3]])
			if err == nil {
				next = n - 1
			}
		}
		if format[m[4]] == 'd' && next < len(args) {
			one = isOne(args[next])
		}
		next++
	}
	return string(append(out, format[done:]...))
}

// ending is "" or "s" of {s}, the first or the second of {y|ies}.
func ending(format string, m []int, one bool) string {
	first := format[m[6]:m[7]]
	switch second := m[8] >= 0; {
	case second && !one:
		return format[m[8]:m[9]]
	case !second && one:
		return ""
	}
	return first
}

func isOne(arg any) bool {
	v := reflect.ValueOf(arg)
	return v.CanInt() && v.Int() == 1 || v.CanUint() && v.Uint() == 1
}
