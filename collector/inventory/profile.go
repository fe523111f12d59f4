package inventory

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// maxProfileBytes bounds one: the largest that is shipped has 3 KB.
const maxProfileBytes = 64 << 10

var profileName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}\.yaml$`)

// profiles reads the NOC's SNMP profiles. What they say is the agent's to understand,
// which refuses a document with a profile that it cannot use: here only name, size and
// encoding are checked. `communewatch-agent run --check` checks the rest, of a folder
// profiles beside an agent.yaml.
func (r *reading) profiles() {
	entries, err := fs.ReadDir(r.files, profilesDir)
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		name := path.Join(profilesDir, e.Name())
		switch ext := strings.ToLower(path.Ext(e.Name())); {
		case e.IsDir() || ext != ".yaml" && ext != ".yml":
			continue
		case !profileName.MatchString(e.Name()):
			r.add(spot{name, 1, 1}, "profile.name", e.Name())
			continue
		case len(r.inv.profiles) == api.MaxProfiles:
			r.add(spot{name, 1, 1}, "config.too_many", len(entries), api.MaxProfiles)
			return
		}
		if text, ok := r.profile(name); ok {
			r.inv.profiles = append(r.inv.profiles, api.Profile{Name: e.Name(), YAML: text})
		}
	}
	slices.SortFunc(r.inv.profiles, func(a, b api.Profile) int { return strings.Compare(a.Name, b.Name) })
}

func (r *reading) profile(name string) (string, bool) {
	data, found := r.read(name, maxProfileBytes, false)
	if !found {
		return "", false
	}
	text, wrong := settings.Text(data)
	switch {
	case wrong != nil:
		r.add(spot{name, wrong.Line, wrong.Column}, wrong.Key, wrong.Args...)
	case strings.TrimSpace(string(text)) == "":
		r.add(spot{name, 1, 1}, "config.empty")
	default:
		return string(text), true
	}
	return "", false
}

// strangers warns of files that look as if they were meant to be read here.
func (r *reading) strangers() {
	entries, err := fs.ReadDir(r.files, ".")
	if err != nil {
		return // no file of the folder could be read either, and that was said
	}
	known := []string{calendarsFile, targetsFile, secretsFile}
	for _, t := range tables {
		known = append(known, t.name)
	}
	for _, e := range entries {
		switch ext := strings.ToLower(path.Ext(e.Name())); ext {
		case ".csv", ".yaml", ".yml", ".xls", ".xlsx", ".txt":
			if !e.IsDir() && !slices.Contains(known, e.Name()) {
				r.warn(spot{e.Name(), 1, 1}, "inventory.stranger", strings.Join(known, ", "))
			}
		}
	}
}
