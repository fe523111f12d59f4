package office

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/doctor"
	"communewatch/collector/api"
	"communewatch/collector/settings"
)

func TestWhatASearchProposesCanBePastedIntoTheConfiguration(t *testing.T) {
	want := []api.Target{
		{Name: `Nhà "in" số 2: # [x] {y}`, Address: "192.168.1.40", Role: api.RoleDevice, SNMP: &api.SNMP{Version: "1", Community: `pub'li"c\ %`}},
		{Name: "no", Address: "192.168.1.1", Role: api.RoleGateway},
		{Name: "0123", Address: "192.168.1.2", Role: api.RoleLAN},
		{Name: "a\u00a0b\ufeff😀", Address: "192.168.1.3", Role: api.RoleLAN},
	}
	text := "collector:\n  url: https://c\n  pin: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n  token: x\n" + doctor.YAML(want)
	file := DefaultFile()
	read, err := settings.Decode("agent.yaml", []byte(text), &file)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	file.check(read)
	if err := read.Err(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	if d := cmp.Diff(want, file.Targets); d != "" {
		t.Error(d)
	}
}

func TestCommunitiesOfTheConfigurationAreTriedUnlessOneIsGiven(t *testing.T) {
	targets := []api.Target{{SNMP: &api.SNMP{Community: "a"}}, {}, {SNMP: &api.SNMP{Community: "a"}}, {SNMP: &api.SNMP{Version: "3", User: "u"}},
		{SNMP: &api.SNMP{Community: "b"}}, {SNMP: &api.SNMP{Community: "c"}}, {SNMP: &api.SNMP{Community: "d"}}}
	if d := cmp.Diff([]string{"a", "b", "c"}, communities(targets, "")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"x"}, communities(targets, "x")); d != "" {
		t.Error(d)
	}
}
