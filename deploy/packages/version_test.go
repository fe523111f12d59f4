package main

import (
	"os/exec"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 28, 17, 13, 47, 0, time.UTC)

func TestVersionsOfGitBecomeVersionsOfDebian(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                              "1.2.3",
		"1.2.3":                               "1.2.3",
		"v1.2.3-rc1":                          "1.2.3~rc1",
		"v1.2.3-4-g0123456789ab":              "1.2.3+4.g0123456789ab",
		"v1.2.3-rc1-4-g0123456789ab-dirty":    "1.2.3~rc1+4.g0123456789ab+dirty",
		"0123456789ab":                        "0~git20261128171347.0123456789ab",
		"1234567":                             "0~git20261128171347.1234567",
		"0123456789ab-dirty":                  "0~git20261128171347.0123456789ab+dirty",
		"devel":                               "0~git20261128171347.devel",
		"v1.2.3-dirty":                        "1.2.3+dirty",
		"v1.2.3-4-g0123456789ab; rm -rf /tmp": "",
		"release-7":                           "",
		"":                                    "",
		"-dirty":                              "",
	} {
		got, err := debianVersion(version, at)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q (%v), want %q", version, got, err, want)
		}
	}
}

func TestDpkgSortsLaterVersionsLater(t *testing.T) {
	hour := 0
	before := ""
	for _, version := range []string{"ffffffffffff", "0123456789ab", "v0.1.0-rc1", "v0.1.0-rc1-3-gaaaaaaaaaaaa", "v0.1.0-rc2", "v0.1.0", "v0.1.0-9-gffffffffffff", "v0.1.0-10-g000000000000", "v0.1.1", "v0.10.0"} {
		debian, err := debianVersion(version, at.Add(time.Duration(hour)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if before != "" && exec.Command("dpkg", "--compare-versions", before, "lt", debian).Run() != nil {
			t.Errorf("dpkg does not sort %s before %s", before, debian)
		}
		before = debian
		hour++
	}
}
