// Package settings reads configuration files: strict YAML into a struct, with
// every mistake said as file:line:column and what was expected, in Vietnamese or
// English. In come bytes as Notepad, PowerShell or an editor saved them; out comes a
// filled struct, or Problems that name all that is wrong at once. It knows no
// setting by name: what a value means, its room checks, and complains through
// [File.Complain] so that the place is told too. It never guesses, and never lets an
// unknown key pass.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"communewatch/collector/say"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 1 << 20

// maxProblems bounds how many mistakes are collected from one file.
const maxProblems = 50

// File is a file that was read: it knows where each value stood.
type File struct {
	name     string
	places   map[string]place
	problems Problems
}

type place struct{ line, column int }

// Load reads the file at path into the struct that into points to. Values
// already in it are the defaults. The error is a [Problems] if the file could be
// opened; then File is not nil.
func Load(path string, into any) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return Decode(path, data, into)
}

// Decode is [Load] for data that has been read; name stands in its messages.
func Decode(name string, data []byte, into any) (*File, error) {
	f := &File{name: name, places: map[string]place{}}
	if root := f.parse(data); root != nil {
		f.fill(root, into)
	}
	return f, f.Err()
}

// Resolve makes a path in the file absolute: a relative one is relative to the file's
// own folder, never to where the program was started (a Windows service starts in
// System32).
func (f *File) Resolve(path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Abs(filepath.Join(filepath.Dir(f.name), path))
}

// Complain adds a mistake at the value of a path ("targets[2].address"), or, if the
// file does not hold it, at the nearest thing around it that it does hold.
func (f *File) Complain(path string, key say.Key, args ...any) {
	f.add(f.nearest(path), key, args...)
}

// Note gives what [File.Complain] would add, for what is no mistake but should be said.
func (f *File) Note(path string, key say.Key, args ...any) Problem {
	at := f.nearest(path)
	return Problem{File: f.name, Line: at.line, Column: at.column, Key: key, Args: args}
}

func (f *File) nearest(path string) place {
	for at := path; ; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if p, ok := f.places[at]; ok {
			return p
		}
		if at == "" {
			return place{1, 1}
		}
	}
}

// Err is nil, or all mistakes found so far, in the order of the file.
func (f *File) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return f.problems
}

func (f *File) add(p place, key say.Key, args ...any) {
	if len(f.problems) < maxProblems {
		f.problems = append(f.problems, Problem{File: f.name, Line: p.line, Column: p.column, Key: key, Args: args})
	}
}

// parse gives the document's root, nil after a complaint.
func (f *File) parse(data []byte) *yaml.Node {
	if len(data) > MaxBytes {
		f.add(place{1, 1}, "config.too_large", MaxBytes)
		return nil
	}
	data, wrong := Text(data)
	if wrong != nil {
		f.add(place{wrong.Line, wrong.Column}, wrong.Key, wrong.Args...)
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		f.syntax(err)
		return nil
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		f.add(place{1, 1}, "config.empty")
		return nil
	} else if err != nil {
		f.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		f.add(place{second.Line, second.Column}, "config.documents")
		return nil
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
		return nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		f.add(place{1, 1}, "config.empty")
		return nil
	}
	return root
}

func (f *File) syntax(err error) {
	var at *yaml.LoadError
	if errors.As(err, &at) {
		f.add(place{max(at.Mark.Line, 1), max(at.Mark.Column, 1)}, "config.syntax", at.Message)
		return
	}
	f.add(place{1, 1}, "config.syntax", err.Error())
}

// Problem is one mistake and its place.
type Problem struct {
	File         string
	Line, Column int // from 1
	Key          say.Key
	Args         []any // those of type say.Key are said in the reader's language
}

// In says the problem as "file:line:column: …".
func (p Problem) In(lang say.Lang) string {
	args := slices.Clone(p.Args)
	for i, a := range args {
		if key, ok := a.(say.Key); ok {
			args[i] = lang.Text(key)
		}
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, lang.Text(p.Key, args...))
}

// Problems are all mistakes of one file, in its order.
type Problems []Problem

// In says them one a line.
func (p Problems) In(lang say.Lang) string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].In(lang)
	}
	return strings.Join(lines, "\n")
}

// Error says them in English, for a log.
func (p Problems) Error() string { return p.In(say.English) }
