package declared

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// spaced is a text as it is kept: NFC, every run of blanks, line breaks and characters
// that take no room one space, none around it.
func spaced(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] > ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	s = norm.NFC.String(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200b', r == '\ufeff', r == '\u00ad', r == '\u2060':
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// fold is what two texts have in common that a person would call the same: letters and
// digits without marks and case, single spaces between words.
func fold(s string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case r == 'đ':
			r = 'd'
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// guard finds texts that Excel would not leave as they are when it opens a CSV: formulas,
// and what may be a number or a day, of which it drops zeros or makes another one.
var guard = regexp.MustCompile(`^'*([=+\-@＝＋－＠]|[0-9.,][0-9.,:/eE+\- ]*$)`)

// guarded is a text for a CSV that stays as it is; unguarded takes the apostrophe off again,
// in an XLSX too, since people open a CSV and save it as one.
func guarded(s string) string {
	if guard.MatchString(s) {
		return "'" + s
	}
	return s
}

func unguarded(s string) string {
	if strings.HasPrefix(s, "'") && guard.MatchString(s) {
		return s[1:]
	}
	return s
}

// short is what a message or a list shows of a text, on a terminal too.
func short(s string) string {
	const most = 60
	s = strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
