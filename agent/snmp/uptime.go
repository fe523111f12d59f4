package snmp

import (
	"time"

	"github.com/gosnmp/gosnmp"
)

// uptime is what a device says of its own time at one moment. sysUpTime decides;
// the others explain it where it went back.
type uptime struct {
	at     time.Time // ours, when it was asked
	system counter   // sysUpTime, hundredths of a second in 32 bits: wraps after 497 days
	host   counter   // hrSystemUptime, likewise; not reset when only the SNMP agent restarts
	engine counter   // snmpEngineTime, seconds
	boots  counter   // snmpEngineBoots
}

const tick = 10 * time.Millisecond

func uptimeOf(at time.Time, values map[string]gosnmp.SnmpPDU) uptime {
	return uptime{
		at:     at,
		system: counter32(values[sysUpTime]),
		host:   counter32(values[hrSystemUptime]),
		engine: counter32(values[snmpEngineTime]),
		boots:  counter32(values[snmpEngineBoots]),
	}
}

// continues tells whether the device ran without a restart since before, beyond
// doubt. A device whose uptime is not known may have restarted.
func (u uptime) continues(before uptime) bool {
	if u.boots.bits == before.boots.bits && u.boots.value != before.boots.value {
		return false
	}
	elapsed := u.at.Sub(before.at)
	// Devices' clocks drift, and some move in steps of seconds.
	slack := 10*time.Second + elapsed/10
	grown, around, known := u.system.since(before.system)
	lag := elapsed - time.Duration(grown)*tick
	switch {
	case !known || elapsed < 0:
		return false
	case lag.Abs() <= slack:
		return true // with or without a wrap
	case !around:
		// Less than elapsed: it restarted and has grown past the old value since.
		// More: it is another device, since our clock counts a sleep.
		return false
	}
	// Some agents wrap earlier than at 2^32 (they count milliseconds inside).
	return keepsTime(u.engine, before.engine, time.Second, elapsed, slack) ||
		keepsTime(u.host, before.host, tick, elapsed, slack)
}

func keepsTime(now, before counter, unit, elapsed, slack time.Duration) bool {
	grown, _, known := now.since(before)
	return known && (elapsed-time.Duration(grown)*unit).Abs() <= slack
}

// seconds is how long the device is up: snmpEngineTime, else hrSystemUptime, else
// sysUpTime.
func (u uptime) seconds() (float64, bool) {
	switch {
	case u.engine.bits != 0:
		return float64(u.engine.value), true
	case u.host.bits != 0:
		return float64(u.host.value) / 100, true
	case u.system.bits != 0:
		return float64(u.system.value) / 100, true
	}
	return 0, false
}
