package goal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Store is what the desk needs of the store's.
type Store interface {
	Select(context.Context, store.Query) ([]store.Series, error)
	Scan(context.Context, store.Query, func(tags map[string]string, at time.Time, values []api.Value)) error
}

// Config is where the desk keeps things.
type Config struct {
	Dir     string   // folder of declarations and published reports, made where it is not there
	Goals   []string // further standards, by path
	Version string   // of the program, for reports
}

// Deps is what the desk is given.
type Deps struct {
	Store     Store
	Inventory func() *inventory.Inventory
	Log       *slog.Logger
	Now       func() time.Time
}

// Desk makes reports; it keeps declarations (Book) and published reports (Archive).
type Desk struct {
	cfg       Config
	deps      Deps
	recent    recent
	Standards []*Standard // embedded ones first
	Book      *declared.Book
	Archive   *Archive
}

// New opens book and archive and reads the standards; it asks nothing of the store.
func New(cfg Config, deps Deps) (*Desk, error) {
	if deps.Store == nil || deps.Inventory == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("a desk needs a store, an inventory, a log and a clock")
	}
	d := &Desk{cfg: cfg, deps: deps}
	var err error
	if d.Standards, err = ReadStandards(cfg.Goals); err != nil {
		return nil, err
	}
	if d.Book, err = declared.Open(BookDir(cfg.Dir)); err != nil {
		return nil, fmt.Errorf("open declarations: %w", err)
	}
	if d.Archive, err = OpenArchive(ArchiveDir(cfg.Dir)); err != nil {
		return nil, fmt.Errorf("open published reports: %w", err)
	}
	return d, nil
}

// ReadStandards are the embedded ones and those of the files; an id names one only, since
// a published report names its standard by it.
func ReadStandards(files []string) ([]*Standard, error) {
	all := Embedded()
	for _, file := range files {
		s, err := Load(file)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.ID == s.ID {
				return nil, fmt.Errorf("target %s: its id %q is taken by another target", file, s.ID)
			}
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no target")
	}
	return all, nil
}

// Standard finds one by its id; an empty one is the first.
func (d *Desk) Standard(id string) (*Standard, bool) {
	for _, s := range d.Standards {
		if id == "" || s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// Folders within the desk's own, for commands that need no more than these.
func BookDir(dir string) string    { return filepath.Join(dir, "declared") }
func ArchiveDir(dir string) string { return filepath.Join(dir, "published") }
