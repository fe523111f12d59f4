// Package say is the catalogue: every sentence that commune IT, the NOC or a
// planner reads, in Vietnamese and English, and the order in which Vietnamese
// sorts. In comes a language and a key, out goes text. One file holds one room's
// sentences. Logs and errors for developers are English and do not come from here.
package say

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// Lang is a language that people read.
type Lang string

const (
	Vietnamese Lang = "vi" // the default everywhere
	English    Lang = "en"
)

// Langs are all of them, the default first.
var Langs = []Lang{Vietnamese, English}

// ParseLang reads "vi" or "en"; empty is Vietnamese.
func ParseLang(s string) (Lang, error) {
	if s == "" {
		return Vietnamese, nil
	}
	if l := Lang(s); slices.Contains(Langs, l) {
		return l, nil
	}
	return Vietnamese, fmt.Errorf("language %q, want vi or en", s)
}

// Key names a sentence: "room.what".
type Key string

// text is one sentence in both languages; both use the same verbs in the same order
// (or explicit argument indexes). An English noun that is counted has its endings in
// braces (plural.go).
type text struct{ vi, en string }

type texts map[Key]text

// rooms are the files of this package.
var rooms = []texts{stateTexts, policyTexts, configTexts, profileTexts, cliTexts, agentTexts, collectorTexts, boardTexts, dashboardTexts, demoTexts, enrolTexts, statusTexts, installTexts, doctorTexts, snmpAdviceTexts, discoverTexts, inventoryTexts, alarmTexts, reviewTexts, causeTexts, alertTexts, noteTexts, wallTexts, goalTexts, reportTexts, declaredTexts, paperTexts, targetTexts, usersTexts, browseTexts}

// Text says the sentence of a key with its arguments. A key that is not in the
// catalogue comes back as itself, so that a screen shows something to report.
func (l Lang) Text(key Key, args ...any) string {
	t, ok := find(key)
	if !ok {
		return string(key)
	}
	format := t.vi
	if l == English {
		format = inflect(t.en, args)
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Has tells whether the catalogue holds a key.
func Has(key Key) bool {
	_, ok := find(key)
	return ok
}

// Keys are all that begin with a prefix, sorted: what can be said of a kind of thing.
func Keys(prefix string) []Key {
	var keys []Key
	for _, room := range rooms {
		for key := range room {
			if strings.HasPrefix(string(key), prefix) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

func find(key Key) (text, bool) {
	for _, room := range rooms {
		if t, ok := room[key]; ok {
			return t, true
		}
	}
	return text{}, false
}

// Capital makes the first letter a capital one: a word as it stands in a cell.
func Capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// Compare orders two names as Vietnamese sorts them (a ă â … d đ e ê …, tones
// after letters), numbers by value: "Thôn 2" before "Thôn 10".
func Compare(a, b string) int {
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	return c.CompareString(a, b)
}

// A Collator is not safe for concurrent use and costs much to make.
var collators = sync.Pool{New: func() any {
	return collate.New(language.Vietnamese, collate.Numeric)
}}
