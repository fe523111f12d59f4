package main

import (
	"context"
	"flag"
	"fmt"

	"communewatch/collector/center"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// revokeSite ends all ways in that a site has. It may run beside `serve`.
func revokeSite(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	path := configFlag(flags)
	why := flags.String("why", "", settings.LangOf(flags).Text("enrol.reason"))
	return func(_ context.Context, io settings.IO) error {
		cfg, site, err := siteOf(*path, io)
		if err != nil {
			return err
		}
		done, err := center.Revoke(cfg, site.ID, *why)
		for _, of := range []struct {
			is  bool
			key say.Key
		}{{done.Certificate, "enrol.ended_cert"}, {done.Token, "enrol.ended_token"}, {done.Invitation, "enrol.ended_invite"}} {
			if of.is {
				fmt.Fprintln(io.Out, io.Lang.Text(of.key, site.Label(io.Lang), site.ID))
			}
		}
		if err != nil {
			return refusal(err, site, io)
		}
		fmt.Fprintln(io.Err, io.Lang.Text("enrol.soon"))
		return nil
	}
}
