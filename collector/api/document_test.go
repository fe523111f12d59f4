package api

import (
	"testing"
	"time"
)

func document(change func(*Document)) *Document {
	d := &Document{Interval: time.Minute, Packets: 10, Targets: []Target{
		{Name: "router", Address: "192.168.1.1", Role: RoleGateway},
		{Name: "Máy in tầng 2", Address: "printer.local", Role: RoleDevice, SNMP: &SNMP{Version: "2c", Community: "public"}},
		{Name: "ups", Address: "fe80::1%eth0", Role: RoleDevice, SNMP: &SNMP{Version: "3", User: "u", Auth: "SHA-256", AuthPass: "12345678", Privacy: "AES", PrivPass: "12345678"}},
	}}
	change(d)
	return d
}

func TestADocumentHolds(t *testing.T) {
	for _, change := range []func(*Document){
		func(*Document) {},
		func(d *Document) { d.Interval, d.Packets, d.Targets = time.Second, 1, nil },
		func(d *Document) { d.Interval, d.Packets = time.Hour, 100 },
		func(d *Document) { d.Targets[0].Parent, d.Targets[1].Parent = "ups", "router" },
	} {
		if err := document(change).Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestADocumentThatDoesNotHoldIsComplainedOf(t *testing.T) {
	for want, change := range map[string]func(*Document){
		`parent "rooter" is no target`:            func(d *Document) { d.Targets[1].Parent = "rooter" },
		`parents go in a circle: router → router`: func(d *Document) { d.Targets[0].Parent = "router" },
		`parents go in a circle: router → ups → router`: func(d *Document) {
			d.Targets[1].Parent, d.Targets[0].Parent, d.Targets[2].Parent = "router", "ups", "router"
		},
		`interval is 0s, want 1s to 1h`:                                                    func(d *Document) { d.Interval = 0 },
		`interval is 1h0m1s, want 1s to 1h`:                                                func(d *Document) { d.Interval = time.Hour + time.Second },
		`packets is 0, want 1 to 100`:                                                      func(d *Document) { d.Packets = 0 },
		`packets is 101, want 1 to 100`:                                                    func(d *Document) { d.Packets = 101 },
		`target "router" given twice`:                                                      func(d *Document) { d.Targets[1].Name = "router" },
		`target "": name is empty or holds what a tag cannot`:                              func(d *Document) { d.Targets[0].Name = "" },
		`target " a": name is empty or holds what a tag cannot`:                            func(d *Document) { d.Targets[0].Name = " a" },
		`target "a\\b": name is empty or holds what a tag cannot`:                          func(d *Document) { d.Targets[0].Name = `a\b` },
		`target "a\nb": name is empty or holds what a tag cannot`:                          func(d *Document) { d.Targets[0].Name = "a\nb" },
		`target "router": role is "", want one of: ` + Roles:                               func(d *Document) { d.Targets[0].Role = "" },
		`target "router": role is "printer", want one of: ` + Roles:                        func(d *Document) { d.Targets[0].Role = "printer" },
		`target "router": address "" is neither an IP address nor a DNS name`:              func(d *Document) { d.Targets[0].Address = "" },
		`target "router": address "192.168.1.300" is neither an IP address nor a DNS name`: func(d *Document) { d.Targets[0].Address = "192.168.1.300" },
		`target "router": address "http://x" is neither an IP address nor a DNS name`:      func(d *Document) { d.Targets[0].Address = "http://x" },
		`target "router": address "-a.vn" is neither an IP address nor a DNS name`:         func(d *Document) { d.Targets[0].Address = "-a.vn" },
		`target "router": address "1.1.1.1:53" is neither an IP address nor a DNS name`:    func(d *Document) { d.Targets[0].Address = "1.1.1.1:53" },
		`target "Máy in tầng 2": snmp version is "4", want one of: 1 2c 3`:                 func(d *Document) { d.Targets[1].SNMP.Version = "4" },
	} {
		if err := document(change).Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
