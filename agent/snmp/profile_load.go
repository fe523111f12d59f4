package snmp

import (
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"communewatch/collector/settings"
)

//go:embed profiles/*.yaml
var shippedFiles embed.FS

// Shipped gives the profiles that are part of the program.
var Shipped = sync.OnceValues(func() (*Profiles, error) { return LoadProfiles("") })

// LoadProfiles reads the profiles that are part of the program and those of a folder:
// its *.yaml files, of which one with the name of a shipped profile replaces it. A
// folder that is not there, and "", hold none. The error is a [settings.Problems]: all
// that is wrong in files that are left out. The profiles can be used all the same,
// with the shipped one in the place of its replacement that is wrong.
func LoadProfiles(folder string) (*Profiles, error) {
	shipped, own, problems := readAll(folder)
	linked, wrong := link(shipped, own)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return linked, problems
	}
	return linked, nil
}

// readAll reads what is shipped, and a folder's.
func readAll(folder string) (shipped, own map[string]*draft, problems settings.Problems) {
	shipped, problems = readFolder(shippedFiles, "profiles", "profiles", false)
	if folder == "" {
		return shipped, map[string]*draft{}, problems
	}
	own, wrong := readFolder(os.DirFS(folder), ".", folder, true)
	return shipped, own, append(problems, wrong...)
}

// readFolder reads every profile of a folder that is right in itself. shown is how the
// folder is called in messages.
func readFolder(files fs.FS, dir, shown string, own bool) (map[string]*draft, settings.Problems) {
	drafts := map[string]*draft{}
	entries, err := fs.ReadDir(files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return drafts, nil
	} else if err != nil {
		return drafts, unreadable(shown, err)
	}
	var problems settings.Problems
	read := 0
	for _, e := range entries {
		if e.IsDir() || !likeYAML(e.Name()) {
			continue
		}
		if read == maxProfileFiles {
			return drafts, append(problems, settings.Problem{
				File: shown, Line: 1, Column: 1, Key: "config.too_many", Args: []any{len(entries), maxProfileFiles},
			})
		}
		read++
		d, wrong := readDraft(files, path.Join(dir, e.Name()), filepath.Join(shown, e.Name()), own)
		if wrong != nil {
			problems = append(problems, wrong...)
			continue
		}
		drafts[d.name] = d
	}
	return drafts, problems
}

// likeYAML tells whether a file is meant as a profile. One that is not named .yaml is
// complained of by its name, where passing over it would be a riddle.
func likeYAML(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml":
		return true
	}
	return false
}

func readDraft(files fs.FS, name, shown string, own bool) (*draft, settings.Problems) {
	data, err := readFile(files, name)
	if err != nil {
		return nil, unreadable(shown, err)
	}
	return draftOf(path.Base(name), shown, data, own)
}

// draftOf reads a profile that is a file of that name.
func draftOf(name, shown string, data []byte, own bool) (*draft, settings.Problems) {
	d := &draft{name: strings.TrimSuffix(name, ".yaml"), own: own}
	var err error
	d.read, err = settings.Decode(shown, data, &d.file)
	if err == nil {
		d.check()
		err = d.read.Err()
	}
	var wrong settings.Problems
	errors.As(err, &wrong)
	return d, wrong
}

// readFile reads no more of a file than shows that it is too large, and nothing of a
// pipe, which nobody may ever write to.
func readFile(files fs.FS, name string) ([]byte, error) {
	if info, err := fs.Stat(files, name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a plain file")
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, settings.MaxBytes+1))
}

func unreadable(file string, err error) settings.Problems {
	return settings.Problems{{File: file, Line: 1, Column: 1, Key: "config.file", Args: []any{file, err.Error()}}}
}
