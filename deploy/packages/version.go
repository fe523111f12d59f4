package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// describe is what `git describe --tags --always --dirty` says: a tag v1.2.3 or
// v1.2.3-rc1, how many commits ago that was, and the commit.
var (
	tagged   = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)(?:-((?:alpha|beta|rc)[.0-9]*))?(?:-([0-9]+)-g([0-9a-f]{4,40}))?(-dirty)?$`)
	untagged = regexp.MustCompile(`^([0-9a-f]{7,40}|devel)(-dirty)?$`)
)

// debianVersion is the version such that dpkg sorts it right (Debian Policy §5.6.12):
// a candidate before its release, commits after it in their order, and before the first
// tag of all the commits by their time.
func debianVersion(version string, at time.Time) (string, error) {
	if m := untagged.FindStringSubmatch(version); m != nil {
		return "0~git" + at.Format("20060102150405") + "." + m[1] + dirty(m[2]), nil
	}
	m := tagged.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("version %q: want what git describe says, with tags like v1.2.3 or v1.2.3-rc1", version)
	}
	debian := m[1]
	if m[2] != "" {
		debian += "~" + m[2]
	}
	if m[3] != "" {
		debian += "+" + m[3] + ".g" + m[4]
	}
	return debian + dirty(m[5]), nil
}

func dirty(suffix string) string { return strings.Replace(suffix, "-", "+", 1) }
