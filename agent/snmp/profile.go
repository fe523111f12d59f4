package snmp

import (
	"regexp"
	"time"

	"communewatch/collector/settings"
)

// Profiles says what is asked of which device, beside its interfaces. A profile is
// one YAML file; those of the folder profiles/ are part of the program, and files of
// the same form in a folder of the NOC's own add to them, or replace the one of the
// same name. Nothing of it is code: who knows a device's MIB can write one.
//
// A complete file, my-ups.yaml:
//
//	about: UPSes of Example Power            # for people
//	source: EXAMPLE-UPS-MIB, RFC 1628        # for people: where the OIDs come from
//	match:                                   # for which devices; one of these is enough
//	  - object: 1.3.6.1.4.1.99999.2          # sysObjectID is this or below; the longest wins
//	    descr: '(?i)ups'                     # and sysDescr matches this (may be left out)
//	    has: 1.3.6.1.4.1.99999.2.1.0         # and the device has this OID (may be left out)
//	use: [if-mib, ups]                       # what these profiles ask too, after our own
//	model:                                   # the first that says something; else sysDescr
//	  - mib: EXAMPLE-UPS-MIB::upsModel
//	    get: 1.3.6.1.4.1.99999.2.1.0
//	  - like: 'Model: (\S+)'                 # of get, or of sysDescr: the part in brackets
//	fields:
//	  - field: battery_runtime_seconds       # its end is the unit: see api.Units
//	    mib: EXAMPLE-UPS-MIB::upsRuntime     # source, always to be given
//	    get: 1.3.6.1.4.1.99999.2.3.0         # one value, with its .0
//	    unknown: [-1, 65535]                 # figures that mean "not known": then no value
//	    scale: 60                            # value = (figure + offset) × scale; here minutes
//	    between: [0, 86400]                  # a value beyond is not known either
//	  - field: on_battery_count
//	    mib: EXAMPLE-UPS-MIB::upsSource
//	    get: 1.3.6.1.4.1.99999.2.4.0
//	    map: ['3,4=0', '5=1']                # figures that mean a value; others: no value
//	  - field: memory_percent
//	    mib: EXAMPLE-UPS-MIB::memTotal
//	    get: 1.3.6.1.4.1.99999.2.5.0
//	    minus: [1.3.6.1.4.1.99999.2.6.0]     # less memFree
//	    of: [1.3.6.1.4.1.99999.2.5.0]        # and then in percent of the sum of these
//	  - field: temperature_celsius
//	    mib: EXAMPLE-UPS-MIB::sensorValue
//	    walk: 1.3.6.1.4.1.99999.2.7.1.3      # a column of a table, without a row's index
//	    only: [{column: 1.3.6.1.4.1.99999.2.7.1.2, is: '(?i)temp'}]  # rows that match all
//	    skip: [{column: 1.3.6.1.4.1.99999.2.7.1.4, is: '^2$'}]       # but none of these
//	    rows: max                            # of their values: first, min, max, mean or sum
//
// Fields of one name are alternatives: the first that gives a value is used, those of
// "use" after the file's own. A figure may also be text that starts with one ("51 C").
// In minus, of, only, skip, less and name of a walk stand columns of the same index;
// those by which rows are only told apart are read each hour, and when a row is new.
// Less common:
//
//	less: [{column: …, is: …}]   with rows: sum, rows that are taken off the sum
//	bits: [1, 3]                 the value is how many of these bits are set (BITS, from 0)
//	name: …                      with a field such as toner_*_percent: a column by which
//	each: ['black=(?i)black']    rows are told apart; the word replaces the *
//	interfaces: true             ask for the interfaces, as if-mib does
//
// Nor is a value known that the contract does not allow (a battery at 6,500 %). What a
// device does not have is asked for again after an hour, or when it is another device.
// "communewatch-agent run --check" says what is wrong in a file, with line and column;
// the running agent leaves such a file out and says so in its log.
type Profiles struct {
	byName map[string]*profile
	rules  []rule // the most telling first
}

// profile is one file, checked, together with what it uses.
type profile struct {
	name       string
	interfaces bool
	chains     [][]*field // each of one name; the first that yields is used
	models     []model
}

// model is one way to learn what a device is called by its maker.
type model struct {
	oid  string         // of text
	like *regexp.Regexp // whose group is the model; nil = all of it
}

// profileFile is the file's form.
type profileFile struct {
	About      string      `json:"about"`
	Source     string      `json:"source"`
	Match      []matchFile `json:"match"`
	Use        []string    `json:"use"`
	Interfaces bool        `json:"interfaces"`
	Model      []modelFile `json:"model"`
	Fields     []fieldFile `json:"fields"`
}

type matchFile struct {
	Object string `json:"object"`
	Descr  string `json:"descr"`
	Has    string `json:"has"`
}

type modelFile struct {
	MIB  string `json:"mib"`
	Get  string `json:"get"`
	Like string `json:"like"`
}

type fieldFile struct {
	Field   string     `json:"field"`
	MIB     string     `json:"mib"`
	Get     string     `json:"get"`
	Walk    string     `json:"walk"`
	Unknown []float64  `json:"unknown"`
	Map     []string   `json:"map"`
	Bits    []int      `json:"bits"`
	Minus   []string   `json:"minus"`
	Of      []string   `json:"of"`
	Offset  float64    `json:"offset"`
	Scale   *float64   `json:"scale"` // absent = 1
	Between []float64  `json:"between"`
	Only    []cellFile `json:"only"`
	Skip    []cellFile `json:"skip"`
	Less    []cellFile `json:"less"`
	Rows    string     `json:"rows"`
	Name    string     `json:"name"`
	Each    []string   `json:"each"`
}

type cellFile struct {
	Column string `json:"column"`
	Is     string `json:"is"`
}

// draft is a file that is right in itself and not yet joined with the others.
type draft struct {
	name   string
	read   *settings.File
	own    bool // of the NOC's folder
	file   profileFile
	rules  []rule
	fields []*field
	models []model
}

// genericProfile is asked of a device that no other is for.
const genericProfile = "generic"

// Limits of what a folder may bring.
const (
	maxProfileFiles = 500
	maxItems        = 100 // of one list in a file
	maxEach         = 16  // groups of a field
	maxFieldName    = 64  // bytes of a field's name
	maxUsed         = 20  // files that a profile is made of
	maxFields       = 120 // that a point may get of a profile; the contract allows 256
)

// How often is asked again what hardly changes.
const (
	absentFor = time.Hour // what the device does not have
	labelsFor = time.Hour // columns that only tell rows apart
	chosenFor = time.Hour // which profile it is
)
