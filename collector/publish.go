package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/settings"
)

// showPublished lists the reports that are kept, or prints the one that is named: it asks
// no database.
func (f *reportFlags) showPublished(io settings.IO, cfg center.Config, print printer) error {
	if len(io.Args) > 1 {
		return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[1]}}
	}
	if *f.publish {
		return settings.UsageError{Key: "report.publish_both"}
	}
	dir := goal.ArchiveDir(center.GoalDir(cfg.Data))
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) && len(io.Args) == 0 {
		return listPublished(io, nil) // and looking makes no folder
	}
	archive, err := goal.OpenArchive(dir)
	if err != nil {
		return err
	}
	if len(io.Args) == 1 {
		r, _, err := archive.Get(io.Args[0])
		if err != nil {
			return err
		}
		return f.write(io, r, print)
	}
	all, err := archive.List()
	return errors.Join(listPublished(io, all), err)
}

func listPublished(io settings.IO, all []goal.Published) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(io.Out, io.Lang.Text("report.none_kept"))
		return err
	}
	table := tabwriter.NewWriter(io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, io.Lang.Text("report.kept_head"))
	for _, p := range all {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\n", p.ID, p.Made.In(inventory.Zone()).Format(time.DateOnly+" 15:04"), p.Met, p.NotMet, p.NoData, p.By)
	}
	return table.Flush()
}

// write prints to where it is wanted: a file is there whole, or as it was before.
func (f *reportFlags) write(io settings.IO, r *goal.Report, print printer) error {
	if *f.out == "" {
		return print(io.Out, r, io.Lang)
	}
	return replaceFile(*f.out, func(w writer) error { return print(w, r, io.Lang) })
}

type writer = io.Writer

// replaceFile writes beside a file and puts it in its place.
func replaceFile(path string, write func(writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	err = write(file)
	if err == nil {
		err = file.Chmod(0o644) // it is to be handed on
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return os.Rename(file.Name(), path)
}
