package goal

// Measure is what a criterion may hold against its threshold.
type Measure struct {
	Name     string
	Unit     string // "%", "ms", "Mbit/s", "" (a count)
	Measured bool   // days tell it
	Declared bool   // declarations tell it
	// LowerBound: what was measured shows at least so much, and that it is less shows
	// nothing (the busiest minutes of a line that nobody filled).
	LowerBound bool
}

// Measures are all of them. Those of a day are of due time (collector/judge/QUALITY.md).
var Measures = []Measure{
	{Name: "uplink", Measured: true, Declared: true}, // 1: there is a line: an uplink target answered that day; a line kind other than "none" is declared
	{Name: "availability_percent", Unit: "%", Measured: true},
	{Name: "loss_percent", Unit: "%", Measured: true},
	{Name: "rtt_p95_ms", Unit: "ms", Measured: true},
	{Name: "down_mbps", Unit: "Mbit/s", Measured: true, Declared: true, LowerBound: true}, // declared: by contract; measured: the peak
	{Name: "up_mbps", Unit: "Mbit/s", Measured: true, Declared: true, LowerBound: true},
	{Name: "router_answered_percent", Unit: "%", Measured: true},
	{Name: "switch_answered_percent", Unit: "%", Measured: true},
	{Name: "ups_answered_percent", Unit: "%", Measured: true},
	{Name: "printer_answered_percent", Unit: "%", Measured: true},
	{Name: "lan_loss_percent", Unit: "%", Measured: true},
	// Declared: how many there are. Measured: one that answered is at least one.
	{Name: "routers", Measured: true, Declared: true, LowerBound: true},
	{Name: "switches", Measured: true, Declared: true, LowerBound: true},
	{Name: "pcs", Declared: true},
	{Name: "upses", Measured: true, Declared: true, LowerBound: true},
	{Name: "printers", Measured: true, Declared: true, LowerBound: true},
	{Name: "correct_percent", Unit: "%", Measured: true},
	{Name: "complete_percent", Unit: "%", Measured: true},
	{Name: "clean_percent", Unit: "%", Measured: true},
	{Name: "live_percent", Unit: "%", Measured: true},
}
