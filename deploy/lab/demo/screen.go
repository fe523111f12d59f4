package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"communewatch/agent/office"
	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/deploy/lab"
)

// shown is how many sites the terminal's table has; the page has all.
const shown = 24

// watch shows the province until it is time and gives the last table.
func (d *demo) watch(ctx context.Context, c *lab.Collector, last time.Duration) ([]lab.Row, error) {
	var end <-chan time.Time
	if last > 0 {
		end = time.After(last)
	}
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	screen := d.live && isTerminal(d.out)
	var rows []lab.Row
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return rows, nil
		case <-end:
			return lab.Table(context.WithoutCancel(ctx), c.Store, d.sites, time.Now())
		case <-c.Ended():
			return nil, fmt.Errorf("the collector ended, see %s", c.Log)
		case <-tick.C:
		}
		fresh, err := lab.Table(ctx, c.Store, d.sites, time.Now())
		if err != nil {
			continue // asked again in two seconds; the collector's log has it
		}
		rows = fresh
		if screen {
			fmt.Fprint(d.out, "\x1b[H\x1b[2J"+d.table(rows, shown)+"\n"+d.lang.Text("demo.look", c.Page)+"\n"+d.lang.Text("demo.pages", c.Page, c.Page)+"\n")
		} else if n%5 == 0 {
			d.say("demo.states", int(time.Since(d.began).Seconds()), d.states(rows))
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// states counts the sites in each state, worst first.
func (d *demo) states(rows []lab.Row) string {
	count := map[api.State]int{}
	for _, r := range rows {
		count[r.State]++
	}
	var parts []string
	for _, state := range api.StatesBySeverity() {
		if n := count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", d.lang.Text(say.Key("state."+string(state))), n))
		}
	}
	return strings.Join(parts, " · ")
}

func (d *demo) table(rows []lab.Row, most int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", d.states(rows))
	for i, r := range rows {
		if i == most {
			fmt.Fprintf(&b, "  … %s\n", d.lang.Text("demo.more", len(rows)-most))
			break
		}
		mark := "  "
		switch r.Site.Terrain {
		case inventory.Highland, inventory.Mountain:
			mark = "⛰ "
		case inventory.Unknown:
			mark = "? "
		}
		since := ""
		if !r.Since.IsZero() {
			since = r.Since.In(inventory.Zone()).Format("15:04:05")
		}
		state := "…"
		if r.State != "" {
			state = d.lang.Text(say.Key("state." + string(r.State)))
		}
		fmt.Fprintf(&b, "%s%s %s %s %s %s\n", mark, pad(state, 20), pad(r.Site.Label(d.lang), 26), pad(r.Site.Area, 12), pad(since, 9), d.lang.Text(say.Key(r.Reason)))
	}
	return b.String()
}

// pad fills with spaces by letters, not bytes.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
}

// count asks InfluxDB how many points it holds and puts both sides together.
func (d *demo) count(ctx context.Context, c *lab.Collector, rows []lab.Row, agents office.Counts) (lab.Result, error) {
	stored, err := lab.StoredPoints(ctx, c.Store, d.began.Add(-time.Minute), time.Now().Add(time.Minute))
	if err != nil {
		return lab.Result{}, err
	}
	result := lab.Result{Sites: []lab.SiteResult{}, Totals: lab.Totals{Measured: agents.Measured, Rejected: agents.Rejected, Pending: agents.Pending}}
	for _, r := range rows {
		n := stored[r.Site.ID]
		result.Totals.Stored += n
		result.Sites = append(result.Sites, lab.SiteResult{ID: r.Site.ID, Label: r.Site.Label(d.lang), Terrain: r.Site.Terrain, State: string(r.State), Stored: n})
	}
	return result, nil
}

func (d *demo) summary(r lab.Result) {
	t := r.Totals
	fmt.Fprintln(d.out, d.lang.Text("demo.totals", t.Measured, t.Stored, t.Rejected, t.Pending))
}
