//go:build !linux

package clock

import "time"

// resolution of time.Now: Windows' interrupt time ticks up to 15.6 ms apart.
const resolution = 16 * time.Millisecond

// suspended: on Windows Go's monotonic clock is the interrupt time, which goes on
// while the machine is suspended.
func suspended() time.Duration { return 0 }

// readBoot: Windows names no boot in a way that survives a clock that is set, and its
// fast start-up is a kind of sleep. Sessions are placed there by their neighbours.
func readBoot() boot { return boot{} }
