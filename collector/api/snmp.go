package api

import (
	"errors"
	"fmt"
)

// SNMP says how a target is asked. Version and level decide which of the rest is used.
type SNMP struct {
	Version   string `json:"version"`                // one of SNMPVersions
	Port      uint16 `json:"port,omitempty"`         // default 161
	Community string `json:"community,omitempty"`    // 1 and 2c: at most MaxCommunity bytes
	User      string `json:"user,omitempty"`         // 3: at most MaxSNMPUser bytes
	Level     string `json:"level,omitempty"`        // 3: one of SNMPLevels, default authPriv
	Auth      string `json:"auth,omitempty"`         // 3, unless noAuthNoPriv: one of SNMPAuths
	AuthPass  string `json:"auth_pass,omitempty"`    // likewise: at least MinPassphrase characters
	Privacy   string `json:"privacy,omitempty"`      // 3, authPriv: one of SNMPPrivacies
	PrivPass  string `json:"privacy_pass,omitempty"` // likewise: at least MinPassphrase characters
}

// What SNMP may be set to. Nothing is chosen for an office that is silent about its
// algorithms, so the old and broken ones (MD5, SHA-1, DES) are used only where
// somebody wrote their names.
const (
	SNMPVersions = "1 2c 3"
	SNMPLevels   = "authPriv authNoPriv noAuthNoPriv" // RFC 3411 §3.4.3
	SNMPAuths    = "SHA-224 SHA-256 SHA-384 SHA-512 SHA-1 MD5"
	// AES is AES-128 (RFC 3826). The longer ones lengthen a short hash as net-snmp
	// does (draft-blumenthal-aes-usm-04); those with a C as Cisco does
	// (draft-reeder-snmpv3-usm-3desede-00). With SHA-256 and up both are the same.
	SNMPPrivacies = "AES AES-128 AES-192 AES-256 AES-192-C AES-256-C DES"
)

// Bounds of what identifies the asker.
const (
	MaxCommunity  = 127 // bytes; what is longer cannot be sent
	MaxSNMPUser   = 32  // bytes, RFC 3414 §5 usmUserName
	MinPassphrase = 8   // characters, RFC 3414 §11.2
)

// SecurityLevel is the level of version 3: authentication and privacy unless said
// otherwise.
func (s *SNMP) SecurityLevel() string {
	if s.Level == "" {
		return "authPriv"
	}
	return s.Level
}

// Authenticated tells whether version 3 needs an authentication passphrase.
func (s *SNMP) Authenticated() bool { return s.SecurityLevel() != "noAuthNoPriv" }

// Private tells whether version 3 needs a privacy passphrase.
func (s *SNMP) Private() bool { return s.SecurityLevel() == "authPriv" }

// Unused names what is set and has no meaning in the version: who sets a password
// beside version 2c believes that it protects something.
func (s *SNMP) Unused() []string {
	of := []struct{ name, value, versions string }{
		{"community", s.Community, "1 2c"},
		{"user", s.User, "3"}, {"level", s.Level, "3"},
		{"auth", s.Auth, "3"}, {"auth_pass", s.AuthPass, "3"},
		{"privacy", s.Privacy, "3"}, {"privacy_pass", s.PrivPass, "3"},
	}
	var names []string
	for _, o := range of {
		if o.value != "" && !listed(o.versions, s.Version) {
			names = append(names, o.name)
		}
	}
	return names
}

// Check says which part is missing, not known, or given and not used.
func (s *SNMP) Check() error {
	if !listed(SNMPVersions, s.Version) {
		return fmt.Errorf("snmp version is %s, want one of: %s", quote(s.Version), SNMPVersions)
	}
	if unused := s.Unused(); len(unused) > 0 {
		return fmt.Errorf("snmp %s is not used by version %s", unused[0], s.Version)
	}
	if s.Version != "3" {
		return s.checkCommunity()
	}
	if s.User == "" || len(s.User) > MaxSNMPUser {
		return fmt.Errorf("snmp 3 needs a user of at most %d bytes", MaxSNMPUser)
	}
	if !listed(SNMPLevels, s.SecurityLevel()) {
		return fmt.Errorf("snmp level is %s, want one of: %s", quote(s.Level), SNMPLevels)
	}
	err := s.checkPart("auth", s.Authenticated(), s.Auth, SNMPAuths, s.AuthPass)
	if err != nil {
		return err
	}
	return s.checkPart("privacy", s.Private(), s.Privacy, SNMPPrivacies, s.PrivPass)
}

func (s *SNMP) checkCommunity() error {
	if s.Community == "" {
		return fmt.Errorf("snmp %s needs a community", s.Version)
	}
	if len(s.Community) > MaxCommunity {
		return fmt.Errorf("snmp community has %d bytes, at most %d", len(s.Community), MaxCommunity)
	}
	return nil
}

// checkPart holds an algorithm and its passphrase, which is never shown.
func (s *SNMP) checkPart(name string, used bool, algorithm, known, pass string) error {
	switch {
	case !used && algorithm+pass == "":
		return nil
	case !used:
		return fmt.Errorf("snmp %s and %s_pass are not used at level %s", name, name, s.SecurityLevel())
	case algorithm == "" && pass == "":
		return fmt.Errorf("snmp level %s needs %s and %s_pass", s.SecurityLevel(), name, name)
	case !listed(known, algorithm):
		return fmt.Errorf("snmp %s is %s, want one of: %s", name, quote(algorithm), known)
	case len(pass) < MinPassphrase:
		return errors.New("snmp " + name + "_pass needs at least 8 characters")
	}
	return nil
}
