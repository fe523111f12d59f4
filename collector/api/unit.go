package api

import (
	"regexp"
	"strings"
)

// Unit is what the name of an open measurement's float may end in. A device profile
// (agent/snmp/profiles) names its fields with it, so that whoever reads a value knows
// its unit without knowing the device.
type Unit struct {
	Suffix   string
	Unit     string  // UCUM where there is one
	Min, Max float64 // inclusive; a value beyond is a device's mistake, or a profile's
	Doc      string
}

// Units are all of them. A new one is one line here.
var Units = []Unit{
	{"percent", "%", 0, 1_000, "of what there is: load, charge, what is left; an overloaded UPS is above 100"},
	{"celsius", "Cel", -100, 1_000, "a temperature"},
	{"seconds", "s", 0, 1 << 40, "a time that passed, or is left"},
	{"volts", "V", -1e6, 1e6, "a voltage; alternating ones as their effective value"},
	{"amperes", "A", -1e6, 1e6, "a current"},
	{"watts", "W", -1e9, 1e9, "a power"},
	{"hertz", "Hz", 0, 1e12, "a frequency"},
	{"bytes", "By", 0, 1e15, "a size, at one moment"},
	{"octets", "By", 0, 1e15, "what passed since the last round"},
	{"dbm", "dB[mW]", -300, 100, "a radio signal's strength, or its noise's"},
	{"count", "", 0, 1e12, "how many there are; of a state that is or is not: 1 or 0"},
	{"pages", "", 0, 1e12, "printed in a printer's life"},
	{"ratio", "", -1e6, 1e6, "of two of a kind; where it is a share, percent says it better"},
}

// OpenSuffixes lists the endings for a message.
func OpenSuffixes() string {
	all := make([]string, len(Units))
	for i, u := range Units {
		all[i] = u.Suffix
	}
	return strings.Join(all, ", ")
}

// openField is the description of a field that only its unit is known of, nil if its
// name is not well formed or has no unit.
func openField(name string) *Field {
	end := strings.LastIndexByte(name, '_')
	if end < 0 || !openName.MatchString(name) {
		return nil
	}
	return openFields[name[end+1:]]
}

var (
	openName   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)
	openFields = func() map[string]*Field {
		m := make(map[string]*Field, len(Units))
		for _, u := range Units {
			m[u.Suffix] = &Field{Kind: Float, Unit: u.Unit, Min: u.Min, Max: u.Max, Doc: u.Doc}
		}
		return m
	}()
)
