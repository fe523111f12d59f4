package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gosnmp/gosnmp"
	"golang.org/x/sync/errgroup"

	"communewatch/agent/snmp"
)

// Many small switches at a time, as an agent at the province has them. One snmpd stands
// for all; each is asked in a conversation of its own. So many processes of snmpbulkwalk
// at a time would measure how this machine starts them.
const (
	sideBySide      = 200
	fewInterfaces   = 24 // 456 variables
	bulkwalksAtOnce = 8
	// smallTable holds ifXTable's columns where snmpd has nothing of its own: in ifXTable
	// itself this machine's interfaces would follow.
	smallTable = ".1.3.6.1.4.1.99999.31.1"
)

// compareDevices reads the tables of all devices once: ours all at a time, as polls do and
// then as snmpbulkwalk does, the peer's a process each, less what as many of one variable cost.
func (w *walker) compareDevices(ctx context.Context, rounds int) error {
	const repetitions = 10 // snmpbulkwalk's own choice
	var equal, adapted, peers []time.Duration
	for range rounds { // by turns, so that all meet the same neighbours on this machine
		peer, err := w.bulkwalkAll(ctx, repetitions)
		if err != nil {
			return err
		}
		same, err := w.walkAll(ctx, repetitions, smallTable)
		if err != nil {
			return err
		}
		own, err := w.walkAll(ctx, 0, columnsOf(smallTable)...)
		if err != nil {
			return err
		}
		peers, equal, adapted = append(peers, peer), append(equal, same), append(adapted, own)
	}
	name, peer := fmt.Sprintf("snmp_cpu_seconds_of_%d_devices_side_by_side", sideBySide), median(peers).Seconds()
	line(name, median(adapted).Seconds(), peer)
	line(name+"_at_10_repetitions", median(equal).Seconds(), peer)
	fmt.Printf("# medians of %d rounds of all devices, each with a table as ifXTable of %d interfaces; snmpbulkwalk %d at a time, its start-up is deducted\n", rounds, w.rows, bulkwalksAtOnce)
	return nil
}

// walkAll is what one round of ours costs.
func (w *walker) walkAll(ctx context.Context, variables int, roots ...string) (time.Duration, error) {
	before, err := used()
	if err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range sideBySide {
		group.Go(func() error {
			rows := 0
			err := snmp.Walk(ctx, w.target, snmp.DefaultConfiguration(), variables, func(gosnmp.SnmpPDU) { rows++ }, roots...)
			if err == nil && rows != w.variables() {
				err = fmt.Errorf("our walk has %d variables of %d", rows, w.variables())
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	after, err := used()
	return after - before, err
}

// bulkwalkAll is what one round of snmpbulkwalk costs.
func (w *walker) bulkwalkAll(ctx context.Context, repetitions int) (time.Duration, error) {
	startUps, _, err := w.bulkwalkEach(ctx, repetitions, ".1.3.6.1.2.1.1.3") // one variable
	if err != nil {
		return 0, err
	}
	walks, variables, err := w.bulkwalkEach(ctx, repetitions, smallTable)
	if err == nil && variables != int64(sideBySide*w.variables()) {
		err = fmt.Errorf("snmpbulkwalk's walks have %d variables, want %d", variables, sideBySide*w.variables())
	}
	return walks - startUps, err
}

func (w *walker) bulkwalkEach(ctx context.Context, repetitions int, root string) (time.Duration, int64, error) {
	var cost, variables atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bulkwalksAtOnce)
	for range sideBySide {
		group.Go(func() error {
			one, rows, err := w.bulkwalk(ctx, repetitions, root)
			cost.Add(int64(one))
			variables.Add(int64(rows))
			return err
		})
	}
	err := group.Wait()
	return time.Duration(cost.Load()), variables.Load(), err
}
