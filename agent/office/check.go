package office

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"communewatch/agent/doctor"
	"communewatch/agent/icmp"
	"communewatch/agent/snmp"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// Check examines what the office of that agent.yaml needs, and measures or sends nothing.
// A machine without one is examined as far as that goes; installed says which it is.
func Check(ctx context.Context, path string) (found []doctor.Finding, installed bool, err error) {
	cfg, err := Load(path)
	installed = !errors.Is(err, fs.ErrNotExist)
	if err != nil && installed {
		return nil, installed, err
	}
	deps, err := checkDeps()
	if err != nil {
		return nil, installed, err
	}
	var what doctor.CheckConfig
	if installed {
		if what, err = cfg.checked(); err != nil {
			return nil, installed, err
		}
	}
	found, err = doctor.Check(ctx, what, deps)
	return found, installed, err
}

// checked is what there is to examine. Who we are says the doctor itself, also where the
// identity cannot be used.
func (c Config) checked() (doctor.CheckConfig, error) {
	judge, err := upstream.TLS(c.URL, c.Pin)
	if err != nil {
		return doctor.CheckConfig{}, err
	}
	proxy, err := upstream.Proxying(c.Proxy)
	if err != nil {
		return doctor.CheckConfig{}, err
	}
	return doctor.CheckConfig{
		URL: c.URL, Pin: c.Pin, TLS: judge, Identity: c.Identity, Token: c.Token,
		Twin: toldTwin(c.Folder), Copied: c.Identity != "" && copied(c.Folder, Machine()),
		Proxy: proxy, Targets: c.targetsNow(), Folder: c.Folder, Needs: c.SpoolBytes,
	}, nil
}

// toldTwin tells whether the running agent's last answer was that another machine sends
// under its identity.
func toldTwin(folder string) bool {
	s, err := ReadStatus(folder)
	return err == nil && s.Running() && s.Line.Trouble == upstream.Reason(api.CodeTwin)
}

// copied reads what [SameMachine] does, and leaves it as it is.
func copied(folder string, marks []string) bool {
	known, err := readMachine(folder)
	return err == nil && len(marks) > 0 && len(known.Marks) > 0 && !agree(known.Marks, marks)
}

// targetsNow are those of agent.yaml or, without any, of the centre's last document. Its
// file is only read: opening it as the agent does would change what a running one has.
func (c Config) targetsNow() []api.Target {
	if len(c.Document.Targets) > 0 {
		return c.Document.Targets
	}
	file, err := os.Open(filepath.Join(c.Folder, documentFile))
	if err != nil {
		return nil
	}
	defer file.Close()
	var offer upstream.Offer
	if json.NewDecoder(io.LimitReader(file, 2*api.MaxDocumentBytes)).Decode(&offer) != nil || offer.Document.Check() != nil {
		return nil
	}
	return offer.Document.Targets
}

// Patience of a check: two echoes, two questions.
const (
	checkEchoes  = 2
	checkSpacing = 300 * time.Millisecond
	checkTimeout = 1500 * time.Millisecond
)

func checkDeps() (doctor.CheckDeps, error) {
	ping, err := onePing(checkEchoes)
	if err != nil {
		return doctor.CheckDeps{}, err
	}
	profiles, err := snmp.Shipped()
	if err != nil {
		return doctor.CheckDeps{}, err
	}
	cfg := snmp.Config{Timeout: checkTimeout, Retries: 1, Profiles: profiles}
	return doctor.CheckDeps{Ping: ping, Ask: asker(cfg), Gateway: defaultGateway, Servers: dnsServers}, nil
}

// onePing tells whether an address answers one of so many echoes.
func onePing(echoes int) (func(context.Context, netip.Addr) (bool, error), error) {
	prober, err := icmp.New(icmp.Config{Packets: echoes, Spacing: checkSpacing, Timeout: checkTimeout})
	if err != nil {
		return nil, err
	}
	return pinger(prober), nil
}

// pinger makes one round, which always gives one point.
func pinger(prober *icmp.Prober) func(context.Context, netip.Addr) (bool, error) {
	return func(ctx context.Context, to netip.Addr) (bool, error) {
		points := prober.Target(api.Target{Name: "check", Address: to.String(), Role: api.RoleLAN})(ctx)
		if result, _ := points[0].FieldNamed("result"); result.Text() == api.ResultNotProbed {
			return false, errors.New("no echo could be sent")
		}
		received, _ := points[0].FieldNamed("received")
		return received.Integer() > 0, nil
	}
}

// asker puts what SNMP finds into the doctor's words.
func asker(cfg snmp.Config) func(context.Context, api.Target) doctor.Device {
	return func(ctx context.Context, t api.Target) doctor.Device {
		said, err := snmp.Ask(ctx, t, cfg)
		d := doctor.Device{Name: said.Name, Object: said.Object, Descr: said.Descr, Fault: faultOf(err)}
		if d.Fault == doctor.FaultOther {
			d.Descr = err.Error()
		}
		return d
	}
}

// faultOf goes from the exact to the general: a wrong privacy password is silence too.
func faultOf(err error) doctor.Fault {
	if err == nil {
		return ""
	}
	if snmp.Closed(err) {
		return doctor.FaultClosed
	}
	if snmp.NoRoute(err) {
		return doctor.FaultNoRoute
	}
	for _, kind := range []struct {
		is    error
		fault doctor.Fault
	}{
		{snmp.ErrName, doctor.FaultName}, {snmp.ErrUser, doctor.FaultUser}, {snmp.ErrPassword, doctor.FaultPassword},
		{snmp.ErrPrivacy, doctor.FaultPrivacy}, {snmp.ErrLevel, doctor.FaultLevel}, {snmp.ErrWindow, doctor.FaultWindow},
		{snmp.ErrSilent, doctor.FaultSilent}, {snmp.ErrRefused, doctor.FaultRefused},
	} {
		if errors.Is(err, kind.is) {
			return kind.fault
		}
	}
	return doctor.FaultOther
}
