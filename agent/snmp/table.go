package snmp

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// column is one of those that are read of ifTable and ifXTable (RFC 2863).
type column int

const (
	ifOperStatus column = iota
	ifName
	ifDescr
	ifAlias
	ifHighSpeed
	ifSpeed
	ifHCInOctets
	ifHCOutOctets
	ifInOctets
	ifOutOctets
	ifInUcastPkts
	ifInNUcastPkts
	ifOutUcastPkts
	ifOutNUcastPkts
	ifInErrors
	ifOutErrors
	ifInDiscards
	ifOutDiscards
	ifCounterDiscontinuityTime
	columnCount
)

const (
	ifEntry  = ".1.3.6.1.2.1.2.2.1."
	ifXEntry = ".1.3.6.1.2.1.31.1.1.1."
)

var columns = [columnCount]struct{ name, oid string }{
	ifOperStatus:               {"ifOperStatus", ifEntry + "8"},
	ifName:                     {"ifName", ifXEntry + "1"},
	ifDescr:                    {"ifDescr", ifEntry + "2"},
	ifAlias:                    {"ifAlias", ifXEntry + "18"},
	ifHighSpeed:                {"ifHighSpeed", ifXEntry + "15"},
	ifSpeed:                    {"ifSpeed", ifEntry + "5"},
	ifHCInOctets:               {"ifHCInOctets", ifXEntry + "6"},
	ifHCOutOctets:              {"ifHCOutOctets", ifXEntry + "10"},
	ifInOctets:                 {"ifInOctets", ifEntry + "10"},
	ifOutOctets:                {"ifOutOctets", ifEntry + "16"},
	ifInUcastPkts:              {"ifInUcastPkts", ifEntry + "11"},
	ifInNUcastPkts:             {"ifInNUcastPkts", ifEntry + "12"},
	ifOutUcastPkts:             {"ifOutUcastPkts", ifEntry + "17"},
	ifOutNUcastPkts:            {"ifOutNUcastPkts", ifEntry + "18"},
	ifInErrors:                 {"ifInErrors", ifEntry + "14"},
	ifOutErrors:                {"ifOutErrors", ifEntry + "20"},
	ifInDiscards:               {"ifInDiscards", ifEntry + "13"},
	ifOutDiscards:              {"ifOutDiscards", ifEntry + "19"},
	ifCounterDiscontinuityTime: {"ifCounterDiscontinuityTime", ifXEntry + "19"},
}

// cells is one column as it was read.
type cells struct {
	values  map[uint32]gosnmp.SnmpPDU
	read    bool  // it was asked for
	whole   bool  // to its end
	reached int64 // the last index that came, −1 = none
}

// set takes a variable of the column. A name that is not one index is not of the
// table that we know, and passed over.
func (c *cells) set(suffix string, v gosnmp.SnmpPDU) {
	index, err := strconv.ParseUint(suffix, 10, 32)
	if err != nil {
		return
	}
	if c.values == nil {
		c.values = make(map[uint32]gosnmp.SnmpPDU)
	}
	c.values[uint32(index)] = v
	c.reached = int64(index)
}

// unknown tells whether a row's value, which is not there, may have been cut off.
func (c *cells) unknown(index uint32) bool {
	return c.read && !c.whole && int64(index) > c.reached
}

// table is what was read of ifTable and ifXTable in one poll.
type table [columnCount]cells

// row is one interface as it can be trusted.
type row struct {
	name       string // fit to be a tag, and unique
	index      uint32
	up         int64  // 1 when ifOperStatus is up(1)
	speed      uint64 // bit/s, 0 = unknown
	alias      string
	aliasKnown bool
	reading    reading
}

// indexes are the interfaces there are: those with a state, in order.
func (t *table) indexes() []uint32 {
	return slices.Sorted(maps.Keys(t[ifOperStatus].values))
}

// lacks tells whether a row has nothing usable in any of the columns: then the
// column that stands in for them is worth reading.
func (t *table) lacks(usable func(gosnmp.SnmpPDU) bool, of ...column) bool {
	for index := range t[ifOperStatus].values {
		for _, c := range of {
			if v, ok := t[c].values[index]; !ok || !usable(v) {
				return true
			}
		}
	}
	return false
}

// rows puts the columns together. ambiguous holds the names that more than one
// interface was seen to have; it is extended. A row is left out if its name may
// have been cut off: under another name it would be another interface.
func (t *table) rows(ambiguous map[string]bool) []row {
	rows := make([]row, 0, len(t[ifOperStatus].values))
	for _, index := range t.indexes() {
		name, certain := t.name(index)
		state, ok := number(t[ifOperStatus].values[index])
		if !certain || !ok {
			continue
		}
		r := row{name: name, index: index, speed: t.speed(index), reading: t.reading(index)}
		if state == 1 {
			r.up = 1
		}
		if v, ok := t[ifAlias].values[index]; ok {
			r.alias, r.aliasKnown = api.CleanText(text(v)), true
		}
		rows = append(rows, r)
	}
	return distinguish(rows, ambiguous)
}

// name is ifName, else ifDescr, else ifAlias, else "if<index>": indexes change when
// a device restarts, names hardly do.
func (t *table) name(index uint32) (name string, certain bool) {
	for _, c := range []column{ifName, ifDescr, ifAlias} {
		if v, ok := t[c].values[index]; ok && named(v) {
			return api.CleanTag(text(v)), true
		}
		if t[c].unknown(index) {
			return "", false
		}
	}
	return "if" + strconv.FormatUint(uint64(index), 10), true
}

// named tells whether a variable can name an interface.
func named(v gosnmp.SnmpPDU) bool { return api.CleanTag(text(v)) != "" }

// distinguish gives every interface whose name another one has too its index. A
// name stays ambiguous while one of its interfaces is not read, so that the other
// does not change its name. What is still not unique is left out.
func distinguish(rows []row, ambiguous map[string]bool) []row {
	for range 3 { // "a #1" may itself be the name of a third
		seen := make(map[string]bool, len(rows))
		for i := range rows {
			if seen[rows[i].name] {
				ambiguous[rows[i].name] = true
			}
			seen[rows[i].name] = true
		}
		for i := range rows {
			if ambiguous[rows[i].name] {
				rows[i].name = numbered(rows[i].name, rows[i].index)
			}
		}
	}
	seen := make(map[string]bool, len(rows))
	return slices.DeleteFunc(rows, func(r row) bool {
		double := seen[r.name]
		seen[r.name] = true
		return double
	})
}

// numbered appends the index and keeps within a tag's length.
func numbered(name string, index uint32) string {
	suffix := " #" + strconv.FormatUint(uint64(index), 10)
	if most := api.MaxTagBytes - len(suffix); len(name) > most {
		name = strings.ToValidUTF8(name[:most], "")
	}
	return name + suffix
}

// speed is ifHighSpeed, in Mbit/s, where it says something, else ifSpeed, in bit/s,
// which is all ones where it is more than fits.
func (t *table) speed(index uint32) uint64 {
	if v, ok := t[ifHighSpeed].values[index]; ok && positive(v) {
		n, _ := number(v)
		return min(n, largest/1_000_000) * 1_000_000
	}
	if n, ok := number(t[ifSpeed].values[index]); ok && n < math.MaxUint32 {
		return n
	}
	return 0
}

func positive(v gosnmp.SnmpPDU) bool {
	n, ok := number(v)
	return ok && n > 0
}

// countable tells whether a variable is a counter's value.
func countable(v gosnmp.SnmpPDU) bool {
	_, ok := number(v)
	return ok
}

func (t *table) reading(index uint32) reading {
	return reading{
		in:            t.flow(index, ifHCInOctets, ifInOctets, ifInUcastPkts, ifInNUcastPkts),
		out:           t.flow(index, ifHCOutOctets, ifOutOctets, ifOutUcastPkts, ifOutNUcastPkts),
		inErrors:      t.counter32(index, ifInErrors),
		outErrors:     t.counter32(index, ifOutErrors),
		inDiscards:    t.counter32(index, ifInDiscards),
		outDiscards:   t.counter32(index, ifOutDiscards),
		discontinuity: t.counter32(index, ifCounterDiscontinuityTime),
	}
}

// flow takes 64 bits where the row has them, else 32.
func (t *table) flow(index uint32, wide, narrow, unicast, others column) flow {
	if n, ok := number(t[wide].values[index]); ok {
		return flow{octets: counter{n, 64}}
	}
	return flow{
		octets:  t.counter32(index, narrow),
		unicast: t.counter32(index, unicast),
		others:  t.counter32(index, others),
	}
}

func (t *table) counter32(index uint32, c column) counter {
	return counter32(t[c].values[index])
}

// counter32 is a counter of 32 bits, not read if the value is none or does not fit.
func counter32(v gosnmp.SnmpPDU) counter {
	if n, ok := number(v); ok && n <= math.MaxUint32 {
		return counter{n, 32}
	}
	return counter{}
}
