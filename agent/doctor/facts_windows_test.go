package doctor

import (
	"testing"
	"unsafe"
)

// The sizes are those of netioapi.h, on 32-bit machines too.
func TestRowsOfNeighboursAreLaidOutAsWindowsDoes(t *testing.T) {
	var r row
	if size := unsafe.Sizeof(r); size != 88 {
		t.Errorf("a row has %d bytes", size)
	}
	if at := unsafe.Offsetof(r.luid); at != 32 {
		t.Errorf("luid is at %d", at)
	}
	if at := unsafe.Offsetof(r.state); at != 76 {
		t.Errorf("the state is at %d", at)
	}
}

func TestTheSystemsNeighboursAndInterfacesAreRead(t *testing.T) {
	all, err := neighbours()
	if err != nil {
		t.Error(err)
	}
	for _, n := range all {
		t.Logf("%s %s fresh %t dead %t", n.address, n.mac, n.fresh, n.dead)
	}
	found, err := interfaces()
	if err != nil || len(found) == 0 {
		t.Errorf("%v, %v", found, err)
	}
	if r := pingRights(); !r.system {
		t.Errorf("%+v", r)
	}
}
