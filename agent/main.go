// Command communewatch-agent measures one office's network and reports to the
// collector. Here stands the command table and nothing else worth testing: the
// agent itself is package office.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"communewatch/agent/office"
	"communewatch/collector/settings"
)

// version is set by the build.
var version = "devel"

var commands = []settings.Command{
	{Name: "run", Does: "agent.run", Flags: run},
	{Name: "check", Does: "doctor.check", Flags: check},
	{Name: "discover", Does: "doctor.discover", Flags: discover},
	{Name: "status", Does: "status.does", Flags: status},
	settings.VersionCommand("agent.version", version),
}

func main() { os.Exit(settings.Main("communewatch-agent", commands, os.Args[1:])) }

func run(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := flags.String("config", "agent.yaml", lang.Text("agent.config"))
	check := flags.Bool("check", false, lang.Text("agent.check"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		cfg, err := office.Load(*path)
		if err != nil {
			return err
		}
		cfg.Version = version
		if *check {
			if err := cfg.CheckProfiles(); err != nil {
				return err
			}
			fmt.Fprintln(io.Out, io.Lang.Text("agent.valid", *path, len(cfg.Document.Targets)))
			return nil
		}
		agent, err := office.New(cfg, office.Deps{Log: slog.New(slog.NewTextHandler(io.Err, nil))})
		if err != nil {
			return err
		}
		return agent.Run(ctx)
	}
}
