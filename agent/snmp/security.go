package snmp

import (
	"errors"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

const defaultPort = 161

// gosnmp would keep every key that it derives for ever, also those for engines that
// somebody on the line makes up. Ours are kept with the device.
func init() { gosnmp.PasswordCaching(false) }

// The algorithms by their names in [api.SNMPAuths] and [api.SNMPPrivacies].
var (
	authentications = map[string]gosnmp.SnmpV3AuthProtocol{
		"MD5": gosnmp.MD5, "SHA-1": gosnmp.SHA, // RFC 3414
		"SHA-224": gosnmp.SHA224, "SHA-256": gosnmp.SHA256, "SHA-384": gosnmp.SHA384, "SHA-512": gosnmp.SHA512, // RFC 7860
	}
	privacies = map[string]gosnmp.SnmpV3PrivProtocol{
		"DES": gosnmp.DES, "AES": gosnmp.AES, "AES-128": gosnmp.AES,
		"AES-192": gosnmp.AES192, "AES-256": gosnmp.AES256,
		"AES-192-C": gosnmp.AES192C, "AES-256-C": gosnmp.AES256C,
	}
)

func newHandle(t api.Target) (*gosnmp.GoSNMP, error) {
	if t.SNMP == nil {
		return nil, errors.New("no snmp settings")
	}
	if err := t.SNMP.Check(); err != nil {
		return nil, err
	}
	handle := &gosnmp.GoSNMP{Target: t.Address, Port: t.SNMP.Port, Version: gosnmp.Version2c, Community: t.SNMP.Community}
	if handle.Port == 0 {
		handle.Port = defaultPort
	}
	switch t.SNMP.Version {
	case "1":
		handle.Version = gosnmp.Version1
	case "3":
		handle.Version, handle.Community = gosnmp.Version3, ""
		secure(handle, t.SNMP)
	}
	return handle, nil
}

func secure(handle *gosnmp.GoSNMP, s *api.SNMP) {
	usm := &gosnmp.UsmSecurityParameters{UserName: s.User}
	handle.SecurityModel, handle.SecurityParameters, handle.MsgFlags = gosnmp.UserSecurityModel, usm, gosnmp.NoAuthNoPriv
	if s.Authenticated() {
		handle.MsgFlags = gosnmp.AuthNoPriv
		usm.AuthenticationProtocol, usm.AuthenticationPassphrase = authentications[s.Auth], s.AuthPass
	}
	if s.Private() {
		handle.MsgFlags = gosnmp.AuthPriv
		usm.PrivacyProtocol, usm.PrivacyPassphrase = privacies[s.Privacy], s.PrivPass
	}
}

// usm is the security of a conversation of version 3, nil for another.
func (c *conversation) usm() *gosnmp.UsmSecurityParameters {
	usm, _ := c.handle.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	return usm
}

// recall takes up the engine of the last poll. If its time has gone another way
// since, the device says so and is asked again.
func (c *conversation) recall() {
	e, usm := &c.habits.engine, c.usm()
	if usm == nil || e.id == "" {
		return
	}
	c.recalled = true
	c.handle.ContextEngineID = e.id
	usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots = e.id, e.boots
	usm.AuthoritativeEngineTime = e.time + uint32(time.Since(e.at)/time.Second)
	usm.SecretKey, usm.PrivacyKey = e.auth, e.privacy
}

// forget has the engine asked for again.
func (c *conversation) forget() {
	c.recalled, c.habits.engine = false, engine{}
	c.handle.ContextEngineID = ""
	usm := c.usm()
	usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots, usm.AuthoritativeEngineTime = "", 0, 0
	usm.SecretKey, usm.PrivacyKey = nil, nil
}

// remember keeps the engine for the next poll, if it has shown that it is real.
func (c *conversation) remember() {
	usm := c.usm()
	if usm == nil || !c.heard {
		return
	}
	c.habits.engine = engine{
		id: usm.AuthoritativeEngineID, boots: usm.AuthoritativeEngineBoots, time: usm.AuthoritativeEngineTime, at: time.Now(),
		auth: usm.SecretKey, privacy: usm.PrivacyKey,
	}
}
