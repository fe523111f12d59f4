//go:build integration

package snmp

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"

	"communewatch/collector/api"
)

func TestNothingOfADeviceCanBeReadOnTheWireInVersion3(t *testing.T) {
	d := startDaemon(t)
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	// "lo" alone is in any few kilobytes of random bytes: its whole variable binding.
	loName := append([]byte{0x06, 0x0b, 0x2b, 6, 1, 2, 1, 31, 1, 1, 1, 1, byte(lo.Index)}, "\x04\x02lo"...)
	readable := map[string][]byte{"sysName": []byte(hostName), "sysDescr": []byte(hostModel), "ifName of lo": loName, "any OID of mib-2": {0x2b, 6, 1, 2, 1}}
	plain, sealed := recorded(t, d.target("2c")), recorded(t, d.target("3"))
	for what, bytes := range readable {
		if !contains(plain, bytes) {
			t.Errorf("%s is not in version 2c's packets, so this test proves nothing", what)
		}
		if contains(sealed, bytes) {
			t.Errorf("%s can be read in version 3's packets", what)
		}
	}
	for _, secret := range []string{authPass, privPass, community} {
		if contains(sealed, []byte(secret)) {
			t.Errorf("a secret is in version 3's packets")
		}
	}
}

func contains(packets [][]byte, what []byte) bool {
	for _, p := range packets {
		if bytes.Contains(p, what) {
			return true
		}
	}
	return false
}

// recorded polls a device through a relay and gives every packet of both ways.
func recorded(t *testing.T, target api.Target) [][]byte {
	t.Helper()
	outer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inner, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", target.SNMP.Port))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var packets [][]byte
	var client net.Addr
	keep := func(p []byte) []byte {
		packets = append(packets, bytes.Clone(p))
		return p
	}
	var relays sync.WaitGroup
	relays.Go(func() {
		buffer := make([]byte, 65536)
		for {
			n, from, err := outer.ReadFrom(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			client = from
			_, _ = inner.Write(keep(buffer[:n])) // a lost packet shows as an unanswered poll
			mu.Unlock()
		}
	})
	relays.Go(func() {
		buffer := make([]byte, 65536)
		for {
			n, err := inner.Read(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			_, _ = outer.WriteTo(keep(buffer[:n]), client)
			mu.Unlock()
		}
	})
	settings := *target.SNMP
	settings.Port = uint16(outer.LocalAddr().(*net.UDPAddr).Port)
	target.SNMP = &settings
	got := check(t, pollerOf(t, target)(t.Context()))
	outer.Close()
	inner.Close()
	relays.Wait()
	if name, _ := got.device().FieldNamed("name"); name.Text() != hostName || got.complaint() != "" {
		t.Fatalf("name %q, error %q", name.Text(), got.complaint())
	}
	return packets
}
