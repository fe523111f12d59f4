package snmp

import (
	"errors"
	"slices"
	"testing"
)

func TestTheMostTellingProfileIsChosen(t *testing.T) {
	about := func(match string) string { return "about: x\nuse: [if-mib]\nmatch:\n- " + match + "\n" }
	p, err := LoadProfiles(folder(t, map[string]string{
		"a-maker.yaml":  about("{object: 1.3.6.1.4.1.99999}"),
		"b-family.yaml": about("{object: 1.3.6.1.4.1.99999.2}"),
		"c-descr.yaml":  about("{object: 1.3.6.1.4.1.99999.2, descr: '^Two'}"),
		"d-has.yaml":    about("{object: 1.3.6.1.4.1.99999.2, descr: '^Two', has: 1.3.6.1.4.1.99999.9.0}"),
		"zz-apc.yaml":   about("{object: 1.3.6.1.4.1.318.1.3}"),
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id    identity
		has   bool
		asked int
		want  string
	}{
		{identity{object: "1.3.6.1.4.1.99999"}, false, 0, "a-maker"},
		{identity{object: "1.3.6.1.4.1.99999.22"}, false, 0, "a-maker"},
		{identity{object: "1.3.6.1.4.1.99999.2.5"}, false, 0, "b-family"},
		{identity{object: "1.3.6.1.4.1.99999.2", descr: "Two"}, false, 1, "c-descr"},
		{identity{object: "1.3.6.1.4.1.99999.2", descr: "Two"}, true, 1, "d-has"},
		{identity{object: "1.3.6.1.4.1.318.1.3.27"}, false, 0, "zz-apc"}, // the NOC's own before the shipped one
		{identity{object: "1.3.6.1.4.1.999990"}, false, 0, "generic"},
		{identity{}, false, 0, "generic"},
	} {
		asked := 0
		got, err := p.choose(c.id, func(oids []string) (map[string]bool, error) {
			asked++
			return map[string]bool{".1.3.6.1.4.1.99999.9.0": c.has}, nil
		})
		if err != nil || got.name != c.want || asked != c.asked {
			t.Errorf("%v: %s, asked %d times, %v; want %s", c.id, got.name, asked, err, c.want)
		}
	}
	refused := errors.New("no answer")
	got, err := p.choose(identity{object: "1.3.6.1.4.1.99999.2", descr: "Two"}, func([]string) (map[string]bool, error) { return nil, refused })
	if !errors.Is(err, refused) || got.name != genericProfile {
		t.Errorf("%s, %v", got.name, err)
	}
}

func TestEveryMakersPrefixLeadsToItsProfile(t *testing.T) {
	p, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(p.rules, byWeight) {
		t.Error("rules are not in order")
	}
	for object, want := range map[string]string{
		"1.3.6.1.4.1.9.1.1208": "cisco", "1.3.6.1.4.1.9.6.1.83.10.1": "cisco-sb", "1.3.6.1.4.1.11.2.3.9.1": "printer",
		"1.3.6.1.4.1.11.2.3.7.11.139": "procurve", "1.3.6.1.4.1.2011.2.239.5": "huawei", "1.3.6.1.4.1.41112.1.4": "airos",
		"1.3.6.1.4.1.41112.1.6": "unifi", "1.3.6.1.4.1.318.1.3.2.7": "apc", "1.3.6.1.4.1.12356.102.1": "generic",
	} {
		got, err := p.choose(identity{object: object}, func([]string) (map[string]bool, error) { return nil, nil })
		if err != nil || got.name != want {
			t.Errorf("%s: %s, %v, want %s", object, got.name, err, want)
		}
	}
}
