package office

import (
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// check complains of each value at its place and gives the token.
func (f *File) check(read *settings.File) string {
	if u, err := url.Parse(f.Collector.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		complainOrMissing(read, "collector.url", f.Collector.URL, "config.url", f.Collector.URL)
	}
	if _, err := upstream.Proxying(f.Collector.Proxy); err != nil { // there may be a password in it
		read.Complain("collector.proxy", "config.proxy")
	}
	if !pinForm.MatchString(f.Collector.Pin) {
		complainOrMissing(read, "collector.pin", f.Collector.Pin, "config.pin", f.Collector.Pin)
	}
	if api.CheckInterval(f.Interval) != nil {
		read.Complain("interval", "config.range", f.Interval.String(), "1s", "1h")
	}
	inRange(read, "collector.daily_megabytes", f.Collector.DailyMegabytes, 0, 100_000)
	inRange(read, "packets", f.Packets, 1, 100)
	inRange(read, "spool.max_megabytes", f.Spool.MaxMegabytes, 1, 100_000)
	if f.Spool.Folder == "" {
		read.Complain("spool.folder", "config.missing", "spool.folder")
	}
	if len(f.Targets) > api.MaxTargets {
		read.Complain("targets", "config.too_many", len(f.Targets), api.MaxTargets)
	}
	names := map[string]bool{}
	for i := range f.Targets {
		t := &f.Targets[i]
		path := "targets[" + strconv.Itoa(i) + "]"
		checkTarget(read, path, t)
		if names[t.Name] && t.Name != "" {
			read.Complain(path+".name", "config.twice", t.Name)
		}
		names[t.Name] = true
	}
	if len(f.Targets) <= api.MaxTargets {
		f.checkParents(read)
	}
	if len(f.Anchors) > maxAnchors {
		read.Complain("anchors", "config.too_many", len(f.Anchors), maxAnchors)
	}
	for i, anchor := range f.Anchors {
		if api.CheckAddress(anchor) != nil {
			complainOrMissing(read, "anchors["+strconv.Itoa(i)+"]", anchor, "config.address", anchor)
		}
	}
	return f.token(read)
}

func (f *File) checkParents(read *settings.File) {
	for _, wrong := range api.CheckParents(f.Targets) {
		path := "targets[" + strconv.Itoa(wrong.Target) + "].parent"
		if wrong.Circle == nil {
			read.Complain(path, "config.parent", wrong.Parent)
			continue
		}
		read.Complain(path, "config.circle", wrong.Round())
	}
}

// token is empty with an identity, whose file is read when it is used: it is written by
// install, and again when the certificate is renewed.
func (f *File) token(read *settings.File) string {
	given := 0
	for _, way := range []string{f.Collector.Identity, f.Collector.Token, f.Collector.TokenFile} {
		if way != "" {
			given++
		}
	}
	if given != 1 {
		read.Complain("collector", "config.token")
		return ""
	}
	if f.Collector.TokenFile == "" {
		return f.Collector.Token
	}
	path, err := read.Resolve(f.Collector.TokenFile)
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		read.Complain("collector.token_file", "config.file", f.Collector.TokenFile, err.Error())
		return ""
	}
	return strings.TrimSpace(string(data))
}

func checkTarget(read *settings.File, path string, t *api.Target) {
	if t.Name == "" || api.CleanTag(t.Name) != t.Name {
		complainOrMissing(read, path+".name", t.Name, "config.name", t.Name)
	}
	if api.CheckAddress(t.Address) != nil {
		complainOrMissing(read, path+".address", t.Address, "config.address", t.Address)
	}
	oneOf(read, path+".role", string(t.Role), api.Roles)
	if t.SNMP != nil {
		checkSNMP(read, path+".snmp", t.SNMP)
	}
}

func checkSNMP(read *settings.File, path string, s *api.SNMP) {
	oneOf(read, path+".version", s.Version, api.SNMPVersions)
	if slices.Contains(strings.Fields(api.SNMPVersions), s.Version) {
		for _, name := range s.Unused() {
			read.Complain(path+"."+name, "config.snmp_other", name, s.Version)
		}
	}
	switch s.Version {
	case "1", "2c":
		ofLength(read, path+".community", s.Community, api.MaxCommunity)
	case "3":
		ofLength(read, path+".user", s.User, api.MaxSNMPUser)
		level := s.SecurityLevel()
		oneOf(read, path+".level", level, api.SNMPLevels)
		secured(read, path, "auth", s.Authenticated(), level, s.Auth, api.SNMPAuths, s.AuthPass)
		secured(read, path, "privacy", s.Private(), level, s.Privacy, api.SNMPPrivacies, s.PrivPass)
	}
}

// secured checks an algorithm of version 3 and its passphrase.
func secured(read *settings.File, path, name string, used bool, level, algorithm, known, pass string) {
	key, passKey := path+"."+name, path+"."+name+"_pass"
	if used {
		oneOf(read, key, algorithm, known)
		passphrase(read, passKey, pass)
		return
	}
	if algorithm != "" {
		read.Complain(key, "config.snmp_unused", last(key), level)
	}
	if pass != "" {
		read.Complain(passKey, "config.snmp_unused", last(passKey), level)
	}
}

// passphrase never repeats the secret: the message goes to a screen.
func passphrase(read *settings.File, path, value string) {
	if len(value) < api.MinPassphrase {
		complainOrMissing(read, path, value, "config.too_short", last(path), api.MinPassphrase)
	}
}

// ofLength never repeats the value: a community is a secret.
func ofLength(read *settings.File, path, value string, most int) {
	if value == "" || len(value) > most {
		complainOrMissing(read, path, value, "config.too_long", last(path), most)
	}
}

func complainOrMissing(read *settings.File, path, value string, key say.Key, args ...any) {
	if value == "" {
		read.Complain(path, "config.missing", last(path))
		return
	}
	read.Complain(path, key, args...)
}

func oneOf(read *settings.File, path, value, allowed string) {
	for w := range strings.SplitSeq(allowed, " ") {
		if w == value {
			return
		}
	}
	complainOrMissing(read, path, value, "config.one_of", strconv.Quote(value), strings.ReplaceAll(allowed, " ", ", "))
}

func inRange(read *settings.File, path string, value, from, to int) {
	if value < from || value > to {
		read.Complain(path, "config.range", strconv.Itoa(value), strconv.Itoa(from), strconv.Itoa(to))
	}
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
