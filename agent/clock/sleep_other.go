//go:build !linux

package clock

import "time"

// resolution of time.Now: Windows' interrupt time ticks up to 15.6 ms apart.
const resolution = 16 * time.Millisecond

// suspended: on Windows Go's monotonic clock is the interrupt time, which goes on
// while the machine is suspended.
func suspended() time.Duration { return 0 }
