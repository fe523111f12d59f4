package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"communewatch/collector/center"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// revokeSite ends all ways in that a site has. It may run beside `serve`, and needs no
// inventory: who is shut out may stand there no more, or somebody may just be editing it.
func revokeSite(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	path := configFlag(flags)
	why := flags.String("why", "", settings.LangOf(flags).Text("enrol.reason"))
	return func(_ context.Context, io settings.IO) error {
		if len(io.Args) != 1 {
			return settings.UsageError{Key: "enrol.usage"}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		site, sites := io.Args[0], readable(cfg, io)
		label, known := labelIn(sites, site, io.Lang)
		done, err := center.Revoke(cfg, site, *why)
		for _, of := range []struct {
			is  bool
			key say.Key
		}{{done.Certificate, "enrol.ended_cert"}, {done.Token, "enrol.ended_token"}, {done.Invitation, "enrol.ended_invite"}} {
			if of.is {
				fmt.Fprintln(io.Out, io.Lang.Text(of.key, label, site))
			}
		}
		if errors.Is(err, center.ErrNoAgent) && sites != nil && !known {
			return settings.UsageError{Key: "collector.no_site", Args: []any{site}}
		} else if err != nil {
			return refusal(err, label, site, io)
		}
		fmt.Fprintln(io.Err, io.Lang.Text("enrol.soon"))
		return nil
	}
}

// readable is the inventory, for what needs no more of it than names. It is nil, and
// that is said, if it has mistakes.
func readable(cfg center.Config, io settings.IO) *inventory.Inventory {
	sites, err := inventory.Open(cfg.Inventory)
	if err == nil {
		return sites
	}
	text := err.Error()
	if problems, ok := errors.AsType[settings.Problems](err); ok {
		text = problems[:1].In(io.Lang)
	}
	fmt.Fprintln(io.Err, io.Lang.Text("enrol.unnamed", text))
	return nil
}

// labelIn is what people call a site: its id where the inventory is nil or lacks it.
func labelIn(sites *inventory.Inventory, id string, lang say.Lang) (label string, known bool) {
	if sites == nil {
		return id, false
	}
	site, ok := sites.Site(id)
	if !ok {
		return id, false
	}
	return site.Label(lang), true
}
