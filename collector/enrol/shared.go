package enrol

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// recheck is how often at most a file is looked at for a change.
const recheck = time.Second

// shared is a file that several processes read and change at once: one serves while
// another issues. What stands in it is a T, which nobody changes once it is known. A
// change is a new file in place of the old one; others know it a second later.
type shared[T any] struct {
	path  string
	limit int64 // bytes
	form[T]

	turn    sync.Mutex // of those who want the folder's lock: in this process they queue
	changes sync.Mutex // held while reading or changing
	known   atomic.Pointer[state[T]]
	looked  atomic.Int64 // when the file was last looked at, nanoseconds since started
	started time.Time
	problem atomic.Pointer[error]
}

// form is how a T is written.
type form[T any] struct {
	encode func(T) ([]byte, error)
	parse  func([]byte) (T, error) // an error begins with ":line: "; of no data it is the empty T
	kept   bool                    // once it was there, its absence is a fault and not an empty file
}

// state is what stood in the file at one time.
type state[T any] struct {
	file fs.FileInfo // nil: there was none
	all  T
}

// errUnchanged of an edit leaves the file as it is, without being a failure.
var errUnchanged = errors.New("nothing to change")

func openShared[T any](path string, limit int64, f form[T]) (*shared[T], error) {
	s := &shared[T]{path: path, limit: limit, form: f, started: time.Now()}
	return s, s.reload()
}

// now is what stands in the file, or did a second ago.
func (s *shared[T]) now() T {
	s.refresh()
	return s.known.Load().all
}

// latest is what stands in the file now, a second's patience apart.
func (s *shared[T]) latest() T {
	s.changes.Lock()
	defer s.changes.Unlock()
	s.look()
	return s.known.Load().all
}

// Err is why the file could not be read again after it changed, nil if it could.
// Until it can, what was known before stays valid.
func (s *shared[T]) Err() error {
	if err := s.problem.Load(); err != nil {
		return *err
	}
	return nil
}

// change replaces the file by what edit makes of its present content, which edit must
// leave as it is.
func (s *shared[T]) change(edit func(T) (T, error)) error {
	return s.alone(func() error { return s.edit(edit) })
}

// alone has the folder's lock, across processes, while do runs.
func (s *shared[T]) alone(do func() error) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	unlock, err := lock(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// edit is change for who has the folder's lock.
func (s *shared[T]) edit(edit func(T) (T, error)) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	before, err := s.read()
	if err != nil {
		return err
	}
	after, err := edit(before.all)
	if errors.Is(err, errUnchanged) {
		s.known.Store(before)
		return nil
	}
	if err != nil {
		return err
	}
	data, err := s.encode(after)
	if err != nil {
		return err
	}
	if int64(len(data)) > s.limit {
		return fmt.Errorf("%s would be larger than %d bytes", s.path, s.limit)
	}
	if err := replace(s.path, data); err != nil {
		return err
	}
	return s.reload()
}

// fresh is what stands in the file now, for who has the folder's lock.
func (s *shared[T]) fresh() (T, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	err := s.reload()
	if err != nil {
		var none T
		return none, err
	}
	return s.known.Load().all, nil
}

// refresh looks for a change of the file, at most once in recheck and in one
// goroutine only; the others go on with what is known.
func (s *shared[T]) refresh() {
	now, looked := int64(time.Since(s.started)), s.looked.Load()
	if now-looked < int64(recheck) || !s.looked.CompareAndSwap(looked, now) || !s.changes.TryLock() {
		return
	}
	defer s.changes.Unlock()
	s.look()
}

// look reads the file if it is another one by now.
func (s *shared[T]) look() {
	info, err := os.Stat(s.path)
	if err == nil && same(s.known.Load().file, info) {
		s.problem.Store(nil)
		return
	}
	if err := s.reload(); err != nil {
		s.problem.Store(&err)
		return
	}
	s.problem.Store(nil)
}

func (s *shared[T]) reload() error {
	read, err := s.read()
	if err == nil {
		s.known.Store(read)
	}
	return err
}

func (s *shared[T]) read() (*state[T], error) {
	data, info, err := private(s.path, s.limit)
	if errors.Is(err, fs.ErrNotExist) {
		if known := s.known.Load(); s.kept && known != nil && known.file != nil {
			return nil, fmt.Errorf("%s is gone: restore it from a backup", s.path)
		}
		info, data, err = nil, nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := s.parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s%w", s.path, err)
	}
	return &state[T]{info, all}, nil
}

func same(a, b fs.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
