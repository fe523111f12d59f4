package round

import "time"

// What a small probe costs is the processor's waking up for it. Tasks that start together
// share that: fifty targets cost 40 % less CPU in five slots than in fifty (measured).
const (
	together  = 10 // tasks in a slot; ten echoes are less than a kilobyte
	fewest    = 6  // slots of a small office
	afterward = 10 * time.Millisecond
)

// phases is when in its interval each task starts. Neighbours in the list, such as the
// addresses beyond the office's line, are in different slots and do not queue before
// each other on it. A task starts after its parent, were it by a moment: then it can wait
// for what the parent's round says. nodes are in [order].
func phases(nodes []*node, interval time.Duration) map[*node]time.Duration {
	slots := max((len(nodes)+together-1)/together, min(len(nodes), fewest))
	out := make(map[*node]time.Duration, len(nodes))
	for i, n := range nodes {
		out[n] = interval * time.Duration(i%slots) / time.Duration(slots)
		if n.parent != nil {
			out[n] = max(out[n], out[n.parent]+min(afterward, interval/100))
		}
	}
	return out
}
