package inventory

import (
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// snmpYAML is how a target is asked. What is secret of it stands here or, better, in
// secrets.yaml under the name in Secret.
type snmpYAML struct {
	Version   string `json:"version"`
	Port      uint16 `json:"port"`
	Secret    string `json:"secret"`
	Community string `json:"community"`
	User      string `json:"user"`
	Level     string `json:"level"`
	Auth      string `json:"auth"`
	AuthPass  string `json:"auth_pass"`
	Privacy   string `json:"privacy"`
	PrivPass  string `json:"privacy_pass"`
}

// secret is an entry of secrets.yaml.
type secret struct {
	Community string `json:"community"`
	User      string `json:"user"`
	AuthPass  string `json:"auth_pass"`
	PrivPass  string `json:"privacy_pass"`
}

// secrets are those of secrets.yaml, which stays out of git.
type secrets struct {
	file  *settings.File // nil: there is none, or it cannot be read
	of    map[string]secret
	taken map[string]bool
	blind bool // what is not there is not held against anybody
}

func (r *reading) secrets() *secrets {
	s := &secrets{taken: map[string]bool{}, blind: r.options.WithoutSecrets}
	if s.blind {
		return s
	}
	if s.file = r.yaml(secretsFile, &s.of); s.file == nil {
		s.of, s.blind = nil, r.failed(secretsFile) // said once
		return s
	}
	for name := range s.of {
		if !plainName.MatchString(name) {
			s.file.Complain(name, "inventory.name", name)
		}
	}
	r.take(s.file.Err())
	r.ignored()
	info, err := fs.Stat(r.files, secretsFile)
	// Windows knows no such bits.
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		r.add(spot{secretsFile, 1, 1}, "inventory.not_private", info.Mode().Perm().String())
	}
	return s
}

// ignored warns if git would take the secrets with it.
func (r *reading) ignored() {
	if _, err := fs.Stat(r.files, ".git"); err != nil {
		return
	}
	f, err := fs.ReadFile(r.files, ".gitignore")
	if err == nil && slices.ContainsFunc(strings.Fields(string(f)), func(line string) bool {
		return strings.TrimPrefix(line, "/") == secretsFile
	}) {
		return
	}
	r.warn(spot{secretsFile, 1, 1}, "inventory.not_ignored")
}

// unused warns of secrets that no target names.
func (s *secrets) unused(r *reading) {
	if s.file == nil {
		return
	}
	for _, name := range sortedKeys(s.of) {
		if !s.taken[name] {
			r.Warnings = append(r.Warnings, s.file.Note(name, "inventory.secret_unused", name))
		}
	}
}

// snmp checks how a target is asked and fills in its secret. Nothing secret is ever
// repeated: messages go to screens and logs.
func (t *templates) snmp(at string, y *snmpYAML, all *secrets) *api.SNMP {
	s := &api.SNMP{
		Version: y.Version, Port: y.Port, Community: y.Community, User: y.User, Level: y.Level,
		Auth: y.Auth, AuthPass: y.AuthPass, Privacy: y.Privacy, PrivPass: y.PrivPass,
	}
	blind := false
	if y.Secret != "" {
		blind = !t.fill(at, y, s, all)
	} else if y.Community+y.AuthPass+y.PrivPass != "" {
		t.Warnings = append(t.Warnings, t.file.Note(at, "inventory.open_secret", secretsFile))
	}
	t.oneOf(at+".version", s.Version, api.SNMPVersions)
	if blind || !slices.Contains(strings.Fields(api.SNMPVersions), s.Version) {
		return s
	}
	for _, name := range s.Unused() {
		t.file.Complain(at+"."+name, "config.snmp_other", name, s.Version)
	}
	if s.Version != "3" {
		t.length(at+".community", s.Community, api.MaxCommunity)
		return s
	}
	t.length(at+".user", s.User, api.MaxSNMPUser)
	t.oneOf(at+".level", s.SecurityLevel(), api.SNMPLevels)
	t.secured(at+".auth", s.Authenticated(), s, s.Auth, api.SNMPAuths, s.AuthPass)
	t.secured(at+".privacy", s.Private(), s, s.Privacy, api.SNMPPrivacies, s.PrivPass)
	return s
}

// fill takes what secrets.yaml has under the target's name for it; false if it is not there.
func (t *templates) fill(at string, y *snmpYAML, s *api.SNMP, all *secrets) bool {
	if y.Community+y.AuthPass+y.PrivPass != "" {
		t.file.Complain(at+".secret", "inventory.secret_twice", secretsFile)
		return false
	}
	found, ok := all.of[y.Secret]
	if !ok {
		if !all.blind {
			t.file.Complain(at+".secret", "inventory.no_such", "secret", y.Secret, secretsFile)
		}
		return false
	}
	all.taken[y.Secret] = true
	s.Community, s.AuthPass, s.PrivPass = found.Community, found.AuthPass, found.PrivPass
	if s.User == "" {
		s.User = found.User
	}
	return true
}

// secured checks an algorithm of version 3 and its passphrase.
func (t *templates) secured(at string, used bool, s *api.SNMP, algorithm, known, pass string) {
	switch {
	case used:
		t.oneOf(at, algorithm, known)
		if len(pass) < api.MinPassphrase {
			t.complain(at+"_pass", pass, "config.too_short", lastPart(at)+"_pass", api.MinPassphrase)
		}
	case algorithm != "":
		t.file.Complain(at, "config.snmp_unused", lastPart(at), s.SecurityLevel())
	case pass != "":
		t.file.Complain(at+"_pass", "config.snmp_unused", lastPart(at)+"_pass", s.SecurityLevel())
	}
}

func (t *templates) length(at, value string, most int) {
	if value == "" || len(value) > most {
		t.complain(at, value, "config.too_long", lastPart(at), most)
	}
}

func (t *templates) oneOf(at, value, allowed string) {
	if !slices.Contains(strings.Fields(allowed), value) {
		t.complain(at, value, "config.one_of", strconv.Quote(value), strings.ReplaceAll(allowed, " ", ", "))
	}
}

// complain says of an empty value that it is missing.
func (t *templates) complain(at, value string, key say.Key, args ...any) {
	if value == "" {
		key, args = "config.missing", []any{lastPart(at)}
	}
	t.file.Complain(at, key, args...)
}

// once complains of a place at which nothing was told before.
func (t *templates) once(at string, key say.Key, args ...any) {
	if !t.told[at] {
		t.told[at] = true
		t.file.Complain(at, key, args...)
	}
}
