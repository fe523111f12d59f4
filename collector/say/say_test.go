package say

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[-+#0-9.]*[a-zA-Z%]`)

func TestEverySentenceIsThereInBothLanguagesWithTheSameVerbs(t *testing.T) {
	for _, room := range rooms {
		for key, s := range room {
			if s.vi == "" || s.en == "" {
				t.Errorf("%s lacks a language", key)
			}
			if !norm.NFC.IsNormalString(s.vi) {
				t.Errorf("%s is not NFC", key)
			}
			vi, en := verb.FindAllString(s.vi, -1), verb.FindAllString(s.en, -1)
			if strings.Contains(s.vi, "%[") {
				slices.Sort(vi)
				slices.Sort(en)
			}
			if d := cmp.Diff(vi, en); d != "" {
				t.Errorf("%s: %s", key, d)
			}
		}
	}
}

func TestNoKeyStandsInTwoRooms(t *testing.T) {
	seen := map[Key]bool{}
	for _, room := range rooms {
		for key := range room {
			if seen[key] {
				t.Errorf("%s stands twice", key)
			}
			seen[key] = true
		}
	}
}

func TestNamesSortAsVietnameseDo(t *testing.T) {
	names := []string{"Đắk Lắk", "Dương", "Ea", "Duy", "Ăn", "An Giang", "Thôn 10", "Thôn 2"}
	slices.SortFunc(names, Compare)
	want := []string{"An Giang", "Ăn", "Duy", "Dương", "Đắk Lắk", "Ea", "Thôn 2", "Thôn 10"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestAnUnknownKeyIsShownAsItself(t *testing.T) {
	if got := Vietnamese.Text("no.such"); got != "no.such" {
		t.Errorf("got %q", got)
	}
}

func TestOnlyTwoLanguagesAreKnown(t *testing.T) {
	if l, err := ParseLang(""); l != Vietnamese || err != nil {
		t.Errorf("got %s, %v", l, err)
	}
	if _, err := ParseLang("fr"); err == nil {
		t.Error("fr accepted")
	}
}
