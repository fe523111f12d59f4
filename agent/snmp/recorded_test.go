//go:build integration

package snmp

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// recordedDevice is a poll of one recording, with what the device has by the file.
type recordedDevice struct {
	device *device
	point  *api.Point
	file   map[string]gosnmp.SnmpPDU
	t      *testing.T
}

// fact is one value that a script read of a recording, and the OIDs that it is of.
type fact struct {
	what string // where it stands in the file
	want float64
	oids []string
}

// factsUnder collects them from the file's tree: an object with a value and OIDs.
func factsUnder(path string, node any, out []fact) []fact {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			out = factsUnder(path, item, out)
		}
	case map[string]any:
		if f, ok := factOf(path, n); ok {
			return append(out, f)
		}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			out = factsUnder(strings.TrimPrefix(path+"."+key, "."), n[key], out)
		}
	}
	return out
}

// words are what states stand for in the contract.
var words = map[string]float64{"normal": 0, "low": 1, "depleted": 1, "no": 0, "yes": 1}

func factOf(path string, n map[string]any) (fact, bool) {
	f := fact{what: path, want: math.NaN()}
	if descr, ok := n["descr"].(string); ok {
		f.what += " " + descr
	}
	for _, key := range []string{"value", "percent", "percent_without_buffers_cache"} {
		switch v := n[key].(type) {
		case float64:
			f.want = v
		case bool:
			f.want = map[bool]float64{true: 1}[v]
		case string:
			if n, ok := words[v]; ok {
				f.want = n
			}
		}
	}
	for key, v := range n {
		if oid, ok := v.(string); ok && (key == "oid" || strings.HasSuffix(key, "_oid")) {
			f.oids = append(f.oids, "."+oid)
		}
	}
	return f, len(f.oids) > 0
}

// covers tells whether a field is computed from a fact, and of which group it is.
func (r recordedDevice) covers(f *field, of fact) (word string, covered bool) {
	for _, oid := range of.oids {
		if f.rows == "" {
			if oid == f.from {
				return "", true
			}
			continue
		}
		if index, found := strings.CutPrefix(oid, f.from+"."); found {
			word, sign := f.place(func(column string) gosnmp.SnmpPDU { return r.file[column+"."+index] })
			return word, sign > 0
		}
	}
	return "", false
}

// value is what a field, whether or not another of its name won, makes of the file.
func (r recordedDevice) value(f *field, won bool) map[string]float64 {
	out := map[string]float64{}
	if won {
		for _, v := range r.point.Fields {
			out[v.Name] = v.Value.Float()
		}
		return out
	}
	g := gathered{scalars: r.file, columns: map[string]*cellsByRow{}}
	for _, oid := range f.oids() {
		if _, there := g.scalars[oid]; !there {
			g.scalars[oid] = gosnmp.SnmpPDU{}
		}
	}
	for _, oid := range slices.Concat(f.oids(), f.labels()) {
		c := &cellsByRow{cells: map[string]gosnmp.SnmpPDU{}, whole: true}
		for name, v := range r.file {
			if index, found := strings.CutPrefix(name, oid+"."); found {
				c.cells[index] = v
				c.order = append(c.order, index)
			}
		}
		g.columns[oid] = c
	}
	values, _ := f.read(&g)
	for _, v := range values {
		out[v.name] = v.value
	}
	return out
}

// agree holds every fact that a field of the profile is computed from against what
// was read, and gives those that none is computed from.
func (r recordedDevice) agree(facts []fact) (uncovered []fact, held int) {
	left := slices.Clone(facts)
	for chain, fields := range r.device.known.asking.profile.chains {
		for at, f := range fields {
			groups := map[string][]float64{}
			left = slices.DeleteFunc(left, func(fact fact) bool {
				_, covered := r.covers(f, fact)
				return covered
			})
			for _, fact := range facts {
				if word, covered := r.covers(f, fact); covered && !math.IsNaN(fact.want) {
					groups[word] = append(groups[word], fact.want)
				}
			}
			won := r.device.known.asking.deep[chain] == at
			for word, wants := range groups {
				name := strings.Replace(f.name, "*", word, 1)
				got, there := r.value(f, won)[name]
				want := made(f.rows, wants)
				if held++; !there || math.Abs(got-want) > 0.001 {
					r.t.Errorf("%s is %v (there: %v), want %v of %v; first choice: %v", name, got, there, want, wants, won)
				}
			}
		}
	}
	return left, held
}

// made is what a profile makes of the values of rows.
func made(rows string, values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch rows {
	case "min":
		return slices.Min(values)
	case "max":
		return slices.Max(values)
	case "mean":
		return sum / float64(len(values))
	case "sum":
		return sum
	}
	return values[0]
}

// expected are the facts of a recording beside its interfaces and what every device
// has, which are tested apart.
func expected(t *testing.T, name string) []fact {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(recordings, name+".expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(content, &tree); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"interfaces", "system", "librenms_check", "neutralised"} {
		delete(tree, key)
	}
	return factsUnder("", tree, nil)
}
