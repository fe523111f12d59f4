package judge

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// release is a version that can be compared: v1.2.3, with what semantic versioning
// puts before a release (-rc.1) and git describe after one (-14-g0123abc, -dirty).
type release struct {
	text    string
	numbers [3]int
	early   string // before the release; empty: it is the release, or after it
	commits int    // after it
}

var versionForm = regexp.MustCompile(`^v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:-([0-9A-Za-z.]{1,60}))??(?:-([0-9]{1,9})-g[0-9a-f]{4,40})?(?:-dirty)?(?:\+[0-9A-Za-z.-]{1,60})?$`)

// readVersion reads one; false for what has no order, such as a bare commit.
func readVersion(s string) (release, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return release{}, false
	}
	r := release{text: s, early: m[4]}
	for i := range r.numbers {
		r.numbers[i], _ = strconv.Atoi(m[i+1]) // nine digits at most
	}
	r.commits, _ = strconv.Atoi(m[5]) // likewise, or none
	return r, true
}

// compare orders releases; the zero release is before all others.
func (r release) compare(other release) int {
	if r.text == "" || other.text == "" {
		return cmp.Compare(min(len(r.text), 1), min(len(other.text), 1))
	}
	for i := range r.numbers {
		if d := cmp.Compare(r.numbers[i], other.numbers[i]); d != 0 {
			return d
		}
	}
	return cmp.Or(compareEarly(r.early, other.early), cmp.Compare(r.commits, other.commits))
}

// compareEarly orders what stands before a release, piece by piece, numbers by value
// and before words; the release itself is after all of them.
func compareEarly(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(min(len(b), 1), min(len(a), 1))
	}
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		d := 0
		switch {
		case errX == nil && errY == nil:
			d = cmp.Compare(x, y)
		case errX == nil:
			d = -1
		case errY == nil:
			d = 1
		default:
			d = strings.Compare(as[i], bs[i])
		}
		if d != 0 {
			return d
		}
	}
	return cmp.Compare(len(as), len(bs))
}
