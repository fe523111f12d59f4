package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/goal"
	"communewatch/collector/goal/paper"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// reportFlags is what the command line of `report` says.
type reportFlags struct {
	config, goal, compare, month, unitsOn *string
	format, out, site, area, by, budget   *string
	months                                *int
	publish, published                    *bool
}

func reportFlagsOf(flags *flag.FlagSet) *reportFlags {
	lang := settings.LangOf(flags)
	return &reportFlags{
		config:    configFlag(flags),
		goal:      flags.String("goal", "", lang.Text("report.flag_goal")),
		compare:   flags.String("compare", "", lang.Text("report.flag_compare")),
		month:     flags.String("month", "", lang.Text("report.flag_month")),
		unitsOn:   flags.String("units-on", "", lang.Text("report.flag_units_on")),
		format:    flags.String("format", "", lang.Text("report.flag_format")),
		out:       flags.String("out", "", lang.Text("report.flag_out")),
		site:      flags.String("site", "", lang.Text("report.flag_site")),
		area:      flags.String("area", "", lang.Text("report.flag_area")),
		by:        flags.String("by", whoRuns(), lang.Text("report.flag_by")),
		months:    flags.Int("months", 12, lang.Text("report.flag_months")),
		budget:    flags.String("budget", "", lang.Text("report.flag_budget")),
		publish:   flags.Bool("publish", false, lang.Text("report.flag_publish")),
		published: flags.Bool("published", false, lang.Text("report.flag_published")),
	}
}

// reportMonth says which offices meet the target in a month, keeps such a report for
// good, or shows those that are kept.
func reportMonth(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	f := reportFlagsOf(flags)
	return func(ctx context.Context, io settings.IO) error {
		print, err := f.printer(io)
		if err != nil {
			return err
		}
		cfg, err := center.LoadConfig(*f.config)
		if err != nil {
			return err
		}
		if *f.published {
			return f.showPublished(io, cfg, print)
		}
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		request, err := f.request(&cfg)
		if err != nil {
			return err
		}
		if err := f.checkPlaces(cfg); err != nil {
			return err
		}
		desk, end, err := center.OpenDesk(ctx, cfg, version, quiet(io))
		if err != nil {
			return err
		}
		report, err := desk.Report(ctx, request)
		if err == nil {
			err = f.hand(io, desk, report, print)
		}
		return errors.Join(err, end())
	}
}

// quiet logs what a person at a terminal must know, and not that a database came up.
func quiet(io settings.IO) *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// hand publishes the report where that is asked, and prints it where anything says how.
func (f *reportFlags) hand(io settings.IO, desk *goal.Desk, r *goal.Report, print printer) error {
	if !*f.publish {
		return f.write(io, r, print)
	}
	kept, err := desk.Archive.Publish(r, *f.by)
	if err != nil {
		return err
	}
	if *f.format+*f.out+*f.site+*f.area == "" {
		fmt.Fprintln(io.Out, io.Lang.Text("report.kept", kept.ID, kept.Hash))
		return nil
	}
	fmt.Fprintln(io.Err, io.Lang.Text("report.kept", kept.ID, kept.Hash))
	return f.write(io, r, print)
}

// request reads the command line. A target that is named by its file joins the
// configuration's.
func (f *reportFlags) request(cfg *center.Config) (r goal.Request, err error) {
	if *f.months < 1 || *f.months > goal.MaxMonths {
		return r, settings.UsageError{Key: "report.months", Args: []any{goal.MaxMonths}}
	}
	r.Months = *f.months
	if *f.budget != "" {
		if r.Budget, err = dong(*f.budget); err != nil {
			return r, settings.UsageError{Key: "report.budget", Args: []any{*f.budget}}
		}
	}
	if *f.month != "" {
		if r.Month, err = goal.ParseMonth(*f.month); err != nil {
			return r, settings.UsageError{Key: "report.month", Args: []any{*f.month}}
		}
	}
	if *f.unitsOn != "" {
		if r.UnitsOn, err = time.ParseInLocation(time.DateOnly, *f.unitsOn, inventory.Zone()); err != nil {
			return r, settings.UsageError{Key: "report.day", Args: []any{*f.unitsOn}}
		}
	}
	if r.Goal, err = standardOf(cfg, *f.goal); err != nil {
		return r, err
	}
	r.Compare, err = standardOf(cfg, *f.compare)
	return r, err
}

// grouped is a number as money is written in Vietnam, or in English: 500.000.000.
var grouped = regexp.MustCompile(`^[0-9]{1,3}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)$`)

// dong reads an amount of đồng, which has no decimals.
func dong(s string) (int64, error) {
	if grouped.MatchString(s) {
		s = strings.NewReplacer(".", "", ",", "").Replace(s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}

// standardOf is the id of the target that is named by it or by its file.
func standardOf(cfg *center.Config, name string) (string, error) {
	known, err := goal.ReadStandards(cfg.Goals)
	if err != nil || name == "" {
		return "", err
	}
	find := func(id string) *goal.Standard {
		if i := slices.IndexFunc(known, func(s *goal.Standard) bool { return s.ID == id }); i >= 0 {
			return known[i]
		}
		return nil
	}
	if find(name) != nil {
		return name, nil
	}
	if _, err := os.Stat(name); err != nil {
		return "", settings.UsageError{Key: "report.no_goal", Args: []any{name, idsOf(known)}}
	}
	s, err := goal.Load(name)
	if err != nil {
		return "", err
	}
	switch taken := find(s.ID); {
	case taken == nil:
		cfg.Goals = append(cfg.Goals, name)
	case taken.Hash != s.Hash:
		return "", settings.UsageError{Key: "report.goal_twice", Args: []any{name, s.ID}}
	}
	return s.ID, nil
}

func idsOf(all []*goal.Standard) string {
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	return strings.Join(ids, ", ")
}

// checkPlaces holds --site and --area against the inventory before anything is read.
func (f *reportFlags) checkPlaces(cfg center.Config) error {
	if *f.site == "" && *f.area == "" {
		return nil
	}
	sites, err := inventory.Open(cfg.Inventory)
	if err != nil {
		return err
	}
	if _, known := sites.Site(*f.site); *f.site != "" && !known {
		return settings.UsageError{Key: "collector.no_site", Args: []any{*f.site}}
	}
	if _, known := sites.Area(*f.area); *f.area != "" && !known {
		var all []string
		for _, a := range sites.Areas() {
			all = append(all, a.Code+" "+a.Name)
		}
		return settings.UsageError{Key: "report.no_area", Args: []any{*f.area, strings.Join(all, ", ")}}
	}
	return nil
}

// printer writes a report as it is wanted.
type printer func(io.Writer, *goal.Report, say.Lang) error

// printer finds out how: as told, else by the file's name, else for the terminal.
func (f *reportFlags) printer(io settings.IO) (printer, error) {
	name := *f.format
	if name == "" {
		name = f.guess(io.Out)
	}
	format, known := paper.Formats[name]
	if !known {
		names := []string{"text", "xlsx", "csv", "json", "html"}
		return nil, settings.UsageError{Key: "report.format", Args: []any{name, strings.Join(names, ", ")}}
	}
	if name == "xlsx" && *f.out == "" && isTerminal(io.Out) {
		return nil, settings.UsageError{Key: "report.needs_out"}
	}
	if *f.site != "" && *f.area != "" {
		return nil, settings.UsageError{Key: "report.one_place"}
	}
	if *f.site+*f.area == "" {
		return format.Write, nil
	}
	return f.placePrinter(name)
}

// placePrinter is for one site or one area.
func (f *reportFlags) placePrinter(format string) (printer, error) {
	switch {
	case format == "html" && *f.site != "":
		return onePlace(paper.SitePage, *f.site), nil
	case format == "html":
		return onePlace(paper.AreaPage, *f.area), nil
	case format == "text" && *f.site != "":
		return onePlace(paper.SiteText, *f.site), nil
	case format == "text":
		return onePlace(paper.AreaText, *f.area), nil
	}
	return nil, settings.UsageError{Key: "report.html_only"}
}

// guess goes by the file's name; a place is a page to print, but at a terminal a text.
func (f *reportFlags) guess(out io.Writer) string {
	extension := strings.TrimPrefix(strings.ToLower(filepath.Ext(*f.out)), ".")
	for name, format := range paper.Formats {
		if *f.out != "" && format.Extension == extension {
			return name
		}
	}
	if *f.site+*f.area != "" && (*f.out != "" || !isTerminal(out)) {
		return "html"
	}
	return "text"
}

func onePlace(print func(io.Writer, *goal.Report, string, say.Lang) error, of string) printer {
	return func(w io.Writer, r *goal.Report, lang say.Lang) error { return print(w, r, of, lang) }
}
