package office

import (
	"strings"
	"testing"
)

func TestTheGatewayIsThatOfTheDefaultRouteWhichTheKernelPrefers(t *testing.T) {
	const routes = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
wlan0	00000000	0102A8C0	0003	0	0	600	00000000	0	0	0
eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
usb0	00000000	0103A8C0	0003	0	0	700	00000000	0	0	0
`
	if got, ok := gatewayOf(strings.NewReader(routes)); !ok || got.String() != "192.168.1.1" {
		t.Errorf("got %v, %v", got, ok)
	}
	for name, text := range map[string]string{"none": "Iface\n", "torn": "eth0	00000000	01", "not hexadecimal": "eth0 00000000 xyz 3 0 0 0 00000000"} {
		if got, ok := gatewayOf(strings.NewReader(text)); ok {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
