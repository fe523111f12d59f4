package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestScriptsReadTheSameInEveryCodePage(t *testing.T) {
	for _, name := range []string{"CAI-DAT.cmd", "GO-BO.cmd"} {
		packed := windowsText(name, read(t, filepath.Join("windows", name)))
		for i, b := range packed {
			if b >= utf8.RuneSelf || b == 0 {
				t.Fatalf("%s holds byte %#x at %d", name, b, i)
			}
		}
		if bytes.Count(packed, []byte("\n")) != bytes.Count(packed, []byte("\r\n")) {
			t.Errorf("%s has lines that cmd.exe does not see the end of", name)
		}
		if !bytes.HasPrefix(packed, []byte("@echo off\r\n")) {
			t.Errorf("%s begins with %q", name, packed[:12])
		}
	}
}

func TestTextsForWindowsAreMarkedAsUnicodeAndComposed(t *testing.T) {
	for _, name := range []string{"LOI-NHAN.txt", "HUONG-DAN.txt"} {
		packed := string(windowsText(name, read(t, filepath.Join("windows", name))))
		if !strings.HasPrefix(packed, "\ufeff") || strings.Count(packed, "\ufeff") != 1 {
			t.Errorf("%s has no mark, or too many", name)
		}
		if !utf8.ValidString(packed) || !norm.NFC.IsNormalString(packed) {
			t.Errorf("%s is not composed Unicode", name)
		}
		if strings.Count(packed, "\n") != strings.Count(packed, "\r\n") {
			t.Errorf("%s has lines that end as Linux's", name)
		}
	}
}

// What cmd.exe would take for itself in a sentence: variables, and the mark of a comment.
func TestEveryWordOfTheScriptIsThere(t *testing.T) {
	texts := read(t, "windows/LOI-NHAN.txt")
	first, rest, _ := strings.Cut(texts, "\n")
	if !strings.HasPrefix(first, "#") {
		t.Errorf("the first line is %q; the mark of UTF-8 would become part of its key", first)
	}
	keys := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(rest, "\n"), "\n") {
		key, text, found := strings.Cut(line, "|")
		if !found || text == "" || strings.ContainsAny(text, "|%!^&<>") {
			t.Errorf("line %q", line)
		}
		if utf8.RuneCountInString(text) >= 80 {
			t.Errorf("line %q breaks in a window of 80 columns", line)
		}
		keys[key] = true
	}
	said := regexp.MustCompile(`call :say (\S+)`).FindAllStringSubmatch(read(t, "windows/CAI-DAT.cmd"), -1)
	if len(said) < 5 {
		t.Fatalf("the script says %d sentences", len(said))
	}
	for _, m := range said {
		for _, key := range map[bool][]string{true: {"install", "uninstall"}, false: {m[1]}}[m[1] == "%CW_DO%"] {
			if !keys[key] {
				t.Errorf("LOI-NHAN.txt has no %q", key)
			}
		}
	}
}

func TestScriptsOfDebianSayTheirSentencesInBothLanguagesComposed(t *testing.T) {
	for _, name := range []string{"agent/postinst", "collector/postinst", "collector/postrm"} {
		text := read(t, name)
		if n := strings.Count(text, "CommuneWatch: "); !norm.NFC.IsNormalString(text) || n == 0 || n%2 != 0 {
			t.Errorf("%s has %d sentences, or some that are not composed", name, n)
		}
	}
}

func TestAZipIsTheSameBytesWhoeverPacksIt(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{"b.txt": []byte("b"), "a.exe": []byte("a"), "c.cmd": []byte("c")}
	var packed [][]byte
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("ICT", 7*3600)} {
		file := filepath.Join(dir, zone.String()+".zip")
		if err := writeZip(file, files, at.In(zone)); err != nil {
			t.Fatal(err)
		}
		packed = append(packed, []byte(read(t, file)))
	}
	if !bytes.Equal(packed[0], packed[1]) {
		t.Error("the time zone changes the zip")
	}
	r, err := zip.OpenReader(filepath.Join(dir, "UTC.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if !f.Modified.Equal(at) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
	}
	if strings.Join(names, " ") != "a.exe b.txt c.cmd" {
		t.Errorf("the zip holds %v", names)
	}
}

func TestAnUnknownPlatformIsRefusedBeforeAnythingIsRemoved(t *testing.T) {
	out := t.TempDir()
	old := filepath.Join(out, "communewatch-agent_1_amd64.deb")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := makeAll(t.Context(), out, "v1", "linux-sparc", at); err == nil {
		t.Error("packages for linux-sparc were made")
	}
	if _, err := os.Stat(old); err != nil {
		t.Error(err)
	}
}
