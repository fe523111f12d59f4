//go:build !linux

package clock

import "time"

// resolution of time.Now: Windows' interrupt time ticks up to 15.6 ms apart.
const resolution = 16 * time.Millisecond

// suspended: on Windows there is nothing to add. Go's monotonic clock there is the
// interrupt time (1.26.8: nanotime1 in runtime/sys_windows_{386,amd64,arm64}.s reads
// KUSER_SHARED_DATA.InterruptTime), which is "biased" by time asleep and hibernated: it
// is QueryUnbiasedInterruptTime that leaves that out. So a sleep is counted but not
// seen, and a second that it was counted wrong shows only with the next exchange.
func suspended() time.Duration { return 0 }

// readBoot: Windows names no boot in a way that survives a clock that is set, and its
// fast start-up is a kind of sleep. Sessions are placed there by their neighbours.
func readBoot() boot { return boot{} }
