package snmp

import (
	"maps"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// givenFolder is how the place of profiles that came over the line is called.
const givenFolder = "document"

// LoadGiven reads as [LoadProfiles] does, and the profiles of a document from the centre
// with them: one of these replaces a file of the folder with the same name. A document is
// believed whole or not at all: if anything is wrong in its profiles, refused says
// what, and there are none. passedOver says which files of the folder are left out: those
// that are wrong, or all, should the document's not get on with them.
func LoadGiven(folder string, given []api.Profile) (p *Profiles, passedOver, refused error) {
	if len(given) == 0 {
		p, passedOver = LoadProfiles(folder)
		return p, passedOver, nil
	}
	p, passedOver, refused = joinGiven(folder, given)
	if refused != nil && folder != "" {
		alone, _, err := joinGiven("", given)
		if err == nil {
			return alone, refused, nil
		}
	}
	return p, passedOver, refused
}

// joinGiven links everything once. What is wrong in the document's part is told from the
// rest by the place that it is shown with.
func joinGiven(folder string, given []api.Profile) (p *Profiles, passedOver, refused error) {
	documents, wrong := readGiven(given)
	if len(wrong) > 0 {
		return nil, nil, wrong
	}
	shipped, files, problems := readAll(folder)
	maps.Copy(files, documents)
	p, unfit := link(shipped, files)
	for _, problem := range unfit {
		if strings.HasPrefix(problem.File, givenFolder+"/") {
			wrong = append(wrong, problem)
		}
	}
	if len(wrong) > 0 {
		return nil, nil, wrong
	}
	if problems = append(problems, unfit...); len(problems) > 0 {
		return p, problems, nil
	}
	return p, nil, nil
}

// readGiven reads a document's profiles. Their number and size are bounded before.
func readGiven(given []api.Profile) (map[string]*draft, settings.Problems) {
	drafts := make(map[string]*draft, len(given))
	var problems settings.Problems
	complain := func(shown string, key say.Key, args ...any) {
		problems = append(problems, settings.Problem{File: shown, Line: 1, Column: 1, Key: key, Args: args})
	}
	if len(given) > api.MaxProfiles {
		complain(givenFolder, "config.too_many", len(given), api.MaxProfiles)
		return nil, problems
	}
	for _, g := range given {
		shown := givenFolder + "/" + g.Name
		switch {
		case !strings.HasSuffix(g.Name, ".yaml"):
			complain(shown, "profile.name", g.Name)
			continue
		case drafts[strings.TrimSuffix(g.Name, ".yaml")] != nil:
			complain(shown, "config.twice", g.Name)
			continue
		}
		d, wrong := draftOf(g.Name, shown, []byte(g.YAML), true)
		if problems = append(problems, wrong...); wrong == nil {
			drafts[d.name] = d
		}
	}
	return drafts, problems
}
