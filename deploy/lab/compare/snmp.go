package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/agent/snmp"
	"communewatch/collector/api"
	"communewatch/deploy/lab"
)

// ifXTable of a large switch (RFC 2863), 7,600 variables: a walk of it costs more than
// snmpbulkwalk's start-up, which is deducted. Where # stands is the interface's number.
// snmpd can make up no 64-bit counters.
const (
	ifXTable   = ".1.3.6.1.2.1.31.1.1"
	interfaces = 400
)

var ifXColumns = []string{
	`octet_str "GigabitEthernet1/0/#"`,
	"counter #234", "counter #", "counter #99", "counter #7",
	"counter #234567", "counter #23456", "counter #34", "counter #5",
	"counter #345678", "counter #23411", "counter #12", "counter #3",
	"integer 1", "uinteger 1000", "integer 2", "integer 1", `octet_str "room #, first floor"`, "timeticks #",
}

// compareSNMP walks ifXTable of a real snmpd by the agent's code and by snmpbulkwalk,
// less its start-up: the CPU time, user and system, of the one who asks. Once the table is
// a large switch's, then those of many small ones are read side by side.
func compareSNMP(ctx context.Context, _ string, _ []string, s size) error {
	large := func(w *walker) error { return w.compareWalks(ctx, s.walks) }
	if err := withDevice(ctx, ifXTable, interfaces, large); err != nil {
		return err
	}
	return withDevice(ctx, smallTable, fewInterfaces, func(w *walker) error { return w.compareDevices(ctx, s.deviceRounds) })
}

// withDevice runs an snmpd with a table of so many interfaces.
func withDevice(ctx context.Context, table string, rows int, use func(*walker) error) error {
	dir, err := os.MkdirTemp("", "communewatch-compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	device, port, err := lab.StartSNMP(dir, deviceConfiguration(table, rows))
	if err != nil {
		return err
	}
	defer device.Stop()
	w := walker{rows: rows, port: port, target: api.Target{
		Name: "device", Address: "127.0.0.1", SNMP: &api.SNMP{Version: "2c", Port: uint16(port), Community: "measured"},
	}}
	if err := w.ready(ctx); err != nil {
		return err
	}
	return use(&w)
}

func (w *walker) compareWalks(ctx context.Context, walks int) error {
	for _, c := range []struct {
		name         string
		ours, theirs int // variables a request
		roots        []string
	}{
		{"at_10_repetitions", 10, 10, []string{ifXTable}},
		{"at_10_repetitions_of_5_columns", 50, 10, columnsOf(ifXTable)},
		{"at_50_repetitions", 50, 50, []string{ifXTable}},
		{"adapted", 50, 10, []string{ifXTable}}, // to what a frame holds; snmpbulkwalk keeps to 10
	} {
		ours, peer, err := w.measure(ctx, walks, c.ours, c.theirs, c.roots)
		if err != nil {
			return err
		}
		line("snmp_walk_cpu_milliseconds_"+c.name, milliseconds(ours), milliseconds(peer))
	}
	fmt.Printf("# medians of %d walks each of ifXTable, %d interfaces; snmpbulkwalk's start-up is deducted\n", walks, w.rows)
	return nil
}

func columnsOf(table string) []string {
	var columns []string
	for i := range ifXColumns {
		columns = append(columns, table+".1."+strconv.Itoa(i+1))
	}
	return columns
}

func deviceConfiguration(table string, rows int) string {
	var conf strings.Builder
	// This machine's own interfaces come and go.
	conf.WriteString("rocommunity measured 127.0.0.1\ninclude_ifmib_iface_prefix none-of-them\n")
	for i, value := range ifXColumns {
		for row := 1; row <= rows; row++ {
			fmt.Fprintf(&conf, "override %s.1.%d.%d %s\n", table, i+1, row, strings.ReplaceAll(value, "#", strconv.Itoa(row)))
		}
	}
	return conf.String()
}

type walker struct {
	rows, port int // of the table, and where it is asked for
	target     api.Target
}

// variables of the table.
func (w *walker) variables() int { return w.rows * len(ifXColumns) }

func (w *walker) ready(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		err := snmp.Walk(limited, w.target, snmp.DefaultConfiguration(), 0, func(gosnmp.SnmpPDU) {}, ".1.3.6.1.2.1.1")
		if err == nil || limited.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond) // snmpd gives no other sign of being ready
	}
}

// measure gives the CPU time of one walk of ours and one of snmpbulkwalk's. They take
// turns, and the medians count: other programs make all of them dearer for a while.
func (w *walker) measure(ctx context.Context, walks, variables, repetitions int, roots []string) (ours, peer time.Duration, err error) {
	var own, theirs, startUps []time.Duration
	for range walks {
		startUp, _, err := w.bulkwalk(ctx, repetitions, ".1.3.6.1.2.1.1.3") // one variable
		if err != nil {
			return 0, 0, err
		}
		walk, theirRows, err := w.bulkwalk(ctx, repetitions, ifXTable)
		if err != nil {
			return 0, 0, err
		}
		each, ourRows, err := w.walk(ctx, variables, roots)
		if err != nil {
			return 0, 0, err
		}
		if ourRows != theirRows || ourRows < w.variables() {
			return 0, 0, fmt.Errorf("walks of ifXTable differ: %d variables of ours, %d of snmpbulkwalk's", ourRows, theirRows)
		}
		own, theirs, startUps = append(own, each), append(theirs, walk), append(startUps, startUp)
	}
	return median(own), median(theirs) - median(startUps), nil
}

// walk walks in this process, a few times in a row as an agent does several devices.
func (w *walker) walk(ctx context.Context, variables int, roots []string) (cost time.Duration, rows int, err error) {
	const inRow = 4
	before, err := used()
	if err != nil {
		return 0, 0, err
	}
	for range inRow {
		rows = 0
		if err := snmp.Walk(ctx, w.target, snmp.DefaultConfiguration(), variables, func(gosnmp.SnmpPDU) { rows++ }, roots...); err != nil {
			return 0, 0, err
		}
	}
	after, err := used()
	return (after - before) / inRow, rows, err
}

// bulkwalk does the same with snmpbulkwalk.
func (w *walker) bulkwalk(ctx context.Context, repetitions int, root string) (cost time.Duration, rows int, err error) {
	cmd := exec.CommandContext(ctx, "snmpbulkwalk", "-m", "", "-v2c", "-c", "measured", "-On",
		"-Cr"+strconv.Itoa(repetitions), "127.0.0.1:"+strconv.Itoa(w.port), root)
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, fmt.Errorf("snmpbulkwalk: %w", err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), bytes.Count(out, []byte("\n")), nil
}

// used is the CPU time of this process, user and system.
func used() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
