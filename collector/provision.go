package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"communewatch/collector/center"
	"communewatch/collector/say"
	"communewatch/collector/settings"
	"communewatch/collector/store/embedded"
	"communewatch/dashboards/provision"
)

// provisionGrafana brings data source and dashboards into a Grafana; run again it
// writes nothing.
func provisionGrafana(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	grafana := flags.String("grafana", "", lang.Text("collector.grafana_url"))
	token := flags.String("grafana-token", "", lang.Text("collector.grafana_token"))
	influx := flags.String("influx-url", "", lang.Text("collector.influx_url"))
	influxToken := flags.String("influx-token", "", lang.Text("collector.influx_token"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		if *grafana == "" || *token == "" {
			return settings.UsageError{Key: "collector.grafana_usage"}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		target := provision.DefaultConfiguration()
		target.GrafanaURL, target.Database, target.Lang = *grafana, cfg.InfluxDB.Database, io.Lang
		if target.Token, err = secret(*token); err != nil {
			return err
		}
		if target.InfluxURL, target.InfluxCredential, err = source(cfg, *influx, *influxToken); err != nil {
			return err
		}
		report, err := provision.Provision(ctx, target, provision.Deps{Log: slog.New(slog.NewTextHandler(io.Err, nil))})
		for _, o := range report.Objects {
			fmt.Fprintf(io.Out, "%-12s %-20s %s\n", o.Kind, o.UID, io.Lang.Text(say.Key("collector."+string(o.Outcome))))
		}
		return err
	}
}

// source is where Grafana reads: as told, else the configuration's InfluxDB, else
// the embedded one as its read-only user.
func source(cfg center.Config, address, tokenFile string) (url, credential string, err error) {
	if address == "" {
		address = cfg.InfluxDB.URL
	}
	if address == "" {
		address = "http://" + cfg.InfluxDB.Listen
	}
	switch {
	case tokenFile != "":
		credential, err = secret(tokenFile)
	case cfg.InfluxDB.URL != "":
		credential, err = secret(cfg.InfluxDB.TokenFile)
	default:
		credential, err = embedded.ReaderCredential(center.InfluxDir(cfg.Data))
	}
	return address, credential, err
}

// secret is a file's one line: what stands on a command line stands in the process list.
func secret(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read credential: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}
