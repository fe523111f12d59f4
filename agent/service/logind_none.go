//go:build mipsle

package service

import (
	"log/slog"
	"time"
)

// SleepTime is as elsewhere; nothing here sleeps.
const SleepTime = 4 * time.Second

// power is nothing on the routers that have this processor: they have no logind, little
// flash, and never sleep. Every end is a stop.
type power struct{ sleeper *sleeper }

func watchPower(*slog.Logger) *power { return &power{sleeper: newSleeper()} }

func (p *power) close() {}

func (p *power) why() error { return ErrStop }
