//go:build integration

package dashboards

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/say"
)

// This file does for the tests what Grafana does with the answers of a variable's and
// an annotation's query.

// offer is what a variable offers: a text to read and a value to ask with.
type offer struct{ Text, Value string }

// values are what a variable offers: of each series the second column, each once, taken
// apart by the variable's regular expression, and sorted by text (newFrameWithoutTimeField,
// toMetricFindValue; metricNamesToVariableValues). The data source sends no policy with it.
func (db influx) values(t *testing.T, w window, v variableJSON) []offer {
	t.Helper()
	var offers []offer
	for _, s := range db.query(t, w.interpolate(v.Query, time.Minute), "") {
		for _, row := range s.Values {
			if o, ok := takeApart(t, v.Regex, row[1].(string)); ok {
				offers = append(offers, o)
			}
		}
	}
	slices.SortFunc(offers, func(a, b offer) int { return say.Compare(a.Text, b.Text) })
	return slices.Compact(offers)
}

func takeApart(t *testing.T, pattern, s string) (offer, bool) {
	t.Helper()
	if pattern == "" {
		return offer{s, s}, true
	}
	re, err := regexp.Compile(strings.Trim(pattern, "/"))
	if err != nil {
		t.Fatal(err)
	}
	found := re.FindStringSubmatch(s)
	if found == nil {
		return offer{}, false
	}
	return offer{found[re.SubexpIndex("text")], found[re.SubexpIndex("value")]}, true
}

// mark is an annotation as Grafana shows it.
type mark struct {
	Minute            float64
	Title, Text, Tags string
}

// marks are the events of an annotation: a frame's rows by its field mapping
// (getAnnotationsFromData in public/app/features/annotations/standardAnnotationSupport.ts).
func (db influx) marks(t *testing.T, w window, h hour, a annotationJSON) []mark {
	t.Helper()
	frames := db.ask(t, w, panelJSON{}, a.Target)
	if len(frames) == 0 {
		return nil
	}
	f := frames[0]
	value := func(key string, row int) string {
		m := a.Mappings[key]
		if m.Source == "text" {
			return m.Value
		}
		c := f.field(m.Value)
		if m.Source != "field" || c == nil {
			t.Fatalf("annotation %s: %s comes from %+v, which the answer has not", a.Name, key, m)
		}
		s, _ := c.values[row].(string)
		return s
	}
	var list []mark
	for r, at := range f.field("Time").values {
		list = append(list, mark{(at.(float64) - h.ms(0)) / 60_000, value("title", r), value("text", r), value("tags", r)})
	}
	return list
}
