package snmp

import (
	"cmp"
	"errors"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// believable gives the variables of an answer that goes on from where each of a
// group is, and those before the first that does not.
func believable(group []*strand, answer *gosnmp.SnmpPacket) (good []gosnmp.SnmpPDU, err error) {
	switch {
	case answer.Error == gosnmp.NoSuchName:
		return nil, errNoMore // how version 1, and a proxy to it, says so
	case answer.Error != gosnmp.NoError:
		return nil, status(answer.Error)
	case len(answer.Variables) == 0:
		return nil, errEmpty
	}
	var newest, beyond [maxAbreast]string // below each of the group, and then not
	for i, s := range group {
		newest[i] = s.last
	}
	for i, v := range answer.Variables {
		n := i % len(group)
		switch {
		case beyond[n] != "":
			continue // it has ended
		case none(v):
			beyond[n] = "."
		case !after(v.Name, newest[n]):
			return answer.Variables[:i], errNotIncreasing
		case strings.HasPrefix(v.Name, group[n].below):
			newest[n] = v.Name
		default:
			beyond[n] = v.Name
		}
	}
	for _, name := range beyond[:len(group)] {
		for i, s := range group {
			// What follows the end of one is not new to the other whose it is.
			if strings.HasPrefix(name, s.below) && after(name, newest[i]) {
				return nil, errMixed
			}
		}
	}
	return answer.Variables, nil
}

// These are not told to anybody: the one is the end, the other is asked for again.
var (
	errNoMore = errors.New("no more")
	errMixed  = errors.New("subtrees are mixed up")
)

// isOfOne tells whether an error may be of one subtree, while others are well.
func isOfOne(err error) bool {
	for _, e := range []error{errSays, errNoMore, errUnreadable, errEmpty, errMore, errNotIncreasing, errMixed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// none is a variable that says that there is none. The first is the right one at
// the end; some devices say one of the others.
func none(v gosnmp.SnmpPDU) bool {
	return v.Type == gosnmp.EndOfMibView || v.Type == gosnmp.NoSuchObject || v.Type == gosnmp.NoSuchInstance
}

// after tells whether an OID comes behind another in the order of walks.
func after(oid, other string) bool { return compare(oid, other) > 0 }

// compare orders OIDs, both written as gosnmp does, ".1.3.6": a number without
// zeros in front is the greater, the longer it is.
func compare(a, b string) int {
	i := 0 // where they differ
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	endA, endB := arcEnd(a, i), arcEnd(b, i)
	switch {
	case endA != endB:
		return cmp.Compare(endA, endB)
	case i < endA:
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

func arcEnd(oid string, from int) int {
	for from < len(oid) && oid[from] != '.' {
		from++
	}
	return from
}
