package round

import "time"

// What a small probe costs is less its own work than the machine's waking up for it: fifty
// targets whose rounds are spread over a minute take three times the CPU of fifty whose
// rounds overlap (measured), and those that start at the very same moment hold up each
// other's clocks. So the starts are apart, and close.
const (
	window  = 200 * time.Millisecond // in which all start: as long as a target's echoes are apart, so that all echoes interleave
	closest = 4 * time.Millisecond   // at least, where there are many: an echo answered nearby takes a tenth of it
)

// phases is when in its interval each task starts. Parents' rounds come before those
// behind them, and are over by then if the interval allows: nobody waits, and nobody who
// waited starts together with others. nodes are in [order].
func phases(nodes []*node, interval time.Duration) map[*node]time.Duration {
	generations := [][]*node{nil}
	for _, n := range nodes {
		if n.depth == len(generations) {
			generations = append(generations, nil)
		}
		generations[n.depth] = append(generations[n.depth], n)
	}
	out := make(map[*node]time.Duration, len(nodes))
	share := interval / time.Duration(len(generations))
	for depth, generation := range generations {
		step := between(len(generation), share)
		for i, n := range generation {
			out[n] = time.Duration(depth)*share + time.Duration(scattered(i, len(generation)))*step
		}
	}
	return out
}

// between is the time from one start of n to the next; all are within half the share.
func between(n int, share time.Duration) time.Duration {
	if n == 0 {
		return 0
	}
	return min(max(window/time.Duration(n), closest), share/2/time.Duration(n))
}

// scattered is the place of the i-th of n in a sequence in which neighbours, such as the
// addresses beyond the office's slow line, are far from each other.
func scattered(i, n int) int {
	stride := n * 382 / 1000 // of the golden section
	for gcd(max(stride, 1), n) > 1 {
		stride++
	}
	return i * max(stride, 1) % n
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
