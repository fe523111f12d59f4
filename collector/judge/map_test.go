package judge

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestThePackageCommentSaysWhatEveryFileIsFor(t *testing.T) {
	text, err := os.ReadFile("judge.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(text), "\npackage judge\n")
	_, tour, _ := strings.Cut(comment, "// The files, ")
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 || tour == "" {
		t.Fatal("no files, or no tour of them", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".go")
		if !strings.HasSuffix(name, "_test") && !regexp.MustCompile(`\b`+name+`\b`).MatchString(tour) {
			t.Errorf("the tour leaves out %s", file)
		}
	}
}
