package settings

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// Text takes what Windows programs save: UTF-8 with or without a byte order mark,
// and UTF-16 with one; it gives UTF-8 without. Anything else is refused with the
// byte's place and offset, since a guess would put wrong letters into names. The
// problem knows no file: that is the caller's.
func Text(data []byte) ([]byte, *Problem) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, &Problem{Line: 1, Column: 1, Key: "config.not_utf8", Args: []any{0}}
		}
		return out, nil
	}
	text := bytes.TrimPrefix(data, []byte{0xef, 0xbb, 0xbf})
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, &Problem{
				Line:   1 + bytes.Count(text[:i], []byte{'\n'}),
				Column: 1 + utf8.RuneCount(text[bytes.LastIndexByte(text[:i], '\n')+1:i]),
				Key:    "config.not_utf8", Args: []any{i},
			}
		}
		i += n
	}
	return text, nil
}

// misread are the letters that UTF-8 gives when it is read as Windows-1252: "áº", "á»",
// "Ä‘", "Ã¡".
var misread = regexp.MustCompile(`á[º»]|Ä[\x{80}-\x{bf}‘’ƒ]|Ã[\x{80}-\x{bf}]|Æ[°¡]`)

// Misread tells whether a text holds what Vietnamese becomes by a wrong encoding.
func Misread(s string) bool { return misread.MatchString(s) }
