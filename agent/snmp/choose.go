package snmp

import (
	"cmp"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// rule is one reason to take a profile for a device.
type rule struct {
	object  string         // sysObjectID is this or below
	descr   *regexp.Regexp // sysDescr matches; nil = any
	has     string         // OID that the device has; "" = any
	own     bool           // of the NOC's folder
	profile string
}

// same tells whether two rules are for the same devices.
func (r rule) same(other rule) bool {
	return r.object == other.object && r.has == other.has && r.pattern() == other.pattern()
}

func (r rule) pattern() string {
	if r.descr == nil {
		return ""
	}
	return r.descr.String()
}

// conditions is how many things it asks beside the object.
func (r rule) conditions() int {
	n := 0
	if r.descr != nil {
		n++
	}
	if r.has != "" {
		n++
	}
	return n
}

// byWeight puts the most telling rule first: the longest object, then the NOC's own,
// then the one with more conditions.
func byWeight(a, b rule) int {
	own := map[bool]int{true: 1}
	return cmp.Or(
		strings.Count(b.object, ".")-strings.Count(a.object, "."),
		own[b.own]-own[a.own],
		b.conditions()-a.conditions(),
		strings.Compare(a.profile, b.profile),
		strings.Compare(a.object+a.pattern()+a.has, b.object+b.pattern()+b.has),
	)
}

// identity is what tells one device from another at the same address.
type identity struct {
	object string // sysObjectID, without the dot in front
	descr  string
	engine string // snmpEngineID in hexadecimal, "" where it is not told
}

func identityOf(scalars map[string]gosnmp.SnmpPDU) identity {
	id := identity{object: label(scalars[sysObjectID]), descr: text(scalars[sysDescr])}
	if engine, ok := scalars[snmpEngineID].Value.([]byte); ok {
		id.engine = hex.EncodeToString(engine)
	}
	return id
}

// candidates are the rules that fit as far as the device has told already, up to the
// first that asks for nothing more.
func (p *Profiles) candidates(id identity) []rule {
	var out []rule
	for _, r := range p.rules {
		if !below(id.object, r.object) || r.descr != nil && !r.descr.MatchString(id.descr) {
			continue
		}
		out = append(out, r)
		if r.has == "" {
			break
		}
	}
	return out
}

// choose gives the profile for a device. has is asked, if at all, once: which of the
// OIDs the device has. Its error is passed on.
func (p *Profiles) choose(id identity, has func(oids []string) (map[string]bool, error)) (*profile, error) {
	rules := p.candidates(id)
	var ask []string
	for _, r := range rules {
		if r.has != "" && !slices.Contains(ask, r.has) {
			ask = append(ask, r.has)
		}
	}
	var there map[string]bool
	if len(ask) > 0 {
		var err error
		if there, err = has(ask); err != nil {
			return p.byName[genericProfile], err
		}
	}
	for _, r := range rules {
		if r.has == "" || there[r.has] {
			return p.byName[r.profile], nil
		}
	}
	return p.byName[genericProfile], nil
}

// below tells whether an OID is a root or below it.
func below(oid, root string) bool {
	rest, found := strings.CutPrefix(oid, root)
	return found && (rest == "" || rest[0] == '.')
}
