package snmp

import "testing"

func TestOIDsAreOrderedByTheirNumbers(t *testing.T) {
	for _, c := range []struct {
		oid, other string
		want       bool
	}{
		{".1.3.6.1.10", ".1.3.6.1.9", true},
		{".1.3.6.1.9", ".1.3.6.1.10", false},
		{".1.3.6.1", ".1.3.6.1", false},
		{".1.3.6.1.0", ".1.3.6.1", true},
		{".1.3.6.1", ".1.3.6.1.0", false},
		{"", ".1", false},
		{".1", "", true},
		{".1.3.4294967295", ".1.3.4294967294", true},
	} {
		if got := after(c.oid, c.other); got != c.want {
			t.Errorf("after(%q, %q) = %v", c.oid, c.other, got)
		}
	}
}
