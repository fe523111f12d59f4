package lab

import (
	"bytes"
	"context"
	"fmt"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"golang.org/x/sync/errgroup"
)

// WriteDirectly writes the same rounds of the same sites straight into a collector's
// InfluxDB, in another database, with influxdb-client-go: 5,000 lines a request from two
// writers. It is what storing costs when nothing is checked, stamped or acknowledged
// on the way. CPU is InfluxDB's alone.
func WriteDirectly(ctx context.Context, c *Collector, sites []string, rounds int) (Load, error) {
	other, err := c.openStore("direct")
	if err != nil {
		return Load{}, err
	}
	if err := other.Setup(ctx); err != nil {
		return Load{}, err
	}
	const block = 5_000
	blocks := make(chan string, 4)
	influx := children(c.Pid())
	if len(influx) != 1 {
		return Load{}, fmt.Errorf("the collector has %d children, want its InfluxDB alone", len(influx))
	}
	before, err := CPUTime(influx[0])
	if err != nil {
		return Load{}, err
	}
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range 2 {
		group.Go(func() error {
			client := influxdb2.NewClient(c.Influx, c.influxToken)
			defer client.Close()
			write := client.WriteAPIBlocking("communewatch", "direct/raw")
			for lines := range blocks {
				if err := write.WriteRecord(ctx, lines); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var l Load
	group.Go(func() error {
		defer close(blocks)
		var lines bytes.Buffer
		waiting := 0
		send := func() error {
			select {
			case blocks <- lines.String():
			case <-ctx.Done():
				return ctx.Err()
			}
			lines.Reset()
			l.Points += int64(waiting)
			waiting = 0
			return nil
		}
		for n := range rounds {
			at := time.Now().Add(-time.Duration(rounds-1-n) * time.Minute)
			for i, site := range sites {
				round, err := StandardRound(i, n, at)
				if err != nil {
					return err
				}
				lines.Write(Stamped(round, site))
				if waiting += StandardPoints; waiting >= block {
					if err := send(); err != nil {
						return err
					}
				}
			}
		}
		return send()
	})
	if err := group.Wait(); err != nil {
		return Load{}, fmt.Errorf("write to InfluxDB: %w", err)
	}
	l.Took = time.Since(began)
	after, err := CPUTime(influx[0])
	l.CPU = after - before
	return l, err
}
