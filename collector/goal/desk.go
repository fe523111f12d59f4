package goal

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Store is what the desk needs of the store's.
type Store interface {
	Select(context.Context, store.Query) ([]store.Series, error)
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
	Standards []*Standard // embedded ones first
	Book      *declared.Book
	Archive   *Archive
}

// New opens book and archive and reads the standards; it asks nothing of the store.
func New(cfg Config, deps Deps) (*Desk, error) { return nil, errors.New("not yet") }

// Standard finds one by its id; an empty one is the first.
func (d *Desk) Standard(id string) (*Standard, bool) { return nil, false }

// RolloutNow is the rollout of each site now, reporting being heard within a day of due
// time, by id.
func (d *Desk) RolloutNow(ctx context.Context) (Rollout, map[string]RolloutOf, error) {
	return Rollout{}, nil, errors.New("not yet")
}

// RolloutOf is one site's.
type RolloutOf struct {
	Stage string    // NotInstalled, Installed or Reporting
	Heard time.Time // zero: never
}
