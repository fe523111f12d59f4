package enrol

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The file of tokens is text, so that an administrator can see who has one and
// withdraw it by deleting a line:
//
//	bd-21997 a1 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 2026-11-25T04:00:00Z
//
// site, agent, SHA-256 of the token, when it was issued. Empty lines and those
// that begin with # are skipped.
const tokensHead = "# site agent sha256(token) issued. To withdraw a token, delete its line.\n"

// maxTokenLine is the longest line: two names, 64 digits, a time and what is between.
const maxTokenLine = 64 + 64 + 64 + 20 + 4

// issued is to whom and when.
type issued struct {
	site, agent string
	at          time.Time
}

func encodeTokens(tokens map[hash]issued) ([]byte, error) {
	lines := make([]string, 0, len(tokens))
	for sum, who := range maps.All(tokens) {
		lines = append(lines, fmt.Sprintf("%s %s %s %s\n", who.site, who.agent, hex.EncodeToString(sum[:]), who.at.Format(time.RFC3339)))
	}
	slices.Sort(lines)
	return []byte(tokensHead + strings.Join(lines, "")), nil
}

// parseTokens reads it; an error begins with ":line: ".
func parseTokens(data []byte) (map[hash]issued, error) {
	tokens := map[hash]issued{}
	holders := map[[2]string]bool{}
	err := eachEntry(data, func(text string) error {
		if len(tokens) == maxTokens {
			return fmt.Errorf("more than %d tokens", maxTokens)
		}
		sum, who, err := parseToken(text)
		if err != nil {
			return err
		}
		holder := [2]string{who.site, who.agent}
		if _, twice := tokens[sum]; twice || holders[holder] {
			return fmt.Errorf("%s %s or its token stands twice", who.site, who.agent)
		}
		tokens[sum], holders[holder] = who, true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tokens, nil
}

func parseToken(line string) (sum hash, who issued, err error) {
	parts := strings.Split(line, " ")
	if len(parts) != 4 {
		return sum, who, fmt.Errorf("%d words, want site, agent, sha256 and time", len(parts))
	}
	if !plainName.MatchString(parts[0]) || !plainName.MatchString(parts[1]) {
		return sum, who, fmt.Errorf("%.70q %.70q is no site and agent", parts[0], parts[1])
	}
	raw, err := hex.DecodeString(parts[2])
	if err != nil || len(raw) != len(sum) {
		return sum, who, fmt.Errorf("the third word is no SHA-256 in hexadecimal")
	}
	at, err := time.Parse(time.RFC3339, parts[3])
	if err != nil {
		return sum, who, fmt.Errorf("the fourth word is no time such as 2026-11-25T04:00:00Z")
	}
	return hash(raw), issued{parts[0], parts[1], at.UTC().Truncate(time.Second)}, nil
}
