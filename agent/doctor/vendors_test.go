package doctor

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestTheMakerIsKnownByTheAddress(t *testing.T) {
	for text, want := range map[string]Vendor{
		"4c:5e:0c:11:22:33": {Name: "MikroTik", Kind: "network"},
		"00:1d:aa:11:22:33": {Name: "DrayTek", Kind: "network"},
		"00:11:32:11:22:33": {Name: "Synology", Kind: "nas"},
		"00:c0:b7:11:22:33": {Name: "APC", Kind: "ups"},
		"00:80:77:11:22:33": {Name: "Brother", Kind: "printer"},
		"44:19:b6:11:22:33": {Name: "Hikvision", Kind: "camera"},
		"f4:39:09:11:22:33": {Name: "HP", Kind: "printer"},
		"00:00:5e:00:01:01": {}, // of VRRP: nobody's in the table
		"d6:11:22:33:44:55": {Private: true},
		"02:42:ac:11:00:02": {Private: true},
	} {
		mac, err := net.ParseMAC(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := VendorOf(mac); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	if got := VendorOf(nil); got != (Vendor{}) {
		t.Errorf("no address: %+v", got)
	}
}

func TestEveryMakerOfTheListHasPrefixesAndTheTableStaysSmall(t *testing.T) {
	list, err := os.ReadFile("vendors.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readPrefixes(vendorsZipped)
	if err != nil {
		t.Fatal(err)
	}
	there := map[Vendor]bool{}
	for _, v := range all {
		there[v] = true
	}
	for line := range strings.Lines(string(list)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) == 3 && !there[Vendor{Name: f[0], Kind: f[1]}] {
			t.Errorf("%s has no prefix: go generate", f[0])
		}
	}
	if len(there) < 60 || len(vendorsZipped) > 60_000 {
		t.Errorf("%d makers in %d bytes", len(there), len(vendorsZipped))
	}
}

func TestATableThatIsCutIsNotRead(t *testing.T) {
	for _, n := range []int{0, 10, len(vendorsZipped) / 2} {
		if all, err := readPrefixes(vendorsZipped[:n]); err == nil {
			t.Errorf("%d bytes gave %d prefixes", n, len(all))
		}
	}
}
