package api

import "testing"

func TestASubscribersWholeNetworkIsOneAddress(t *testing.T) {
	same := func(a, b string) bool { return Network(a) == Network(b) }
	if !same("[2001:db8::1]:1", "[2001:db8::ffff:0:2]:2") || same("[2001:db8::1]:1", "[2001:db8:0:1::1]:1") {
		t.Error("IPv6")
	}
	if !same("192.0.2.1:1", "[::ffff:192.0.2.1]:2") || same("192.0.2.1:1", "192.0.2.2:1") {
		t.Error("IPv4")
	}
	if !same("@", "") || same("@", "192.0.2.1:1") {
		t.Error("what is no address of the network's is one of its own")
	}
}
