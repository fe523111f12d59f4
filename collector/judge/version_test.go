package judge

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionsAreOrderedAndWhatHasNoOrderIsNone(t *testing.T) {
	want := []string{"v0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "v1.0.0-rc.1-4-g0123abc", "v1.0.0", "v1.0.0-1-g0123abc", "v1.0.0-14-gabcdef0-dirty", "1.0.1+linux", "1.2.0", "1.10.0"}
	var all []release
	for _, s := range want {
		r, ok := readVersion(s)
		if !ok {
			t.Fatalf("%s cannot be read", s)
		}
		all = append(all, r)
	}
	slices.Reverse(all)
	slices.SortFunc(all, release.compare)
	var got []string
	for _, r := range all {
		got = append(got, r.text)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, s := range []string{"", "devel", "0123abcd4567", "1.2", "1.2.3.4", "v1.2.3 ", "1.2.x", "9999999999.0.0", "v1.2.3-"} {
		if r, ok := readVersion(s); ok {
			t.Errorf("%q is read as %+v", s, r)
		}
	}
	if (release{}).compare(all[0]) >= 0 || all[0].compare(release{}) <= 0 || (release{}).compare(release{}) != 0 {
		t.Error("no version is not before all others")
	}
}
