package clock

import (
	"time"

	"communewatch/collector/api"
)

// Offset is how far the collector's clock is from the session's.
type Offset struct {
	Value       time.Duration `json:"value_ns"`       // as measured: the collector's time less the session's
	Uncertainty time.Duration `json:"uncertainty_ns"` // the true one was within this of Value

	// Since it was measured.
	Drift            time.Duration `json:"drift_ns,omitempty"`             // by the rate seen before; zero where no rate can be told from zero
	DriftUncertainty time.Duration `json:"drift_uncertainty_ns,omitempty"` // by which the true drift may be another

	Bounded bool `json:"bounded,omitempty"` // not measured: placed between the sessions before and after
}

// Estimate is the offset with all that is known, and how far the true one may be off.
func (o Offset) Estimate() (value, uncertainty time.Duration) {
	return o.Value + o.Drift, o.Uncertainty + o.DriftUncertainty
}

// Applied is what is added to a time: nothing where the offset cannot be told from
// zero. It is held against the uncertainty with which it was measured, not against that
// which has grown since. An offset of 40 s that was measured to 10 ms stays applied
// however long the line is down: that nobody looked for a month does not make zero more
// likely than 40 s, and times must not jump by 40 s on the day on which the grown doubt
// exceeds them. So a jump is never larger than a measurement's uncertainty.
func (o Offset) Applied() time.Duration {
	if applied := o.Value + o.Drift; applied.Abs() > o.Uncertainty {
		return applied
	}
	return 0
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
