package api

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"time"
)

// Document is what an agent is told to do: how often it measures, and what.
// It comes from the agent's own file or from the collector's inventory.
type Document struct {
	Interval time.Duration `json:"interval"`           // between rounds, 1 s to 1 h; default 60 s
	Packets  int           `json:"packets"`            // echoes a target and round, 1 to 100; default 10
	Targets  []Target      `json:"targets"`            // none: what an office always has (gateway, DNS, collector, anchors)
	Metered  bool          `json:"metered,omitempty"`  // the line is paid by the byte: measure as often, send every ten minutes
	Profiles []Profile     `json:"profiles,omitempty"` // the NOC's own SNMP profiles, beside the shipped ones
}

// Profile is an SNMP profile as its file has it.
type Profile struct {
	Name string `json:"name"` // of the file, without folder: "ups-x.yaml"
	YAML string `json:"yaml"`
}

// Limits of a document.
const (
	MaxTargets       = 1_000
	MaxDocumentBytes = 1 << 20 // as JSON
	MaxProfiles      = 100
)

// Roles lists what a target may stand for.
const Roles = "gateway lan uplink device"

// Role is what a target stands for: it decides which part of the path is blamed.
type Role string

const (
	RoleGateway Role = "gateway" // the office router, on its LAN side
	RoleLAN     Role = "lan"     // a switch or access point of the office
	RoleUplink  Role = "uplink"  // an address beyond the provider's line
	RoleDevice  Role = "device"  // a printer, a UPS, a recorder
)

// Target is one thing to measure.
type Target struct {
	Name    string `json:"name"`    // the tag; NFC, unique in a document
	Address string `json:"address"` // IP address or DNS name
	Role    Role   `json:"role"`
	Parent  string `json:"parent,omitempty"` // the target that lies before it, by name; empty: the agent infers one
	SNMP    *SNMP  `json:"snmp,omitempty"`
}

// CheckAddress says whether s is an IP address or a DNS name.
func CheckAddress(s string) error {
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	if len(s) > 253 || !dnsName.MatchString(s) || allDigits.MatchString(s) {
		return errors.New("neither an IP address nor a DNS name")
	}
	return nil
}

var (
	dnsName   = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?$`)
	allDigits = regexp.MustCompile(`^[0-9.]+$`) // 192.168.1.300 is a mistyped address, not a name
)

// CheckInterval holds the time between two rounds against its range.
func CheckInterval(d time.Duration) error {
	if d < MinInterval || d > MaxInterval {
		return fmt.Errorf("interval is %s, want 1s to 1h", d)
	}
	return nil
}

// Check holds a document against its ranges. A file's reader says where in the
// file it is wrong; this says it for a document that comes over the line.
func (d *Document) Check() error {
	if err := CheckInterval(d.Interval); err != nil {
		return err
	}
	if d.Packets < 1 || d.Packets > 100 {
		return fmt.Errorf("packets is %d, want 1 to 100", d.Packets)
	}
	if len(d.Targets) > MaxTargets {
		return fmt.Errorf("%d targets, at most %d", len(d.Targets), MaxTargets)
	}
	seen := make(map[string]bool, len(d.Targets))
	for i := range d.Targets {
		t := &d.Targets[i]
		if seen[t.Name] {
			return fmt.Errorf("target %s given twice", quote(t.Name))
		}
		seen[t.Name] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("target %s: %w", quote(t.Name), err)
		}
	}
	if wrong := CheckParents(d.Targets); len(wrong) > 0 {
		return wrong[0]
	}
	return nil
}

func (t *Target) check() error {
	if CleanTag(t.Name) != t.Name || t.Name == "" {
		return errors.New("name is empty or holds what a tag cannot")
	}
	if !listed(Roles, string(t.Role)) {
		return fmt.Errorf("role is %s, want one of: %s", quote(string(t.Role)), Roles)
	}
	if err := CheckAddress(t.Address); err != nil {
		return fmt.Errorf("address %s is %w", quote(t.Address), err)
	}
	if t.SNMP != nil {
		return t.SNMP.Check()
	}
	return nil
}
