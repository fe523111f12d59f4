package service

import (
	"crypto/sha1" //nolint:gosec // Windows' own derivation, no secret
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// serviceSID is the account's SID, which Windows derives from the name: S-1-5-80 and the
// SHA-1 of its capitals in UTF-16. It is known before the service is made, so the folder
// is closed before anything is in it.
func serviceSID(name string) string {
	var text []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(name))) {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	sum := sha1.Sum(text) //nolint:gosec // as above
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}

// folderACL is for the system, administrators and the one who runs the agent, for all
// that is and will be in the folder; what its parent grants does not come in (SDDL).
func folderACL(sid string) string {
	return "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + sid + ")"
}

// commandLine quotes the program and each argument, also where nothing asks for it: of
// an unquoted C:\Program Files\… Windows first tries C:\Program.exe. The escapes are
// those of CommandLineToArgvW.
func commandLine(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWindows(w)
	}
	return strings.Join(quoted, " ")
}

func quoteWindows(word string) string {
	var out strings.Builder
	out.WriteByte('"')
	slashes := 0
	for _, r := range word {
		switch r {
		case '\\':
			slashes++
		case '"': // backslashes count only before a quote
			out.WriteString(strings.Repeat(`\`, slashes+1))
			slashes = 0
		default:
			slashes = 0
		}
		out.WriteRune(r)
	}
	out.WriteString(strings.Repeat(`\`, slashes))
	out.WriteByte('"')
	return out.String()
}
