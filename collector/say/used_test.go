package say

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	wholeKey  = regexp.MustCompile(`[a-z_]+\.[a-z0-9_.]+`)
	beginning = regexp.MustCompile(`"([a-z_]+\.(?:[a-z0-9_.]*[._])?)"`) // to which the code adds a value
	value     = regexp.MustCompile("[\"`\\s/]([a-z0-9_]+)")
)

// said is what code and pages hold of keys.
type said struct{ keys, beginnings, values map[string]bool }

// readHouse reads all that may say something, this room and tests excepted.
func readHouse(t *testing.T) said {
	t.Helper()
	s := said{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	room, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(room, "..", "..")
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == room || entry.Name() == ".git" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".go", ".html", ".tmpl"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, key := range wholeKey.FindAllString(string(text), -1) {
			s.keys[key] = true
		}
		for _, m := range beginning.FindAllStringSubmatch(string(text), -1) {
			s.beginnings[m[1]] = true
		}
		for _, m := range value.FindAllStringSubmatch(string(text), -1) {
			s.values[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// uses tells whether a key is said as it is, or as a beginning and a value, or as what
// another key adds an ending to.
func (s said) uses(key string) bool {
	if s.keys[key] {
		return true
	}
	for _, ending := range []string{"_about", "_todo"} {
		if whole, has := strings.CutSuffix(key, ending); has && s.uses(whole) {
			return true
		}
	}
	for b := range s.beginnings {
		if rest, has := strings.CutPrefix(key, b); has && s.values[rest] {
			return true
		}
	}
	return false
}

func TestEverySentenceIsSaidSomewhere(t *testing.T) {
	house := readHouse(t)
	for _, room := range rooms {
		for key := range room {
			if !house.uses(string(key)) {
				t.Errorf("nobody says %s", key)
			}
		}
	}
	if house.uses("alert.no_such") || house.uses("no.such") {
		t.Error("anything counts as said")
	}
}
