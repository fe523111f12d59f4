package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func openOn(t *testing.T, dir string, d *fakeDisk) *Spool {
	t.Helper()
	s, err := open(Config{Dir: dir, MaxBytes: 1 << 20}, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d.log()
	return s
}

// fakeDisk is the real disk, written down, and failing on demand.
type fakeDisk struct {
	osDisk
	ops     []string
	fail    func(op int) error
	dirty   map[string]bool       // contents not synced
	renamed map[string][]renaming // by folder: names not synced
}

type renaming struct {
	from, to string
	replaced []byte // what had the new name before, nil if nothing
}

type loss string

const (
	loseNothing  loss = "nothing lost"
	loseContents loss = "contents lost"
	loseNames    loss = "names lost"
	loseBoth     loss = "contents and names lost"
)

var errPower = errors.New("power is off")

func (d *fakeDisk) log() []string {
	ops := d.ops
	d.ops, d.dirty, d.renamed = nil, map[string]bool{}, map[string][]renaming{}
	return ops
}

func (d *fakeDisk) failAt(op int, err error) {
	d.ops = nil
	d.fail = func(n int) error {
		if n == op {
			return err
		}
		return nil
	}
}

func (d *fakeDisk) failAlways(err error) { d.fail = func(int) error { return err } }

func (d *fakeDisk) cutAt(op int) {
	d.fail = func(n int) error {
		if n >= op {
			return errPower
		}
		return nil
	}
}

func (d *fakeDisk) note(op string) error {
	n := len(d.ops)
	d.ops = append(d.ops, op)
	if d.fail == nil {
		return nil
	}
	return d.fail(n)
}

func (d *fakeDisk) create(path string) (file, error) {
	if err := d.note("create " + filepath.Base(path)); err != nil {
		return nil, err
	}
	f, err := d.osDisk.create(path)
	return &fakeFile{file: f, disk: d, path: path}, err
}

func (d *fakeDisk) rename(from, to string) error {
	if err := d.note("rename " + filepath.Base(from)); err != nil {
		return err
	}
	old, err := os.ReadFile(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if d.renamed == nil {
		d.log()
	}
	for _, dir := range slices.Compact([]string{filepath.Dir(from), filepath.Dir(to)}) {
		d.renamed[dir] = append(d.renamed[dir], renaming{from, to, old})
	}
	if d.dirty[from] {
		delete(d.dirty, from)
		d.dirty[to] = true
	}
	return d.osDisk.rename(from, to)
}

func (d *fakeDisk) syncDir(dir string) error {
	if err := d.note("sync folder"); err != nil {
		return err
	}
	for _, r := range d.renamed[dir] { // a move lasts as soon as one of its folders does
		for other := range d.renamed {
			d.renamed[other] = slices.DeleteFunc(slices.Clone(d.renamed[other]), func(x renaming) bool { return x.from == r.from && x.to == r.to })
		}
	}
	return d.osDisk.syncDir(dir)
}

func (d *fakeDisk) remove(path string) error {
	if d.fail != nil && d.fail(len(d.ops)) != nil {
		return d.fail(len(d.ops))
	}
	return d.osDisk.remove(path)
}

// lose does to the folder what a power cut may.
func (d *fakeDisk) lose(t *testing.T, what loss) {
	t.Helper()
	if what == loseContents || what == loseBoth {
		for path := range d.dirty {
			if err := os.Truncate(path, 3); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	if what != loseNames && what != loseBoth {
		return
	}
	for _, renames := range d.renamed {
		for _, r := range slices.Backward(renames) {
			if err := os.Rename(r.to, r.from); errors.Is(err, fs.ErrNotExist) {
				continue // undone through its other folder
			} else if err != nil {
				t.Fatal(err)
			}
			if r.replaced != nil {
				must(t, os.WriteFile(r.to, r.replaced, 0o600))
			}
		}
	}
}

type fakeFile struct {
	file
	disk *fakeDisk
	path string
}

func (f *fakeFile) Write(b []byte) (int, error) {
	if err := f.disk.note("write"); err != nil {
		return 0, err
	}
	f.disk.dirty[f.path] = true
	return f.file.Write(b)
}

func (f *fakeFile) Sync() error {
	if err := f.disk.note("sync"); err != nil {
		return err
	}
	delete(f.disk.dirty, f.path)
	return f.file.Sync()
}

func (f *fakeFile) Close() error {
	err := f.disk.note("close")
	return errors.Join(err, f.file.Close())
}
