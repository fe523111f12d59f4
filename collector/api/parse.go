package api

import (
	"errors"
	"strconv"
	"strings"
)

// Errors of a line that cannot be read. A line that can be read and does not
// hold against the contract has a sentence of [Point.Check].
var (
	errEmpty     = errors.New("empty line")
	errTooLong   = errors.New("line longer than " + strconv.Itoa(MaxLineBytes) + " bytes")
	errTag       = errors.New("tag without name or value")
	errFields    = errors.New("no fields")
	errField     = errors.New("field without name or value")
	errValue     = errors.New("value is no float, integer, boolean or string")
	errUnclosed  = errors.New("string is not closed")
	errTimestamp = errors.New("no timestamp in nanoseconds")
)

// ParseLine reads one line of line protocol, without its newline, into p, whose
// memory it uses again. The timestamp is required. It refuses what InfluxDB would
// read in another way than we do (unsigned integers, escaped names); what it
// accepts still needs [Point.Check]. Strings of p share memory with line.
func ParseLine(line string, p *Point) error {
	p.Reset()
	if len(line) > MaxLineBytes {
		return errTooLong
	}
	if line == "" {
		return errEmpty
	}
	end := separator(line)
	if end == len(line) {
		return errFields
	}
	p.Measurement = line[:end]
	rest, err := p.parseTags(line[end:])
	if err != nil {
		return err
	}
	if rest, err = p.parseFields(rest); err != nil {
		return err
	}
	if p.Time, err = strconv.ParseInt(rest, 10, 64); err != nil {
		return errTimestamp
	}
	return nil
}

// separator finds the first comma or space, the end if there is none. It and plain
// are loops over bytes: for a dozen of them the general search of strings took a
// quarter of a line's whole time.
func separator(s string) int {
	for i := range len(s) {
		if s[i] == ',' || s[i] == ' ' {
			return i
		}
	}
	return len(s)
}

// plain is true for a name without an escape, a space or a comma.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c == '\\' || c == ' ' || c == ',' {
			return false
		}
	}
	return true
}

// parseTags reads ",name=value" as often as it comes; what is left starts at the fields.
func (p *Point) parseTags(s string) (string, error) {
	for s[0] == ',' {
		s = s[1:]
		eq := strings.IndexByte(s, '=')
		if eq < 1 {
			return "", errTag
		}
		name := s[:eq]
		if !plain(name) {
			return "", errTag
		}
		end, escaped := tagEnd(s[eq+1:])
		if end < 0 {
			return "", errFields
		}
		value := s[eq+1 : eq+1+end]
		if value == "" {
			return "", errTag
		}
		if escaped {
			value = unescape(value, ",= ")
		}
		p.Tags = append(p.Tags, TagValue{name, value})
		s = s[eq+1+end:]
	}
	return s[1:], nil
}

// unescape drops each backslash that stands before one of the escaped characters.
func unescape(s, escaped string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(escaped, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// tagEnd finds the comma or space that ends a tag value, −1 if none does.
func tagEnd(s string) (end int, escaped bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) && (s[i+1] == ',' || s[i+1] == '=' || s[i+1] == ' ') {
				escaped = true
				i++
			}
		case '=':
			return 0, false // an unescaped equals sign: refused as an empty value
		case ',', ' ':
			return i, escaped
		}
	}
	return -1, false
}

// parseFields reads "name=value,…" up to the space before the timestamp.
func (p *Point) parseFields(s string) (string, error) {
	for {
		eq := strings.IndexByte(s, '=')
		if eq < 1 || !plain(s[:eq]) || strings.IndexByte(s[:eq], '"') >= 0 {
			return "", errField
		}
		name := s[:eq]
		v, rest, err := parseValue(s[eq+1:])
		if err != nil {
			return "", err
		}
		p.Fields = append(p.Fields, FieldValue{name, v})
		switch {
		case rest == "":
			return "", errTimestamp
		case rest[0] == ' ':
			return rest[1:], nil
		case rest[0] != ',':
			return "", errValue
		}
		s = rest[1:]
	}
}

func parseValue(s string) (Value, string, error) {
	if s != "" && s[0] == '"' {
		return parseString(s[1:])
	}
	if v, end := parseNumber(s); end > 0 {
		return v, s[end:], nil
	}
	end := separator(s)
	v, err := parseScalar(s[:end])
	return v, s[end:], err
}

// parseNumber reads in one pass what nearly all values are: up to 15 digits, perhaps a
// sign, a point or an "i". end is 0 for anything else, which parseScalar decides.
func parseNumber(s string) (v Value, end int) {
	i, n, digits, decimals := 0, int64(0), 0, -1
	if s != "" && s[0] == '-' {
		i = 1
	}
	for ; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' {
			n = 10*n + int64(c-'0')
			digits++
			continue
		} else if c != '.' || decimals >= 0 {
			break
		}
		decimals = digits // so many stand before the point
	}
	if digits == 0 || digits > 15 || n == 0 && s[0] == '-' { // −0 is a float of its own
		return Value{}, 0
	}
	if s[0] == '-' {
		n = -n
	}
	switch {
	case i < len(s) && s[i] == 'i' && decimals < 0:
		v, i = IntegerValue(n), i+1
	case decimals < 0:
		v = FloatValue(float64(n))
		v.text = s[:i]
	default:
		// Both are exact, so the quotient is the nearest float, as ParseFloat's.
		v = FloatValue(float64(n) / tens[digits-decimals])
		if decimals > 0 && decimals < digits { // a digit before the point and one behind: all engines read it
			v.text = s[:i]
		}
	}
	if i < len(s) && s[i] != ',' && s[i] != ' ' {
		return Value{}, 0
	}
	return v, i
}

var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func parseScalar(word string) (Value, error) {
	switch word {
	case "":
		return Value{}, errField
	case "t", "T", "true", "True", "TRUE":
		return BooleanValue(true), nil
	case "f", "F", "false", "False", "FALSE":
		return BooleanValue(false), nil
	}
	// Digits, sign, point and exponent only: ParseFloat alone would let hexadecimal,
	// underscores, "inf" and "nan" pass, which InfluxDB refuses.
	if last := len(word) - 1; word[last] == 'i' {
		n, err := strconv.ParseInt(word[:last], 10, 64)
		if err != nil || word[0] == '+' {
			return Value{}, errValue
		}
		return IntegerValue(n), nil
	}
	for i := range len(word) {
		switch c := word[i]; {
		case c >= '0' && c <= '9', c == '.', c == 'e', c == 'E', c == '-', c == '+' && i > 0:
		default:
			return Value{}, errValue
		}
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return Value{}, errValue
	}
	return FloatValue(f), nil
}

// parseString reads up to the closing quote; only \" and \\ are escapes.
func parseString(s string) (Value, string, error) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
				escaped = true
				i++
			}
		case '"':
			text := s[:i]
			if escaped {
				text = unescape(text, `"\`)
			}
			return TextValue(text), s[i+1:], nil
		}
	}
	return Value{}, "", errUnclosed
}
