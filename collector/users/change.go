package users

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// Refusal is why a change of the file was not made, in words.
type Refusal struct {
	Key  say.Key
	Args []any
}

func (r Refusal) Error() string { return say.English.Text(r.Key, r.Args...) }

func refusalOf(w *wrong) error { return Refusal{w.key, w.args} }

// List is who stands in the file.
func List(path string) ([]Person, error) {
	rows, _, err := readFile(path)
	var all []Person
	for _, r := range rows {
		if r.person {
			all = append(all, r.Person)
		}
	}
	return all, err
}

// Add enters a person; a file that is not there is made.
func Add(path, name string, role api.UserRole, password string) error {
	name = cleanName(name)
	for _, w := range []*wrong{checkName(name), checkRole(role), checkPassword(password, name)} {
		if w != nil {
			return refusalOf(w)
		}
	}
	return change(path, true, func(rows []row) ([]row, error) {
		if i := indexOf(rows, name); i >= 0 {
			return nil, Refusal{"users.has", []any{rows[i].Name}}
		}
		if len(rows) >= 2*maxPeople {
			return nil, Refusal{"users.too_many", []any{maxPeople}}
		}
		return append(rows, row{text: Person{name, role, hashOf(password, ours)}.line()}), nil
	})
}

// CheckNew tells what would keep a person from being entered, before a password is asked.
func CheckNew(path, name string, role api.UserRole) error {
	name = cleanName(name)
	for _, w := range []*wrong{checkName(name), checkRole(role)} {
		if w != nil {
			return refusalOf(w)
		}
	}
	rows, _, err := readFile(path)
	if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
		return nil
	}
	if i := indexOf(rows, name); i >= 0 {
		return Refusal{"users.has", []any{rows[i].Name}}
	}
	return err
}

// CheckKnown tells whether a person is in the file, likewise.
func CheckKnown(path, name string) error {
	rows, _, err := readFile(path)
	if err == nil && indexOf(rows, name) < 0 {
		err = Refusal{"users.unknown", []any{cleanName(name)}}
	}
	return err
}

// SetRole gives a person another role.
func SetRole(path, name string, role api.UserRole) error {
	if w := checkRole(role); w != nil {
		return refusalOf(w)
	}
	return edit(path, name, func(p *Person) { p.Role = role })
}

// SetPassword gives a person another password.
func SetPassword(path, name, password string) error {
	if w := checkPassword(password, cleanName(name)); w != nil {
		return refusalOf(w)
	}
	return edit(path, name, func(p *Person) { p.hash = hashOf(password, ours) })
}

// Remove takes a person out.
func Remove(path, name string) error {
	return change(path, false, func(rows []row) ([]row, error) {
		i := indexOf(rows, name)
		if i < 0 {
			return nil, Refusal{"users.unknown", []any{cleanName(name)}}
		}
		return slices.Delete(rows, i, i+1), nil
	})
}

func edit(path, name string, do func(*Person)) error {
	return change(path, false, func(rows []row) ([]row, error) {
		i := indexOf(rows, name)
		if i < 0 {
			return nil, Refusal{"users.unknown", []any{cleanName(name)}}
		}
		do(&rows[i].Person)
		rows[i].text = rows[i].line()
		return rows, nil
	})
}

func indexOf(rows []row, name string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.person && folded(r.Name) == folded(name) })
}

// lockTime bounds the wait for another process; the file is held for milliseconds.
const lockTime = 10 * time.Second

// change puts a new file in the old one's place, as a whole and under the folder's lock.
func change(path string, mayMake bool, do func([]row) ([]row, error)) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	unlock, err := lock(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("change users: %w", err)
	}
	defer unlock()
	rows, info, err := readFile(path)
	if _, statErr := os.Stat(path); mayMake && errors.Is(statErr, fs.ErrNotExist) {
		rows, err = []row{{text: strings.TrimSpace(fileHead)}}, nil
	}
	if err != nil {
		return err
	}
	if rows, err = do(rows); err != nil {
		return err
	}
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(r.text + "\n")
	}
	// What could not be read again would lock everybody out.
	if _, err := parseFile(path, []byte(text.String())); err != nil {
		return err
	}
	if text.Len() > maxBytes {
		return settings.Problems{{File: path, Line: 1, Column: 1, Key: "config.too_large", Args: []any{maxBytes}}}
	}
	if err := replace(path, []byte(text.String()), info); err != nil {
		return fmt.Errorf("write users: %w", err)
	}
	return nil
}

// replace is temporary file, fsync, rename, fsync of the folder. The new file is its
// predecessor's owner's, with its mode; the first one is its folder's owner's: root may
// enter people while the service runs under its own account, which must read it.
func replace(path string, data []byte, before fs.FileInfo) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, ownAs(file, dir, before), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func ownAs(file *os.File, dir string, before fs.FileInfo) (err error) {
	like := before
	if like == nil {
		if like, err = os.Stat(dir); err != nil {
			return err
		}
	} else if err := file.Chmod(before.Mode().Perm()); err != nil {
		return err
	}
	owner, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// lock waits for the sole right to change files of a folder, across processes (flock(2)).
func lock(dir string) (unlock func(), err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockTime); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { folder.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(end) {
			folder.Close()
			return nil, fmt.Errorf("lock %s, which another process may hold: %w", dir, err)
		}
	}
}
