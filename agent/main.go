// Command communewatch-agent measures one office's network and reports to the
// collector. Here stands the command table and nothing else worth testing: the
// agent itself is package office.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"communewatch/agent/office"
	"communewatch/agent/service"
	"communewatch/collector/settings"
)

// version is set by the build.
var version = "devel"

var commands = []settings.Command{
	{Name: "install", Does: "agent.install", Flags: install},
	{Name: "check", Does: "doctor.check", Flags: check},
	{Name: "status", Does: "status.does", Flags: status},
	{Name: "discover", Does: "doctor.discover", Flags: discover},
	{Name: "run", Does: "agent.run", Flags: run},
	{Name: "uninstall", Does: "agent.uninstall", Flags: uninstall},
	settings.VersionCommand("agent.version", version),
}

func main() { os.Exit(settings.Main("communewatch-agent", commands, os.Args[1:])) }

func run(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	check := flags.Bool("check", false, lang.Text("agent.check"))
	background := flags.Bool("background", false, lang.Text("agent.background"))
	managed := flags.Bool("service", false, lang.Text("agent.service"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		if *check {
			return checkConfig(io, *path)
		}
		// Nothing is read before the service manager knows that we run.
		how := service.Config{Folder: filepath.Dir(*path), Background: *background, Service: *managed, Err: io.Err}
		return service.Run(ctx, how, func(ctx context.Context, host service.Host) error {
			cfg, err := office.Load(*path)
			if err != nil {
				return err
			}
			cfg.Version = version
			agent, err := office.New(cfg, office.Deps{Log: host.Log, Sleeps: host.Sleeps})
			if err != nil {
				return err
			}
			return agent.Run(ctx)
		})
	}
}

func checkConfig(io settings.IO, path string) error {
	cfg, err := office.Load(path)
	if err != nil {
		return err
	}
	if err := cfg.CheckProfiles(); err != nil {
		return err
	}
	fmt.Fprintln(io.Out, io.Lang.Text("agent.valid", path, len(cfg.Document.Targets)))
	return nil
}
