package office

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"communewatch/agent/doctor"
	"communewatch/agent/snmp"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

func TestACheckSeesACopiedDiskAndLeavesItAsItIs(t *testing.T) {
	folder := t.TempDir()
	if copied(folder, []string{"mac:a"}) {
		t.Error("nothing is known, and it is accused")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := writeMachine(folder, enrolled{Host: "x", At: time.Now(), Marks: []string{"mac:a", "disk:b"}}); err != nil {
		t.Fatal(err)
	}
	for mark, want := range map[string]bool{"mac:a": false, "disk:b": false, "mac:c": true} {
		if copied(folder, []string{mark}) != want {
			t.Errorf("%s: copied %t", mark, !want)
		}
	}
	if copied(folder, nil) {
		t.Error("it shows no marks, and is accused")
	}
}

func TestWhatTheRunningAgentWasToldCountsWhileItIsFresh(t *testing.T) {
	running := func(trouble upstream.Reason) Status {
		return Status{PID: os.Getpid(), Uptime: uptime().Seconds(), Interval: 60, Line: LineStatus{Trouble: trouble}}
	}
	stopped, old := running("twin"), running("twin")
	stopped.Stopped = true
	old.Uptime -= 3600
	for name, c := range map[string]struct {
		status Status
		want   bool
	}{
		"a twin":    {running("twin"), true},
		"long ago":  {old, false},
		"stopped":   {stopped, false},
		"a timeout": {running("timeout"), false},
	} {
		folder := t.TempDir()
		data, err := json.Marshal(c.status)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, statusFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := toldTwin(folder); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if toldTwin(t.TempDir()) {
		t.Error("nothing is known")
	}
}

func TestTheCentresTargetsAreThoseOfTheCheckWhereTheFileHasNone(t *testing.T) {
	folder := t.TempDir()
	cfg := Config{Folder: folder}
	if got := cfg.targetsNow(); got != nil {
		t.Errorf("%v", got)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, documentFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const target = `{"name":"nas","address":"192.168.1.30","role":"device"}`
	write(`{"etag":"1","document":{"interval":60000000000,"packets":10,"targets":[` + target + `]}}`)
	if got := cfg.targetsNow(); len(got) != 1 || got[0].Name != "nas" {
		t.Errorf("%v", got)
	}
	cfg.Document.Targets = []api.Target{{Name: "own"}}
	if got := cfg.targetsNow(); len(got) != 1 || got[0].Name != "own" {
		t.Errorf("%v", got)
	}
	cfg.Document.Targets = nil
	for _, broken := range []string{"", "{", `{"etag":"1","document":{"interval":0,"targets":[` + target + `]}}`} {
		if write(broken); cfg.targetsNow() != nil {
			t.Errorf("%q is believed", broken)
		}
	}
}

func TestWhatSNMPSaysIsPutIntoTheDoctorsWordsFromTheExactToTheGeneral(t *testing.T) {
	for want, err := range map[doctor.Fault]error{
		"":                   nil,
		doctor.FaultPrivacy:  fmt.Errorf("%w: %w", snmp.ErrPrivacy, snmp.ErrSilent),
		doctor.FaultClosed:   fmt.Errorf("%w: %w", snmp.ErrSilent, syscall.ECONNREFUSED),
		doctor.FaultNoRoute:  fmt.Errorf("%w: %w", snmp.ErrSilent, syscall.EHOSTUNREACH),
		doctor.FaultSilent:   snmp.ErrSilent,
		doctor.FaultUser:     snmp.ErrUser,
		doctor.FaultPassword: snmp.ErrPassword,
		doctor.FaultLevel:    snmp.ErrLevel,
		doctor.FaultWindow:   snmp.ErrWindow,
		doctor.FaultName:     snmp.ErrName,
		doctor.FaultRefused:  snmp.ErrRefused,
		doctor.FaultOther:    errors.New("nonsense"),
	} {
		if got := faultOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
