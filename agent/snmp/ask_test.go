//go:build integration

package snmp

import (
	"errors"
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestARealDaemonSaysWhatItIsOrWhatIsWrongWithTheAsker(t *testing.T) {
	d := startDaemon(t)
	cfg := Config{Timeout: 500 * time.Millisecond}
	for _, version := range []string{"1", "2c", "3"} {
		got, err := Ask(t.Context(), d.target(version), cfg)
		want := Introduction{Name: hostName, Object: "1.3.6.1.4.1.8072.3.2.10", Descr: hostModel}
		if got != want || err != nil {
			t.Errorf("version %s: %+v, %v", version, got, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*api.Target)
		want   error
	}{
		"a wrong community":        {func(a *api.Target) { a.SNMP = &api.SNMP{Version: "2c", Port: a.SNMP.Port, Community: "wrong"} }, ErrSilent},
		"an unknown user":          {func(a *api.Target) { a.SNMP.User = "nobody" }, ErrUser},
		"a wrong password":         {func(a *api.Target) { a.SNMP.AuthPass = "not-the-password" }, ErrPassword},
		"a wrong privacy password": {func(a *api.Target) { a.SNMP.PrivPass = "not-the-password" }, ErrPrivacy},
		"a name that is none":      {func(a *api.Target) { a.Address = "nobody.invalid" }, ErrName},
	} {
		target := d.target("3")
		c.change(&target)
		if got, err := Ask(t.Context(), target, cfg); !errors.Is(err, c.want) || got != (Introduction{}) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, c.want)
		}
	}
	target := d.target("2c")
	target.SNMP.Port = uint16(freePort(t))
	if _, err := Ask(t.Context(), target, cfg); !Closed(err) {
		t.Errorf("nobody listens: %v", err)
	}
}
