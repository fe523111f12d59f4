package icmp

import "time"

// standstill is how long a process must not run for its round to be void.
func standstill(timeout time.Duration) time.Duration { return max(500*time.Millisecond, timeout/4) }
