package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"

	"communewatch/agent/doctor"
	"communewatch/agent/office"
	"communewatch/collector/settings"
)

// discover lists what is in the office.
func discover(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, lang.Text("doctor.json"))
	subnet := flags.String("subnet", "", lang.Text("doctor.subnet"))
	community := flags.String("community", "", lang.Text("doctor.community"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		only, err := network(*subnet)
		if err != nil {
			return err
		}
		search, tried, err := office.Discover(*path, only, *community)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return errors.New(io.Lang.Text("doctor.may_not", *path))
		case errors.Is(err, doctor.ErrNowhere):
			return errors.New(io.Lang.Text("doctor.nowhere"))
		case errors.Is(err, doctor.ErrForeign):
			return settings.UsageError{Key: "doctor.foreign", Args: []any{*subnet, doctor.OwnNetworks()}}
		case err != nil:
			return err
		}
		fmt.Fprintln(io.Err, search.Plan().In(io.Lang))
		if tried == 0 {
			fmt.Fprintln(io.Err, io.Lang.Text("doctor.only_public"))
		} else {
			fmt.Fprintln(io.Err, io.Lang.Text("doctor.tried", tried))
		}
		found := search.Run(ctx)
		if *asJSON {
			err = found.PrintJSON(io.Out, io.Lang)
		} else {
			err = found.Print(io.Out, io.Lang)
		}
		if err == nil && !found.Complete {
			err = errors.New(io.Lang.Text("doctor.discover_cut_err"))
		}
		return err
	}
}

// network reads --subnet; empty is none.
func network(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, settings.UsageError{Key: "doctor.not_a_subnet", Args: []any{text}}
	}
	return p.Masked(), nil
}
