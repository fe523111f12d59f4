package users

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/say"
)

// cost is how much work a hash takes (RFC 9106 §3.1).
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// ours is RFC 9106's second choice (64 MiB, 3 passes) in one lane instead of four: a
// sign-in takes one core and not all, for 0.2 s (measured, EPYC).
var ours = cost{64 << 10, 3, 1}

// What a hash may cost: less is soon guessed, more eats the machine.
var (
	leastCost = cost{19 << 10, 1, 1}
	mostCost  = cost{128 << 10, 10, 8}
)

const (
	saltBytes = 16
	sumBytes  = 32
	mostBytes = 64 // of a salt or sum that another program made
)

// digest is what is kept of a password.
type digest struct {
	cost
	salt, sum []byte
}

// hashOf makes what stands in the file.
func hashOf(password string, c cost) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails (crypto/rand)
	sum := c.work(password, salt, sumBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// work is done for a password as people type it: keyboards for Vietnamese differ in how
// they put a letter together (RFC 8265 §4.2.2).
func (c cost) work(password string, salt []byte, length int) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.passes, c.memory, c.lanes, uint32(length))
}

func (d digest) is(password string) bool {
	return subtle.ConstantTimeCompare(d.work(password, d.salt, len(d.sum)), d.sum) == 1
}

var phc = regexp.MustCompile(`^\$argon2id\$v=([0-9]{1,3})\$m=([0-9]{1,9}),t=([0-9]{1,9}),p=([0-9]{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$`)

// parseHash reads the PHC string format.
func parseHash(text string) (digest, *wrong) {
	part := phc.FindStringSubmatch(text)
	if part == nil || part[1] != strconv.Itoa(argon2.Version) {
		return digest{}, &wrong{"users.bad_hash", nil}
	}
	var n [3]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(part[2+i], 10, 32) // digits only, and few
	}
	if !between(n[0], leastCost.memory, mostCost.memory) || !between(n[1], leastCost.passes, mostCost.passes) || !between(n[2], leastCost.lanes, mostCost.lanes) {
		return digest{}, &wrong{"users.bad_cost", []any{leastCost.memory, mostCost.memory, leastCost.passes, mostCost.passes, leastCost.lanes, mostCost.lanes}}
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(part[5])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(part[6])
	if err != nil || err2 != nil || !between(uint64(len(salt)), saltBytes, mostBytes) || !between(uint64(len(sum)), sumBytes, mostBytes) {
		return digest{}, &wrong{"users.bad_hash", nil}
	}
	return digest{cost{uint32(n[0]), uint32(n[1]), uint8(n[2])}, salt, sum}, nil
}

func between[T ~int | ~uint8 | ~uint32](n uint64, least, most T) bool {
	return n >= uint64(least) && n <= uint64(most)
}

// Lengths of a password, in letters.
const (
	minPassword = 10
	maxPassword = 128
)

// checkPassword holds a new password against what is guessed first.
func checkPassword(password, name string) *wrong {
	letters := []rune(norm.NFC.String(password))
	switch {
	case !utf8.ValidString(password):
		return &wrong{"users.password_text", nil}
	case len(letters) < minPassword, len(letters) > maxPassword:
		return &wrong{"users.password_length", []any{minPassword, maxPassword}}
	case strings.Contains(folded(password), folded(name)) && len([]rune(name)) > 2, monotone(letters):
		return &wrong{"users.password_simple", nil}
	}
	return nil
}

// monotone tells whether few letters repeat, or follow one another as on a keyboard's row
// of digits or in the alphabet.
func monotone(letters []rune) bool {
	different, steps := map[rune]bool{}, 0
	for i, r := range letters {
		different[r] = true
		if i > 0 && (r == letters[i-1]+1 || r == letters[i-1]-1 || r == letters[i-1]) {
			steps++
		}
	}
	return len(different) < 5 || steps > len(letters)*2/3
}

// wrong is a mistake in words, without its place.
type wrong struct {
	key  say.Key
	args []any
}
