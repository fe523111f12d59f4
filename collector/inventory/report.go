package inventory

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// maxProblems bounds what is told of one folder: whoever has a thousand mistakes has
// one of a kind that the first hundred show.
const maxProblems = 1_000

// Report is all that is wrong in a folder: Errors, for which it is not used, and
// Warnings, which a person should look at. Each has file:line:column.
type Report struct {
	Errors, Warnings settings.Problems
	Counts           Counts
}

// Counts is what there is.
type Counts struct {
	Sites     int            `json:"sites"`
	Areas     int            `json:"areas"`
	Steps     []Step         `json:"units"`
	Terrain   map[string]int `json:"terrain"`
	Providers int            `json:"providers"`
	Calendars int            `json:"calendars"` // that calendars.yaml names
	Measured  int            `json:"measured"`  // sites with targets of their own; the others measure what an office always has
	Profiles  int            `json:"profiles"`
	Windows   int            `json:"windows"` // of maintenance
}

// Step is a day on which units changed, and how many there were from then on.
type Step struct {
	From  string `json:"from"`
	Units int    `json:"units"`
}

// spot is a place in a file of the folder.
type spot struct {
	file         string
	line, column int
}

// report gathers.
type report struct{ Report }

func (r *report) add(at spot, key say.Key, args ...any) {
	switch n := len(r.Errors); {
	case n < maxProblems:
		r.Errors = append(r.Errors, at.problem(key, args...))
	case n == maxProblems:
		r.Errors = append(r.Errors, at.problem("inventory.more", maxProblems))
	}
}

func (r *report) warn(at spot, key say.Key, args ...any) {
	if len(r.Warnings) < maxProblems {
		r.Warnings = append(r.Warnings, at.problem(key, args...))
	}
}

func (s spot) problem(key say.Key, args ...any) settings.Problem {
	return settings.Problem{File: s.file, Line: s.line, Column: s.column, Key: key, Args: args}
}

// failed tells whether something of the file is wrong.
func (r *report) failed(file string) bool {
	return slices.ContainsFunc(r.Errors, func(p settings.Problem) bool { return p.File == file })
}

// sorted puts both in the order of files, lines and columns.
func (r *report) sorted() Report {
	for _, all := range []settings.Problems{r.Errors, r.Warnings} {
		slices.SortStableFunc(all, func(a, b settings.Problem) int {
			return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
		})
	}
	return r.Report
}

// read gives a file of the folder, and complains of one that is missing and should be
// there, is no plain file, or is too large.
func (r *reading) read(name string, most int64, optional bool) ([]byte, bool) {
	start := spot{name, 1, 1}
	info, err := fs.Stat(r.files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && optional:
		return nil, false
	case errors.Is(err, fs.ErrNotExist):
		r.add(start, "inventory.no_file")
		return nil, false
	case err != nil:
		r.add(start, "config.file", name, err.Error())
		return nil, false
	case !info.Mode().IsRegular():
		r.add(start, "inventory.no_plain_file") // nothing is read of a pipe, which nobody may ever write to
		return nil, false
	}
	f, err := r.files.Open(name)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f, most+1))
		f.Close()
	}
	if err != nil {
		r.add(start, "config.file", name, err.Error())
		return nil, false
	}
	if int64(len(data)) > most {
		r.add(start, "config.too_large", most)
		return nil, false
	}
	return data, true
}

// yaml reads an optional YAML file; nil if it is not there or cannot be read.
func (r *reading) yaml(name string, into any) *settings.File {
	data, found := r.read(name, settings.MaxBytes, true)
	if !found {
		return nil
	}
	file, err := settings.Decode(name, data, into)
	if err != nil && name == secretsFile {
		err = private(err)
	}
	if err != nil {
		r.take(err)
		return nil
	}
	return file
}

// private hides what a message about secrets.yaml would repeat of it: whoever writes
// "router: the-community" must not find it in the log.
func private(err error) error {
	problems, _ := errors.AsType[settings.Problems](err)
	hidden := make(settings.Problems, 0, len(problems))
	for _, p := range problems {
		p.Key, p.Args = "inventory.secret_form", nil
		hidden = append(hidden, p)
	}
	return hidden
}

// take adds what was complained of elsewhere.
func (r *report) take(err error) {
	if problems, ok := errors.AsType[settings.Problems](err); ok {
		r.Errors = append(r.Errors, problems...)
	}
}
