//go:build integration

package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store/storetest"
	"communewatch/deploy/lab"
)

// The built collector, its commands and its InfluxDB; no office is needed for it.
func TestTheDemoEndsWithAReportOfAllThreeVerdicts(t *testing.T) {
	province, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	d := &demo{lang: say.Vietnamese, out: &out, progress: io.Discard, live: true, bin: filepath.Join(storetest.Repository(t), "bin"), dir: t.TempDir(), began: time.Now()}
	c, err := lab.StartCollector(t.Context(), d.bin, d.dir, 0, time.Minute, []string{province.Sites()[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	if err := d.invent(t.Context(), c, province.WithCalendar(inventory.CalendarAlways)); err != nil {
		t.Fatal(err)
	}
	r, err := d.report(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Whole() || r.Met+r.NotMet+r.NoData != len(province.Sites()) || r.Goal != "may-2023" || r.Month != goal.MonthOf(d.began).Add(-1) {
		t.Errorf("%+v", r)
	}
	text := out.String()
	for _, want := range []string{"mô phỏng", "đạt: ", "không đạt: ", "chưa đủ số liệu: "} {
		if !strings.Contains(text[max(0, len(text)-2000):], want) {
			t.Errorf("the end of what is printed lacks %q", want)
		}
	}
}
