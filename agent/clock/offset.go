package clock

import (
	"time"

	"communewatch/collector/api"
)

// Offset is how far the collector's clock is from the session's.
type Offset struct {
	Value       time.Duration // as measured: the collector's time less the session's
	Uncertainty time.Duration // half the time the exchange spent on the line; the true offset was within

	// Since it was measured, by the rate seen before; zero while no rate is known.
	Drift            time.Duration
	DriftUncertainty time.Duration // the true drift is within, as far as crystals are steady

	Bounded bool // not measured: placed between the sessions before and after
}

// Applied is what is added to a time: nothing where the offset cannot be told from
// zero. Measurement and drift are judged each by its own uncertainty: an offset of 40 s
// that was measured to 10 ms stays one, however long the line has been down since.
func (o Offset) Applied() time.Duration {
	applied := time.Duration(0)
	if o.Value.Abs() > o.Uncertainty {
		applied = o.Value
	}
	if o.Drift.Abs() > o.DriftUncertainty {
		applied += o.Drift
	}
	return applied
}

// State is what a batch stamped with this offset is.
func (o Offset) State() api.ClockState {
	switch {
	case o.Bounded:
		return api.ClockBounded
	case o.Applied() == 0:
		return api.ClockSynced
	}
	return api.ClockCorrected
}
