package say

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestACountedEnglishNounIsInItsNumber(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
		want   string
	}{
		{"%d site{s} {is|are} silent", []any{1}, "%d site {is} silent"},
		{"%d site{s} {is|are} silent", []any{0}, "%d sites {are} silent"},
		{"%d compan{y|ies}, %d batch{es}", []any{int64(1), uint8(2)}, "%d company, %d batches"},
		{"%[2]d site{s} of %[1]s", []any{"x", 1}, "%[2]d site of %[1]s"},
		{"100%% of %d site{s}", []any{1}, "100%% of %d site"},
		{"%s: %d site{s}", []any{1, 2}, "%s: %d sites"},
		{"no %s, no noun", []any{"x"}, "no %s, no noun"},
	} {
		want := strings.NewReplacer("{", "", "}", "").Replace(c.want)
		if got := inflect(c.format, c.args); got != want {
			t.Errorf("%s of %v: %q, want %q", c.format, c.args, got, want)
		}
	}
}

// plainPlural is a noun in the plural behind a count, without its other ending.
var plainPlural = regexp.MustCompile(`%(\[\d+\])?d ([a-z]+ )?([a-z]{2,}s)([^a-z{]|$)`)

// notNouns end in s and are none.
var notNouns = []string{"is", "as", "was", "has", "does", "this", "passes"}

func TestNoEnglishSentenceCountsOneThings(t *testing.T) {
	for _, room := range rooms {
		for key, s := range room {
			for _, m := range plainPlural.FindAllStringSubmatch(s.en, -1) {
				if !slices.Contains(notNouns, m[3]) {
					t.Errorf("%s: %q needs both forms, such as {s}", key, m[0])
				}
			}
			if inflect(s.vi, nil) != s.vi {
				t.Errorf("%s: Vietnamese has one form for all numbers", key)
			}
		}
	}
}

// bare are frequent Vietnamese syllables as they look when their marks were left out.
// None of them is a word of its own in these sentences.
var bare = regexp.MustCompile(`(?i)(^|[\s("“])(khong|duoc|nguoi|cua|mang luoi|so lieu|trung tam|dang|may do|thoi gian|chua|tep|loi|dong ho|duong truyen|nhung|truoc|phai|viec)([\s,.:;)!?”]|$)`)

var marked = regexp.MustCompile(`[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]`)

var word = regexp.MustCompile(`\pL{2,}`)

func TestVietnameseHasItsMarks(t *testing.T) {
	for _, room := range rooms {
		for key, s := range room {
			if m := bare.FindString(s.vi); m != "" {
				t.Errorf("%s: %q has lost its marks", key, m)
			}
			if len(word.FindAllString(verb.ReplaceAllString(s.vi, ""), -1)) >= 4 && !marked.MatchString(strings.ToLower(s.vi)) {
				t.Errorf("%s: %q has no marks at all", key, s.vi)
			}
		}
	}
}
