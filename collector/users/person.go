package users

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// Limits of the file.
const (
	maxName   = 60 // letters, as a note's
	maxPeople = 1000
	maxBytes  = maxPeople * 1024
)

// Person is one who may open the pages.
type Person struct {
	Name string
	Role api.UserRole
	hash string // as it stands in the file
}

// The file of people is text, one person a line:
//
//	Nguyễn Văn An operator $argon2id$v=19$m=65536,t=3,p=1$c2FsdA…$aGFzaA…
//
// name, role, hash of the password. The last two words are role and hash, so a name may
// have spaces. Empty lines and those that begin with # are skipped, and kept.
const fileHead = "# name role hash. Use communewatch-collector user add, role, password, remove; a line deleted ends that person's sessions.\n"

// plainName is of Latin letters (Vietnamese, Bahnar, Hrê and Chăm are written with them),
// so that no name looks like another one's.
var plainName = regexp.MustCompile(`^[\p{Latin}0-9]([\p{Latin}\p{Mn}0-9 ._@'-]*[\p{Latin}\p{Mn}0-9.])?$`)

// cleanName is a name as it is kept: NFC, without spaces too many.
func cleanName(name string) string {
	return strings.Join(strings.Fields(norm.NFC.String(name)), " ")
}

// folded is by what names are told apart: a phone begins each with a capital letter.
func folded(name string) string { return cases.Fold().String(cleanName(name)) }

func checkName(name string) *wrong {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || !plainName.MatchString(name) || cleanName(name) != name {
		return &wrong{"users.bad_name", []any{maxName}}
	}
	return nil
}

func checkRole(role api.UserRole) *wrong {
	if !slices.Contains(strings.Fields(api.UserRoles), string(role)) {
		return &wrong{"users.bad_role", []any{string(role), strings.ReplaceAll(api.UserRoles, " ", ", ")}}
	}
	return nil
}

// entry is a person as the door needs it.
type entry struct {
	Person
	digest
}

// row is one line of the file; of one that is no person's only the text counts.
type row struct {
	text string
	entry
	person bool
}

// parseFile reads the whole file, strictly: a line that is not understood refuses it,
// since it may be the one that takes somebody's rights away.
func parseFile(path string, data []byte) ([]row, error) {
	var problems settings.Problems
	complain := func(line, column int, w *wrong) {
		problems = append(problems, settings.Problem{File: path, Line: line, Column: column, Key: w.key, Args: w.args})
	}
	text, bad := settings.Text(data)
	if bad != nil {
		bad.File = path
		return nil, settings.Problems{*bad}
	}
	var rows []row
	seen := map[string]int{}
	for line, text := range slices.Collect(strings.Lines(string(text))) {
		text = strings.TrimRight(text, "\r\n")
		plain := strings.TrimSpace(text)
		if plain == "" || plain[0] == '#' {
			rows = append(rows, row{text: text})
			continue
		}
		e, column, w := parseRow(plain)
		first, twice := seen[folded(e.Name)]
		switch {
		case w != nil:
			complain(line+1, column, w)
			continue
		case twice:
			complain(line+1, 1, &wrong{"users.twice", []any{e.Name, first}})
			continue
		case len(seen) == maxPeople:
			complain(line+1, 1, &wrong{"users.too_many", []any{maxPeople}})
			return nil, problems
		}
		seen[folded(e.Name)] = line + 1
		rows = append(rows, row{text, e, true})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return rows, nil
}

// parseRow reads one line; with a mistake it tells the column, from 1.
func parseRow(text string) (entry, int, *wrong) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return entry{}, 1, &wrong{"users.bad_line", nil}
	}
	hash, role := words[len(words)-1], words[len(words)-2]
	name := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimSuffix(text, hash)), role))
	beforeHash := text[:strings.LastIndex(text, hash)]
	if w := checkName(norm.NFC.String(name)); w != nil {
		return entry{}, 1, w
	}
	if w := checkRole(api.UserRole(role)); w != nil {
		return entry{}, 1 + utf8.RuneCountInString(beforeHash[:strings.LastIndex(beforeHash, role)]), w
	}
	digest, w := parseHash(hash)
	if w != nil {
		return entry{}, 1 + utf8.RuneCountInString(beforeHash), w
	}
	return entry{Person{norm.NFC.String(name), api.UserRole(role), hash}, digest}, 0, nil
}

func (p Person) line() string { return p.Name + " " + string(p.Role) + " " + p.hash }
