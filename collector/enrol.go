package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/enrol"
	"communewatch/collector/inventory"
	"communewatch/collector/settings"
)

// timeForm is how commands write a time, in the province's zone.
const timeForm = "2006-01-02 15:04"

// enrolSite invites a site and prints the line that its person pastes. It may run
// beside `serve`. The line goes to the output, what is said of it to the other stream:
// so it can be sent on by a program.
func enrolSite(again bool) func(*flag.FlagSet) func(context.Context, settings.IO) error {
	return func(flags *flag.FlagSet) func(context.Context, settings.IO) error {
		lang := settings.LangOf(flags)
		path := configFlag(flags)
		life := flags.Duration("for", enrol.InvitationLife, lang.Text("enrol.for"))
		address := flags.String("url", "", lang.Text("enrol.url"))
		qr := flags.Bool("qr", true, lang.Text("enrol.qr"))
		png := flags.String("png", "", lang.Text("enrol.png"))
		return func(_ context.Context, io settings.IO) error {
			cfg, site, err := siteOf(*path, io)
			if err != nil {
				return err
			}
			if *life < time.Minute || *life > enrol.MaxInvitationLife {
				return settings.UsageError{Key: "enrol.bad_for", Args: []any{life.String()}}
			}
			if *address == "" {
				*address = ownAddress(cfg)
			}
			host, ok := hostOf(*address)
			if !ok {
				return settings.UsageError{Key: "enrol.bad_url", Args: []any{*address}}
			}
			invitation, until, err := center.Invite(cfg, site.ID, *address, *life, again)
			if err != nil {
				return refusal(err, site.Label(io.Lang), site.ID, io)
			}
			if !slices.Contains(center.Names(cfg), host) {
				fmt.Fprintln(io.Err, io.Lang.Text("enrol.not_named", host))
			}
			fmt.Fprintln(io.Err, io.Lang.Text("enrol.paste", site.Label(io.Lang), site.ID, until.In(inventory.Zone()).Format(timeForm)))
			if again {
				fmt.Fprintln(io.Err, io.Lang.Text("enrol.takes_over"))
			}
			return printInvitation(io, invitation, *qr, *png)
		}
	}
}

func printInvitation(io settings.IO, invitation api.Invitation, qr bool, png string) error {
	line := "communewatch-agent install " + invitation.String()
	fmt.Fprintln(io.Out, line)
	if qr {
		if err := drawQR(io.Out, line); err != nil {
			return err
		}
	}
	if png == "" {
		return nil
	}
	return writeQR(png, line)
}

// siteOf reads the configuration and the one site that the command line names.
func siteOf(path string, io settings.IO) (center.Config, inventory.Site, error) {
	if len(io.Args) != 1 {
		return center.Config{}, inventory.Site{}, settings.UsageError{Key: "enrol.usage"}
	}
	cfg, err := center.LoadConfig(path)
	if err != nil {
		return center.Config{}, inventory.Site{}, err
	}
	sites, err := inventory.Open(cfg.Inventory)
	if err != nil {
		return center.Config{}, inventory.Site{}, err
	}
	site, ok := sites.Site(io.Args[0])
	if !ok {
		return center.Config{}, inventory.Site{}, settings.UsageError{Key: "collector.no_site", Args: []any{io.Args[0]}}
	}
	return cfg, site, nil
}

// refusal says in the reader's language what a person can do about it.
func refusal(err error, label, site string, io settings.IO) error {
	switch {
	case errors.Is(err, center.ErrHasAgent):
		return errors.New(io.Lang.Text("enrol.has_agent", label, site))
	case errors.Is(err, center.ErrNotEnrolling):
		return errors.New(io.Lang.Text("enrol.not_here"))
	case errors.Is(err, center.ErrNoAgent):
		return errors.New(io.Lang.Text("enrol.nothing", label))
	}
	return err
}

// hostOf is the name or address of https://host:port.
func hostOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery+u.Fragment != "" {
		return "", false
	}
	return u.Hostname(), true
}

// isTerminal tells whether a person looks at it.
func isTerminal(out any) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
