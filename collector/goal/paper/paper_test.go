package paper

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

var update = flag.Bool("update", false, "rewrite testdata/ from the code")

// print gives what a format makes of a report.
func print(t *testing.T, format string, r *goal.Report, lang say.Lang) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Formats[format].Write(&out, r, lang); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// golden holds a paper against the one that was looked at.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", name, diff)
	}
}

func TestPapersAreAsTheyWereLookedAt(t *testing.T) {
	for _, format := range []string{"text", "csv"} {
		for _, lang := range say.Langs {
			golden(t, "sample."+string(lang)+"."+Formats[format].Extension, print(t, format, sample(), lang))
		}
	}
	golden(t, "sample.json", print(t, "json", sample(), say.Vietnamese))
}
