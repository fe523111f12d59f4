package api

import (
	"fmt"
	"strconv"
	"strings"
)

// AppendLine checks the point and appends it to dst as one line of line
// protocol, newline included. On an error dst comes back as it was.
func (p *Point) AppendLine(dst []byte) ([]byte, error) {
	if err := p.Check(); err != nil {
		return dst, fmt.Errorf("encode %s: %w", p.Measurement, err)
	}
	return p.appendChecked(dst), nil
}

// AppendParsed appends a point that [ParseLine] and [Point.Check] have passed.
func (p *Point) AppendParsed(dst []byte) []byte { return p.appendChecked(dst) }

// appendChecked needs no escape for measurement and field names: the contract's
// have no special character, and tag values have no backslash but ours.
func (p *Point) appendChecked(dst []byte) []byte {
	dst = append(dst, p.Measurement...)
	for i := range p.Tags {
		dst = append(dst, ',')
		dst = append(dst, p.Tags[i].Name...)
		dst = append(dst, '=')
		dst = appendEscaped(dst, p.Tags[i].Value, ',', '=', ' ')
	}
	separator := byte(' ')
	for i := range p.Fields {
		dst = append(dst, separator)
		dst = append(dst, p.Fields[i].Name...)
		dst = append(dst, '=')
		dst = p.Fields[i].Value.appendTo(dst)
		separator = ','
	}
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, p.Time, 10)
	return append(dst, '\n')
}

// appendEscaped puts a backslash before each of the special characters x, y and z.
func appendEscaped(dst []byte, s string, x, y, z byte) []byte {
	from := 0
	for i := range len(s) {
		if c := s[i]; c == x || c == y || c == z {
			dst = append(append(dst, s[from:i]...), '\\')
			from = i
		}
	}
	return append(dst, s[from:]...)
}

func (v Value) appendTo(dst []byte) []byte {
	switch v.kind {
	case Float:
		if v.text != "" { // the dearest thing to make anew, a fifth of a line's time
			return append(dst, v.text...)
		}
		return strconv.AppendFloat(dst, v.num, 'g', -1, 64)
	case Integer:
		return append(strconv.AppendInt(dst, v.int, 10), 'i')
	case Boolean:
		return strconv.AppendBool(dst, v.int != 0)
	}
	return append(appendEscaped(append(dst, '"'), v.text, '"', '\\', '\\'), '"')
}

// CleanTag makes any text usable as a tag value by one rule: control characters
// and invalid UTF-8 are dropped, spaces at the ends too, backslashes become
// slashes (line protocol cannot write each of them), and what is longer than MaxTagBytes is cut. Empty
// comes back as empty: the caller must have another name, lest two things become one.
func CleanTag(s string) string {
	return strings.TrimSpace(cleanTo(strings.ReplaceAll(s, `\`, "/"), MaxTagBytes))
}

// CleanText does the same for a string field, backslashes kept, control
// characters replaced by a space.
func CleanText(s string) string {
	spaced := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(cleanTo(spaced, MaxStringBytes)), " ")
}

func cleanTo(s string, limit int) string {
	if !clean(s) {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
