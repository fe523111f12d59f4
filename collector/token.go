package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"communewatch/collector/center"
	"communewatch/collector/enrol"
	"communewatch/collector/inventory"
	"communewatch/collector/settings"
)

// issueToken makes a site's token and prints the agent.yaml that uses it. It may
// run beside `serve`, which takes up the new token within a second.
func issueToken(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	path := configFlag(flags)
	address := flags.String("url", "", settings.LangOf(flags).Text("collector.token_url"))
	return func(_ context.Context, io settings.IO) error {
		if len(io.Args) != 1 {
			return settings.UsageError{Key: "collector.token_usage"}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		sites, err := inventory.Open(cfg.Inventory)
		if err != nil {
			return err
		}
		site, ok := sites.Site(io.Args[0])
		if !ok {
			return settings.UsageError{Key: "collector.no_site", Args: []any{io.Args[0]}}
		}
		pin, token, err := issue(cfg, site.ID)
		if err != nil {
			return err
		}
		if *address == "" {
			*address = ownAddress(cfg)
		}
		fmt.Fprintf(io.Out, "# %s\ncollector:\n  url: %s\n  pin: %s\n  token: %s\n",
			io.Lang.Text("collector.yaml_comment", site.Label(io.Lang), site.ID), *address, pin, token)
		return nil
	}
}

func issue(cfg center.Config, site string) (pin, token string, err error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return "", "", fmt.Errorf("make data folder: %w", err)
	}
	authority, err := enrol.OpenAuthority(center.KeysDir(cfg.Data))
	if err != nil {
		return "", "", err
	}
	tokens, err := enrol.OpenTokens(center.TokensFile(cfg.Data))
	if err != nil {
		return "", "", err
	}
	token, err = tokens.Issue(site, "a1")
	return authority.Pin(), token, err
}

// ownAddress is the first configured name, else this machine's, with the port agents use.
func ownAddress(cfg center.Config) string {
	_, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		port = "8443"
	}
	host := "localhost"
	if name, err := os.Hostname(); err == nil {
		host = name
	}
	if len(cfg.Names) > 0 {
		host = cfg.Names[0]
	}
	return "https://" + net.JoinHostPort(host, port)
}
