package inventory

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Window is a time of planned work: measured, shown, not alarmed.
type Window struct {
	From, Until time.Time
	Reason      string
}

// Limits of maintenance.csv. A longer window is a site that is gone, or a wrong year.
const (
	maxWindows    = 5_000
	maxWindowDays = 92
	maxWindow     = maxWindowDays * 24 * time.Hour
	firstYear     = 2020
)

// scopeAll is of every site.
const scopeAll = "all"

// Maintenance are the windows of a site that touch from..until, by their beginning. One
// that ends at a moment is over then.
func (inv *Inventory) Maintenance(site string, from, until time.Time) []Window {
	s, known := inv.Site(site)
	if !known || len(inv.windows) == 0 {
		return nil
	}
	var found []Window
	scopes := []string{scopeAll, s.AreaCode, s.Provider, s.ID}
	for _, scope := range scopes {
		found = append(found, touching(inv.windows[scope], from, until)...)
	}
	slices.SortStableFunc(found, byBeginning)
	return found
}

// touching finds those of a list, which is sorted by beginning, without looking at what
// is long over.
func touching(windows []Window, from, until time.Time) []Window {
	first, _ := slices.BinarySearchFunc(windows, from.Add(-maxWindow), func(w Window, t time.Time) int { return w.From.Compare(t) })
	var found []Window
	for _, w := range windows[first:] {
		if w.From.After(until) {
			break
		}
		if w.Until.After(from) {
			found = append(found, w)
		}
	}
	return found
}

func byBeginning(a, b Window) int {
	return cmp.Or(a.From.Compare(b.From), a.Until.Compare(b.Until), strings.Compare(a.Reason, b.Reason))
}

// window reads a row of maintenance.csv.
func (r *reading) window(row *row) {
	w := Window{From: row.moment("from"), Until: row.moment("until"), Reason: row.needed("reason")}
	scope := row.needed("scope")
	switch {
	case !row.right("from", "until"):
	case !w.Until.After(w.From):
		row.refuse("until", "inventory.window_order")
	case w.Until.Sub(w.From) > maxWindow:
		row.refuse("until", "inventory.window_long", maxWindowDays)
	}
	switch n := r.named(scope); {
	case scope == "":
	case n == 0 && !r.unread(scope):
		row.refuse("scope", "inventory.scope")
	case n > 1:
		row.refuse("scope", "inventory.scope_two")
	}
	if row.right("from", "until", "scope", "reason") {
		r.inv.windows[scope] = append(r.inv.windows[scope], w)
	}
	if r.Counts.Windows++; r.Counts.Windows == maxWindows+1 {
		r.add(row.spots[0], "inventory.windows_too_many", maxWindows)
	}
}

// named is how many things have that name: a provider may be called as an area is.
func (r *reading) named(scope string) int {
	n := 0
	if scope == scopeAll {
		n++
	}
	if _, known := r.siteAt[scope]; known {
		n++
	}
	if _, known := r.areas[scope]; known {
		n++
	}
	if _, known := r.provider[scope]; known {
		n++
	}
	return n
}

// unread tells whether it may stand in a table that could not be read through.
func (r *reading) unread(scope string) bool {
	return !r.whole[sitesFile] && siteID.MatchString(scope) ||
		!r.whole[areasFile] && areaCode.MatchString(scope) ||
		!r.whole[providersFile] && plainName.MatchString(scope)
}

// sortWindows puts each list in the order that [touching] wants.
func (r *reading) sortWindows() {
	for _, list := range r.inv.windows {
		slices.SortFunc(list, byBeginning)
	}
}

// shownMoment is a date as Excel shows it, with or without a time.
var shownMoment = regexp.MustCompile(`^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}( .*)?$`)

// moment reads a minute as it is on the clock in Vietnam.
func (r *row) moment(column string) time.Time {
	s := r.text(column)
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		t, err := time.ParseInLocation(form, s, vietnam)
		if err == nil && t.Format(form) == s {
			if t.Year() < firstYear {
				r.refuse(column, "inventory.moment_early")
			}
			return t
		}
	}
	switch {
	case s == "":
		r.complain(column, "config.missing", column)
	case shownMoment.MatchString(s):
		r.refuse(column, "inventory.moment_shown")
	default:
		r.refuse(column, "inventory.moment")
	}
	return time.Time{}
}
