package board

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folded is a text as it is searched: small letters without marks, đ as d, so that
// "dak lak" finds "Đắk Lắk" however either was typed.
func folded(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(strings.ToLower(s)))
	return strings.Join(strings.Fields(s), " ")
}
