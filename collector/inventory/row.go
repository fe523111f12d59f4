package inventory

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// Where Vietnam lies, with its islands, in degrees.
const minLat, maxLat, minLon, maxLon = 6, 24, 102, 118

// row is a line of a table. Each cell is complained of once, for the first thing that
// is wrong with it; what was read from such a cell is of no use.
type row struct {
	*table
	cells []string
	spots []spot
	wrong []bool
	lost  bool // what it stands for is not known, so that others may refer to it in vain
}

func (r *row) complain(column string, key say.Key, args ...any) {
	i := r.column[column]
	if i < 0 {
		r.add(r.spots[0], key, args...)
		return
	}
	if !r.wrong[i] {
		r.wrong[i] = true
		r.add(r.spots[i], key, args...)
	}
}

// refuse is complain with the column and its value before the arguments.
func (r *row) refuse(column string, key say.Key, args ...any) {
	r.complain(column, key, append([]any{column, short(r.text(column))}, args...)...)
}

func (r *row) spot(column string) spot {
	if i := r.column[column]; i >= 0 {
		return r.spots[i]
	}
	return r.spots[0]
}

// right tells whether nothing was wrong with these columns so far.
func (r *row) right(columns ...string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return r.column[c] >= 0 && r.wrong[r.column[c]] })
}

func (r *row) text(column string) string {
	if i := r.column[column]; i >= 0 {
		return r.cells[i]
	}
	return ""
}

func (r *row) needed(column string) string {
	if r.text(column) == "" {
		r.complain(column, "config.missing", column)
	}
	return r.text(column)
}

func (r *row) oneOf(column string, allowed ...string) string {
	if slices.Contains(allowed, r.text(column)) {
		return r.text(column)
	}
	if allowed[0] == "" {
		r.refuse(column, "inventory.one_of_or_empty", strings.Join(allowed[1:], ", "))
	} else {
		r.refuse(column, "inventory.one_of", strings.Join(allowed, ", "))
	}
	return r.text(column)
}

// code is an identifier that must have a form; digits is how many it has if it has
// nothing else, 0 if it has.
func (r *row) code(column string, form *regexp.Regexp, digits int, want say.Key) string {
	s := r.text(column)
	switch {
	case form.MatchString(s):
	case s == "":
		r.complain(column, "config.missing", column)
	case scientific.MatchString(s):
		r.refuse(column, "inventory.scientific")
	case len(s) < digits && allDigits.MatchString(s):
		r.refuse(column, "inventory.zeros_lost", digits)
	default:
		r.refuse(column, "inventory.form", want)
	}
	return s
}

var (
	siteID     = regexp.MustCompile(`^[a-z]{2}-[0-9]{5}$`)
	unitCode   = regexp.MustCompile(`^[0-9]{5}$`)
	areaCode   = regexp.MustCompile(`^[0-9]{3}$`)
	plainName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	decimal    = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,6}$`)
	allDigits  = regexp.MustCompile(`^[0-9]+$`)
	scientific = regexp.MustCompile(`^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$`) // 8,4E+10
	shownDate  = regexp.MustCompile(`^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}$`)
	phoneForm  = regexp.MustCompile(`^\+?[0-9][0-9 .()/-]{1,58}[0-9]$`)
	noZero     = regexp.MustCompile(`^[2-9][0-9]{8,9}$`) // a number of ours begins with 0, one that is dialled alone with 1
	dayNumber  = regexp.MustCompile(`^[3-5][0-9]{4}$`)   // 1982 to 2064
)

func (r *row) day(column string) time.Time {
	s := r.text(column)
	t, err := time.ParseInLocation(time.DateOnly, s, vietnam)
	switch {
	case err == nil:
	case s == "":
		r.complain(column, "config.missing", column)
	case shownDate.MatchString(s):
		r.refuse(column, "inventory.date_shown")
	case dayNumber.MatchString(s):
		n, _ := strconv.Atoi(s) // five digits
		r.refuse(column, "inventory.date_number", time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	default:
		r.refuse(column, "inventory.date")
	}
	return t
}

// phone may hold several numbers with "/" between them.
func (r *row) phone(column string) string {
	s := r.text(column)
	bare := strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s)
	switch {
	case s == "":
	case scientific.MatchString(s):
		r.refuse(column, "inventory.scientific")
	case noZero.MatchString(bare) && !strings.HasPrefix(bare, "84"):
		r.refuse(column, "inventory.zero_lost")
	case !phoneForm.MatchString(s):
		r.refuse(column, "inventory.phone")
	}
	return s
}

// position reads a pair of coordinates.
func (r *row) position() (lat, lon float64) {
	lat, latOK := r.degrees("latitude")
	lon, lonOK := r.degrees("longitude")
	within := func(v, low, high float64) bool { return v >= low && v <= high }
	if latOK && lonOK && within(lat, minLon, maxLon) && within(lon, minLat, maxLat) {
		r.complain("latitude", "inventory.swapped", r.text("latitude"), r.text("longitude"))
		return lat, lon
	}
	if latOK && !within(lat, minLat, maxLat) {
		r.refuse("latitude", "inventory.degrees", minLat, maxLat)
	}
	if lonOK && !within(lon, minLon, maxLon) {
		r.refuse("longitude", "inventory.degrees", minLon, maxLon)
	}
	return lat, lon
}

// degrees reads a number; where a comma does not part cells it may stand for the point.
func (r *row) degrees(column string) (float64, bool) {
	s := r.text(column)
	if r.comma != ',' {
		s = strings.Replace(s, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err == nil && decimal.MatchString(s) && r.right(column):
		return f, true
	case s == "":
		r.complain(column, "config.missing", column)
	case scientific.MatchString(s):
		r.refuse(column, "inventory.scientific")
	case len(s) > 3 && allDigits.MatchString(strings.ReplaceAll(s, ".", "")):
		r.refuse(column, "inventory.point_lost")
	default:
		r.refuse(column, "inventory.number")
	}
	return 0, false
}

// clean holds every cell against what a text may be.
func (r *row) clean() {
	for column, i := range r.column {
		if i < 0 {
			continue
		}
		switch cell := r.cells[i]; {
		case len(cell) > maxTextBytes:
			r.complain(column, "config.too_long", column, maxTextBytes)
		case strings.ContainsRune(cell, unicode.ReplacementChar) || personal(column) && strings.Contains(cell, "?"):
			r.refuse(column, "inventory.letters_lost")
		case settings.Misread(cell):
			r.refuse(column, "inventory.misread")
		case !norm.NFC.IsNormalString(cell):
			r.refuse(column, "inventory.nfc", norm.NFC.String(cell))
		case cell != strings.TrimSpace(cell) || strings.ContainsFunc(cell, unprintable):
			r.refuse(column, "inventory.unprintable")
		}
	}
}

// personal columns hold the names of places and people, in which nothing is asked.
func personal(column string) bool {
	return column == "name" || column == "responsible" || column == "address"
}

func unprintable(c rune) bool { return c != ' ' && !unicode.IsGraphic(c) }
