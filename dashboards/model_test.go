package dashboards

import (
	"encoding/json"
	"sync"
	"testing"

	"communewatch/collector/say"
)

// The tests read dashboards as Grafana does: from their JSON.

type boardJSON struct {
	UID         string
	Title       string
	Description string
	Tags        []string
	Timezone    string
	Panels      []panelJSON
	Templating  struct{ List []variableJSON }
	Annotations struct{ List []annotationJSON }
	Links       []linkJSON
}

type linkJSON struct {
	Title, URL            string
	KeepTime, IncludeVars bool
}

type panelJSON struct {
	ID              uint32
	Type            string
	Title           string
	Description     string
	Datasource      datasourceJSON
	GridPos         struct{ X, Y, W, H int }
	Interval        string
	TimeFrom        string
	MaxDataPoints   float64
	Repeat          string
	Targets         []targetJSON
	Transformations []transformJSON
	Options         optionsJSON
	FieldConfig     struct {
		Defaults  fieldJSON
		Overrides []overrideJSON
	}
}

type datasourceJSON struct{ Type, UID string }

type optionsJSON struct {
	ReduceOptions struct {
		Fields string
		Calcs  []string
		Values bool
	}
	TextMode  string
	ShowValue string
	Layers    []struct {
		Name       string
		FilterData struct{ ID, Options string }
		Location   struct{ Mode, Latitude, Longitude string }
		Config     struct {
			Style struct {
				Color  struct{ Field string }
				Size   struct{ Fixed float64 }
				Symbol struct{ Fixed string }
			}
		}
	}
}

type overrideJSON struct {
	Matcher struct {
		ID      string
		Options any
	}
	Properties []struct {
		ID    string
		Value any
	}
}

type fieldJSON struct {
	Unit        string
	NoValue     string
	DisplayName string
	Mappings    []any
}

type annotationJSON struct {
	Name       string
	Datasource datasourceJSON
	Enable     bool
	Target     targetJSON
	Mappings   map[string]struct{ Source, Value string }
}

type targetJSON struct {
	RefID        string `json:"refId"`
	Datasource   datasourceJSON
	RawQuery     bool
	Query        string
	Policy       string
	ResultFormat string
	Alias        string
}

type transformJSON struct {
	ID      string
	Options json.RawMessage
}

type variableJSON struct {
	Name       string
	Type       string
	Label      string
	Query      string
	Regex      string
	AllValue   string
	Datasource datasourceJSON
	Multi      bool
	IncludeAll bool
	Current    struct{ Value any }
}

func built(t *testing.T, lang say.Lang) []boardJSON {
	t.Helper()
	var list []boardJSON
	for _, b := range raw(t, lang) {
		list = append(list, parsed(t, b))
	}
	return list
}

func raw(t *testing.T, lang say.Lang) [][]byte {
	t.Helper()
	boards, err := once[lang]()
	if err != nil {
		t.Fatal(err)
	}
	return boards
}

// once makes the dashboards of a language once: the tests read them many times.
var once = map[say.Lang]func() ([][]byte, error){
	say.Vietnamese: sync.OnceValues(func() ([][]byte, error) { return made(say.Vietnamese) }),
	say.English:    sync.OnceValues(func() ([][]byte, error) { return made(say.English) }),
}

func made(lang say.Lang) ([][]byte, error) {
	all, err := All(lang)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for _, d := range all {
		b, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return nil, err
		}
		list = append(list, append(b, '\n'))
	}
	return list, nil
}

func parsed(t *testing.T, raw []byte) boardJSON {
	t.Helper()
	var b boardJSON
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// one is the dashboard of a page.
func one(t *testing.T, p page, lang say.Lang) boardJSON {
	t.Helper()
	for _, b := range built(t, lang) {
		if b.UID == p.uid(lang) {
			return b
		}
	}
	t.Fatalf("no dashboard %s", p.id)
	return boardJSON{}
}

func (b boardJSON) panel(t *testing.T, id uint32) panelJSON {
	t.Helper()
	for _, p := range b.Panels {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("%s has no panel %d", b.UID, id)
	return panelJSON{}
}

// panels are the panels that ask something: rows do not.
func (b boardJSON) panels() []panelJSON {
	var list []panelJSON
	for _, p := range b.Panels {
		if p.Type != "row" {
			list = append(list, p)
		}
	}
	return list
}
