package main

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"path/filepath"

	"communewatch/agent/office"
	"communewatch/collector/settings"
)

// status says how the agent of a state folder is doing. It needs to read status.json
// only, which everybody may. The exit code is 0 if it runs and nothing keeps it from
// its work, else 1.
func status(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, lang.Text("status.json"))
	return func(_ context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		folder := filepath.Dir(*path)
		s, err := office.ReadStatus(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return errors.New(io.Lang.Text("status.none", folder))
		} else if err != nil {
			return errors.New(io.Lang.Text("status.unreadable", folder, err))
		}
		if *asJSON {
			err = s.WriteJSON(io.Out)
		} else {
			err = s.WriteText(io.Out, io.Lang)
		}
		if n := len(s.Problems()); err == nil && n > 0 {
			err = errors.New(io.Lang.Text("status.not_fine", n))
		}
		return err
	}
}
