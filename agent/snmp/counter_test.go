package snmp

import (
	"testing"
	"time"
)

func wide(n uint64) flow   { return flow{octets: counter{n, 64}} }
func narrow(n uint64) flow { return flow{octets: counter{n, 32}} }

func framed(octets, unicast, others uint64) flow {
	return flow{octets: counter{octets, 32}, unicast: counter{unicast, 32}, others: counter{others, 32}}
}

func TestADifferenceIsGivenOnlyIfItIsBeyondDoubt(t *testing.T) {
	const unknown = -1
	minute := time.Minute
	for _, c := range []struct {
		name        string
		span        span
		before, now flow
		want        int64
	}{
		{"64 bits grow", span{minute, gigabit}, wide(12_000), wide(60_000), 48_000},
		{"64 bits stand still", span{minute, gigabit}, wide(12_000), wide(12_000), 0},
		{"64 bits go back", span{minute, gigabit}, wide(8_000_000_000_000), wide(12_000), unknown},
		{"64 bits come back from a moment of zero", span{minute, gigabit}, wide(0), wide(8_000_000_000_000), unknown},
		{"64 bits on a tunnel that states 10 kbit/s", span{minute, 10_000}, wide(0), wide(500_000_000), 500_000_000},
		{"64 bits, then 32", span{minute, gigabit}, wide(12_000), narrow(60_000), unknown},
		{"not read before", span{minute, gigabit}, flow{}, wide(60_000), unknown},
		{"not read now", span{minute, gigabit}, wide(60_000), flow{}, unknown},
		{"32 bits wrap", span{minute, 100_000_000}, narrow(4_294_900_000), narrow(32_000), 99_296},
		{"32 bits wrap on gigabit", span{minute, gigabit}, narrow(4_294_900_000), narrow(32_000), 99_296},
		{"32 bits wrap at an unknown speed", span{minute, 0}, narrow(4_294_900_000), narrow(32_000), 99_296},
		{"32 bits wrap further than the line carries", span{minute, 10_000_000}, narrow(3_000_000_000), narrow(1_000), unknown},
		{"32 bits may have wrapped unseen in ten minutes", span{10 * minute, gigabit}, narrow(1_000), narrow(2_000), unknown},
		{"and cannot have at 10 Mbit/s", span{10 * minute, 10_000_000}, narrow(1_000), narrow(2_000), 1_000},
		{"few frames cannot hide a wrap", span{10 * minute, gigabit}, framed(1_000, 5, 5), framed(2_000, 9, 9), 1_000},
		{"many frames can", span{minute, gigabit}, framed(1_000, 0, 0), framed(2_000, 4_000_000, 1_000), unknown},
		{"unless the line cannot", span{minute, 100_000_000}, framed(1_000, 0, 0), framed(2_000, 4_000_000, 1_000), 1_000},
		{"frames that are not counted tell nothing", span{minute, gigabit}, framed(1_000, 0, 0), framed(90_000, 0, 0), 89_000},
		{"frames that go back: the counters were cleared", span{minute, gigabit}, framed(3_000_000_000, 90_000, 7), framed(1_000, 10, 0), unknown},
		{"also if the octets have outgrown the old", span{minute, gigabit}, framed(1_000, 90_000, 7), framed(9_000, 10, 0), unknown},
	} {
		got, known := c.span.octets(c.before, c.now)
		if !known {
			got = unknown
		}
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestErrorsThatWereClearedAreNotAFloodOfErrors(t *testing.T) {
	minute := span{time.Minute, 100_000_000}
	for _, c := range []struct {
		name        string
		before, now counter
		want        int64
	}{
		{"grow", counter{10, 32}, counter{17, 32}, 7},
		{"cleared", counter{3_000, 32}, counter{0, 32}, 0},
		{"wrap", counter{4_294_967_290, 32}, counter{4, 32}, 10},
		{"more than frames fit the line", counter{0, 32}, counter{4_000_000_000, 32}, 0},
		{"not read before", counter{}, counter{5, 32}, 0},
	} {
		if got := minute.events(c.before, c.now); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestARestartIsToldFromAWrap(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	ticks := func(d time.Duration) counter { return counter{uint64(d / tick), 32} }
	seconds := func(n uint64) counter { return counter{n, 32} }
	const top = 1<<32 - 1000 // 10 s before sysUpTime wraps
	for _, c := range []struct {
		name        string
		before, now uptime
		apart       time.Duration
		want        bool
	}{
		{"a minute later", uptime{system: ticks(time.Hour)}, uptime{system: ticks(time.Hour + time.Minute)}, time.Minute, true},
		{"a clock 5 % slow", uptime{system: ticks(time.Hour)}, uptime{system: ticks(time.Hour + 57*time.Second)}, time.Minute, true},
		{"another device, that is up longer", uptime{system: ticks(time.Hour)}, uptime{system: ticks(2 * time.Hour)}, time.Minute, false},
		{"restarted", uptime{system: ticks(time.Hour)}, uptime{system: ticks(20 * time.Second)}, time.Minute, false},
		{"restarted and outgrown the old", uptime{system: ticks(time.Minute)}, uptime{system: ticks(50 * time.Minute)}, time.Hour, false},
		{"wrapped", uptime{system: counter{top, 32}}, uptime{system: counter{5_000, 32}}, time.Minute, true},
		{"restarted near the wrap", uptime{system: counter{top, 32}}, uptime{system: counter{5_000, 32}}, time.Hour, false},
		{"wraps early, the engine's time goes on",
			uptime{system: ticks(49 * 24 * time.Hour), engine: seconds(9_000_000), boots: seconds(3)},
			uptime{system: ticks(time.Second), engine: seconds(9_000_060), boots: seconds(3)}, time.Minute, true},
		{"wraps early, the host's time goes on",
			uptime{system: ticks(49 * 24 * time.Hour), host: ticks(100 * 24 * time.Hour)},
			uptime{system: ticks(time.Second), host: ticks(100*24*time.Hour + time.Minute)}, time.Minute, true},
		{"booted once more", uptime{system: ticks(time.Minute), boots: seconds(3)}, uptime{system: ticks(2 * time.Minute), boots: seconds(4)}, time.Minute, false},
		{"uptime is not told", uptime{}, uptime{}, time.Minute, false},
		{"uptime was not told", uptime{}, uptime{system: ticks(time.Hour)}, time.Minute, false},
	} {
		c.before.at, c.now.at = start, start.Add(c.apart)
		if got := c.now.continues(c.before); got != c.want {
			t.Errorf("%s: continues = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUptimeIsTheEnginesElseTheHostsElseTheSystems(t *testing.T) {
	all := uptime{system: counter{100, 32}, host: counter{2_000, 32}, engine: counter{300, 32}}
	for _, c := range []struct {
		u    uptime
		want float64
	}{{all, 300}, {uptime{system: all.system, host: all.host}, 20}, {uptime{system: all.system}, 1}} {
		if got, known := c.u.seconds(); !known || got != c.want {
			t.Errorf("got %v, %v, want %v", got, known, c.want)
		}
	}
	if _, known := (uptime{}).seconds(); known {
		t.Error("an uptime out of nothing")
	}
}
