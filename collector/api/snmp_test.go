package api

import (
	"strings"
	"testing"
)

func version3() SNMP {
	return SNMP{Version: "3", User: "u", Auth: "SHA-256", AuthPass: "12345678", Privacy: "AES", PrivPass: "12345678"}
}

func TestEveryKnownWayToAskIsAllowed(t *testing.T) {
	for _, s := range []SNMP{
		{Version: "1", Community: "public"},
		{Version: "2c", Community: strings.Repeat("c", MaxCommunity)},
		{Version: "3", User: "u", Level: "noAuthNoPriv"},
		{Version: "3", User: "u", Level: "authNoPriv", Auth: "MD5", AuthPass: "12345678"},
		version3(),
	} {
		if err := s.Check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for auth := range strings.SplitSeq(SNMPAuths, " ") {
		for privacy := range strings.SplitSeq(SNMPPrivacies, " ") {
			s := version3()
			s.Auth, s.Privacy = auth, privacy
			if err := s.Check(); err != nil {
				t.Errorf("%s, %s: %v", auth, privacy, err)
			}
		}
	}
}

func TestAWayToAskThatDoesNotHoldIsComplainedOf(t *testing.T) {
	for want, change := range map[string]func(*SNMP){
		`snmp version is "", want one of: 1 2c 3`:                                                  func(s *SNMP) { s.Version = "" },
		`snmp 1 needs a community`:                                                                 func(s *SNMP) { *s = SNMP{Version: "1"} },
		`snmp 2c needs a community`:                                                                func(s *SNMP) { *s = SNMP{Version: "2c"} },
		`snmp community has 128 bytes, at most 127`:                                                func(s *SNMP) { *s = SNMP{Version: "2c", Community: strings.Repeat("c", 128)} },
		`snmp user is not used by version 2c`:                                                      func(s *SNMP) { s.Version = "2c" },
		`snmp community is not used by version 3`:                                                  func(s *SNMP) { s.Community = "public" },
		`snmp 3 needs a user of at most 32 bytes`:                                                  func(s *SNMP) { s.User = strings.Repeat("u", 33) },
		`snmp level is "auth", want one of: authPriv authNoPriv noAuthNoPriv`:                      func(s *SNMP) { s.Level = "auth" },
		`snmp level authPriv needs privacy and privacy_pass`:                                       func(s *SNMP) { s.Privacy, s.PrivPass = "", "" },
		`snmp level authPriv needs auth and auth_pass`:                                             func(s *SNMP) { s.Auth, s.AuthPass = "", "" },
		`snmp privacy and privacy_pass are not used at level authNoPriv`:                           func(s *SNMP) { s.Level = "authNoPriv" },
		`snmp auth and auth_pass are not used at level noAuthNoPriv`:                               func(s *SNMP) { s.Level = "noAuthNoPriv" },
		`snmp auth is "SHA", want one of: SHA-224 SHA-256 SHA-384 SHA-512 SHA-1 MD5`:               func(s *SNMP) { s.Auth = "SHA" },
		`snmp auth is "", want one of: SHA-224 SHA-256 SHA-384 SHA-512 SHA-1 MD5`:                  func(s *SNMP) { s.Auth = "" },
		`snmp privacy is "3DES", want one of: AES AES-128 AES-192 AES-256 AES-192-C AES-256-C DES`: func(s *SNMP) { s.Privacy = "3DES" },
		`snmp auth_pass needs at least 8 characters`:                                               func(s *SNMP) { s.AuthPass = "1234567" },
		`snmp privacy_pass needs at least 8 characters`:                                            func(s *SNMP) { s.PrivPass = "1234567" },
	} {
		s := version3()
		change(&s)
		if err := s.Check(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
