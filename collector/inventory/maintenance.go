package inventory

import "time"

// Window is a time of planned work: measured, shown, not alarmed.
type Window struct {
	From, Until time.Time
	Reason      string
}

// Maintenance are the windows of a site that touch from..until, by their beginning.
func (inv *Inventory) Maintenance(site string, from, until time.Time) []Window { return nil }
