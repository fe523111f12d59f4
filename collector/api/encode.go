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
		dst = appendTagValue(dst, p.Tags[i].Value)
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

func appendTagValue(dst []byte, s string) []byte {
	if !strings.ContainsAny(s, ",= ") {
		return append(dst, s...)
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ',', '=', ' ':
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return dst
}

func (v Value) appendTo(dst []byte) []byte {
	switch v.kind {
	case Float:
		return strconv.AppendFloat(dst, v.num, 'g', -1, 64)
	case Integer:
		return append(strconv.AppendInt(dst, v.int, 10), 'i')
	case Boolean:
		return strconv.AppendBool(dst, v.int != 0)
	}
	dst = append(dst, '"')
	for i := 0; i < len(v.text); i++ {
		if c := v.text[i]; c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, v.text[i])
	}
	return append(dst, '"')
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
