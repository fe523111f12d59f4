// Command communewatch-collector takes what the offices measure, stores it in
// InfluxDB, judges it and shows it. Here stands the command table; the collector
// itself is package center.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"

	"communewatch/collector/center"
	"communewatch/collector/settings"
)

// version is set by the build.
var version = "devel"

var commands = []settings.Command{
	{Name: "serve", Does: "collector.serve", Flags: serve},
	{Name: "check", Does: "inventory.check", Flags: checkInventory},
	{Name: "policy", Does: "policy.policy", Flags: printPolicy},
	{Name: "enrol", Does: "enrol.enrol", Flags: enrolSite(false)},
	{Name: "re-enrol", Does: "enrol.re_enrol", Flags: enrolSite(true)},
	{Name: "revoke", Does: "enrol.revoke", Flags: revokeSite},
	{Name: "agents", Does: "enrol.agents", Flags: listAgents},
	{Name: "token", Does: "collector.token", Flags: issueToken},
	{Name: "report", Does: "report.report", Flags: reportMonth},
	{Name: "goal", Does: "report.goal", Flags: showGoal},
	{Name: "declare", Does: "declared.declare", Flags: declareSheet},
	{Name: "provision", Does: "collector.provision", Flags: provisionGrafana},
	{Name: "watch", Does: "alert.watch", Flags: watchCollector},
	settings.VersionCommand("collector.version", version),
}

func main() { os.Exit(settings.Main("communewatch-collector", commands, os.Args[1:])) }

func serve(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	path := configFlag(flags)
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		log := slog.New(slog.NewTextHandler(io.Err, nil))
		collector, err := center.New(cfg, center.Deps{Log: log, Version: version})
		if err != nil {
			return err
		}
		go announce(ctx, collector, cfg, log)
		return collector.Run(ctx)
	}
}

// announce says once where things are.
func announce(ctx context.Context, c *center.Center, cfg center.Config, log *slog.Logger) {
	select {
	case <-ctx.Done():
	case <-c.Up():
		log.Info("collector is up", "version", version, "agents", "https://"+c.Addr().String(),
			"pages", "http://"+c.PageAddr().String()+"/", "data", cfg.Data)
	}
}

// configFlag is the packages' file where it is there.
func configFlag(flags *flag.FlagSet) *string {
	usual := "/etc/communewatch/collector.yaml"
	if _, err := os.Stat(usual); err != nil {
		usual = ""
	}
	return flags.String("config", usual, settings.LangOf(flags).Text("collector.config"))
}
