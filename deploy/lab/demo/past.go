package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/deploy/lab"
)

// pastMonths is how long the simulated history is: power is steady or not over three of
// them, and one that is steady now shall have been so before.
const pastMonths = 5

// reportTime bounds the commands at the end.
const reportTime = time.Minute

// invent gives the collector a past: the days of the months before, this one's so far,
// and what communes declared, through its own command. All of it is simulated.
func (d *demo) invent(ctx context.Context, c *lab.Collector, inv *inventory.Inventory) error {
	month := goal.MonthOf(d.began)
	d.month = month.Add(-1)
	for _, h := range []struct {
		month  goal.Month
		months int
	}{{d.month, pastMonths}, {month, 1}} {
		if err := lab.WriteHistory(ctx, c.Store, inv, h.month, h.months); err != nil {
			return err
		}
	}
	var sheet bytes.Buffer
	if err := declared.WriteXLSX(&sheet, inv, lab.Declarations(inv, d.month), d.lang); err != nil {
		return err
	}
	file := filepath.Join(d.dir, "ke-khai.xlsx")
	if err := os.WriteFile(file, sheet.Bytes(), 0o600); err != nil {
		return err
	}
	if _, err := c.Command(ctx, "declare", "--by", "demo", file); err != nil {
		return err
	}
	d.say("demo.past", d.month.Add(1-pastMonths).String(), d.month.String())
	d.say("demo.pages", c.Page, c.Page)
	return nil
}

// report runs the collector's own report on the last full month, beside the collector.
func (d *demo) report(ctx context.Context, c *lab.Collector) (*lab.ReportResult, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	args := []string{"--month", d.month.String(), "--months", fmt.Sprint(pastMonths), "--lang", string(d.lang)}
	out, err := c.Command(ctx, "report", append(args, "--format", "json")...)
	if err != nil {
		return nil, err
	}
	var r goal.Report
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	if d.live {
		if out, err = c.Command(ctx, "report", append(args, "--format", "text")...); err != nil {
			return nil, err
		}
		fmt.Fprintf(d.out, "\n%s\n%s", out, d.verdicts(&r))
	}
	return lab.ReportOf(&r), nil
}

// named is how many offices stand for all of their verdict.
const named = 5

// verdicts are the report in three lines, which stay in sight after all of it.
func (d *demo) verdicts(r *goal.Report) string {
	labels := map[goal.Verdict][]string{}
	for i := range r.Sites {
		line := &r.Sites[i]
		labels[line.Verdict] = append(labels[line.Verdict], d.lang.Text(say.Key("kind."+line.Kind), line.Name))
	}
	text := d.lang.Text("demo.simulated", r.Month.String()) + "\n"
	for _, v := range []goal.Verdict{goal.Met, goal.NotMet, goal.NoData} {
		some := labels[v][:min(named, len(labels[v]))]
		text += fmt.Sprintf("  %s: %d – %s …\n", d.lang.Text(say.Key("goal.verdict_"+string(v))), len(labels[v]), strings.Join(some, ", "))
	}
	return text
}
