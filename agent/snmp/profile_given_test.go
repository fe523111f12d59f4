package snmp

import (
	"strings"
	"testing"

	"communewatch/collector/api"
)

func TestADocumentsProfileReplacesTheFoldersOfTheSameName(t *testing.T) {
	dir := folder(t, map[string]string{"ours.yaml": anUPS, "other.yaml": strings.Replace(anUPS, "99999.1\n", "99999.7\n", 1)})
	p, passedOver, refused := LoadGiven(dir, []api.Profile{{Name: "ours.yaml", YAML: strings.Replace(anUPS, "battery_percent", "load_percent", 1)}})
	if passedOver != nil || refused != nil {
		t.Fatal(passedOver, refused)
	}
	ours := p.byName["ours"]
	if ours == nil || ours.chains[0][0].name != "load_percent" || p.byName["other"] == nil || p.byName["ups"] == nil {
		t.Errorf("got %+v", ours)
	}
}

func TestADocumentWithAWrongProfileHasNone(t *testing.T) {
	for name, c := range map[string]struct {
		given []api.Profile
		want  string
	}{
		"not YAML":      {[]api.Profile{{Name: "x.yaml", YAML: "about: [\n"}}, "document/x.yaml:2:1: not YAML"},
		"an OID":        {[]api.Profile{{Name: "x.yaml", YAML: strings.Replace(anUPS, "1.3.6.1.4.1.99999.1.1.0", "charge", 1)}}, "document/x.yaml:9:8: \"charge\" is not an OID"},
		"uses no other": {[]api.Profile{{Name: "x.yaml", YAML: "about: x\nuse: [nothing]\n"}}, "document/x.yaml:2:7: there is no profile"},
		"a name":        {[]api.Profile{{Name: "../x.yaml", YAML: anUPS}}, "the file's name \"../x\""},
		"no yaml":       {[]api.Profile{{Name: "x", YAML: anUPS}}, "the file's name \"x\""},
		"twice":         {[]api.Profile{{Name: "x.yaml", YAML: anUPS}, {Name: "x.yaml", YAML: anUPS}}, "is used above"},
		"too many":      {make([]api.Profile, api.MaxProfiles+1), "at most 100"},
		"too large":     {[]api.Profile{{Name: "x.yaml", YAML: strings.Repeat("#", 2<<20)}}, "larger than"},
	} {
		p, _, refused := LoadGiven(folder(t, nil), c.given)
		if p != nil || refused == nil || !strings.Contains(refused.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, p != nil, refused)
		}
	}
}

func TestAFileOfTheFolderDoesNotBringDownADocument(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"wrong in itself":      {"bad.yaml": "about: [\n"},
		"for the same devices": {"a.yaml": anUPS}, // x is to blame: it comes later
	} {
		p, passedOver, refused := LoadGiven(folder(t, files), []api.Profile{{Name: "x.yaml", YAML: anUPS}})
		if refused != nil || p == nil || p.byName["x"] == nil {
			t.Errorf("%s: refused %v", name, refused)
		}
		if passedOver == nil {
			t.Errorf("%s: nobody is told which file is left out", name)
		}
	}
}
