package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"

	"communewatch/agent/doctor"
	"communewatch/agent/office"
	"communewatch/collector/settings"
)

// check says what this office lacks, a line each.
func check(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, lang.Text("doctor.json"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		found, installed, err := office.Check(ctx, *path)
		if errors.Is(err, fs.ErrPermission) {
			return errors.New(io.Lang.Text("doctor.may_not", *path))
		} else if errors.Is(err, context.Canceled) {
			return errors.New(io.Lang.Text("doctor.discover_cut_err"))
		} else if err != nil {
			return err
		}
		if *asJSON {
			err = doctor.PrintJSON(io.Out, io.Lang, found)
		} else {
			err = say(io, *path, installed, found)
		}
		if n := doctor.Failed(found); err == nil && n > 0 {
			err = errors.New(io.Lang.Text("doctor.failed", n))
		}
		return err
	}
}

func say(io settings.IO, path string, installed bool, found []doctor.Finding) error {
	if !installed {
		fmt.Fprintln(io.Out, io.Lang.Text("doctor.too_early", path))
	}
	if err := doctor.Print(io.Out, io.Lang, found); err != nil {
		return err
	}
	if doctor.Failed(found) == 0 {
		fmt.Fprintln(io.Out, io.Lang.Text("doctor.all_good"))
	}
	return nil
}
