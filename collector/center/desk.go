package center

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
)

// desk is what the desk of a machine with this configuration is.
func (c *Config) desk(version string) goal.Config {
	return goal.Config{Dir: GoalDir(c.Data), Goals: c.Goals, Version: version}
}

// change is what the configuration says of every office.
func (c *Config) change(inv *inventory.Inventory) *inventory.Inventory {
	if c.Calendar == CalendarAlways {
		inv = inv.WithCalendar(inventory.CalendarAlways)
	}
	return inv.WithInterval(c.Interval)
}

// OpenDesk opens a desk for a command beside, or without, a running collector: on the
// configured InfluxDB; else on the embedded one that a collector of this data folder runs;
// else on the embedded one, started for as long as the command takes. The function that it
// gives ends what it began.
func OpenDesk(ctx context.Context, cfg Config, version string, log *slog.Logger) (*goal.Desk, func() error, error) {
	inv, err := inventory.Open(cfg.Inventory)
	if err != nil {
		return nil, nil, err
	}
	inv = cfg.change(inv)
	points, end, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, nil, err
	}
	desk, err := goal.New(cfg.desk(version), goal.Deps{
		Store: points, Inventory: func() *inventory.Inventory { return inv }, Log: log, Now: time.Now,
	})
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return desk, end, nil
}
