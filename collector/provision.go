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

// provisionGrafana brings data source, dashboards and alerts into a Grafana; run again
// it writes nothing, and with --dry-run not the first time either.
func provisionGrafana(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	grafana := flags.String("grafana", "", lang.Text("collector.grafana_url"))
	token := flags.String("grafana-token", "", lang.Text("collector.grafana_token"))
	influx := flags.String("influx-url", "", lang.Text("collector.influx_url"))
	influxToken := flags.String("influx-token", "", lang.Text("collector.influx_token"))
	dry := flags.Bool("dry-run", false, lang.Text("alert.flag_dry_run"))
	alerts := flags.Bool("alerts", true, lang.Text("alert.flag_alerts"))
	pages := flags.String("pages", "", lang.Text("alert.flag_pages"))
	contacts := contactFlags(flags, lang)
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
		target.Alerts, target.Pages, target.DryRun = *alerts, *pages, *dry
		if target.Token, err = secret(*token); err != nil {
			return err
		}
		if target.InfluxURL, target.InfluxCredential, err = source(cfg, *influx, *influxToken); err != nil {
			return err
		}
		if target.Contacts, err = contacts(); err != nil {
			return err
		}
		report, err := provision.Provision(ctx, target, provision.Deps{Log: slog.New(slog.NewTextHandler(io.Err, nil))})
		printProvisioned(io, report, target)
		return err
	}
}

// printProvisioned says of each object what became of it, and of what was replaced
// how it differs.
func printProvisioned(io settings.IO, report provision.Report, target provision.Config) {
	for _, o := range report.Objects {
		fmt.Fprintf(io.Out, "%-14s %-26s %s\n", o.Kind, o.UID, io.Lang.Text(say.Key("collector."+string(o.Outcome))))
		for _, line := range o.Diff {
			fmt.Fprintf(io.Out, "    %s\n", line)
		}
	}
	if target.DryRun {
		fmt.Fprintln(io.Out, io.Lang.Text("alert.dry_run"))
	}
	if target.Alerts && !report.Told {
		fmt.Fprintln(io.Err, io.Lang.Text("alert.no_channel"))
	}
}

// contactFlags declares who is told, and gives what reads the secrets.
func contactFlags(flags *flag.FlagSet, lang say.Lang) func() (provision.Contacts, error) {
	emails := flags.String("email", "", lang.Text("alert.flag_email"))
	chat := flags.String("telegram-chat", "", lang.Text("alert.flag_telegram_chat"))
	telegram := flags.String("telegram", "", lang.Text("alert.flag_telegram"))
	webhook := flags.String("webhook", "", lang.Text("alert.flag_webhook"))
	watchdog := flags.String("watchdog", "", lang.Text("alert.flag_watchdog"))
	return func() (provision.Contacts, error) {
		if (*telegram == "") != (*chat == "") {
			return provision.Contacts{}, settings.UsageError{Key: "alert.telegram_both"}
		}
		to := provision.Contacts{TelegramChat: *chat, Emails: strings.FieldsFunc(*emails, func(r rune) bool { return r == ',' || r == ' ' })}
		for _, c := range []struct {
			place string
			into  *string
		}{{*telegram, &to.TelegramToken}, {*webhook, &to.Webhook}, {*watchdog, &to.Watchdog}} {
			if c.place == "" {
				continue
			}
			var err error
			if *c.into, err = secret(c.place); err != nil {
				return to, err
			}
			if *c.into == "" {
				return to, fmt.Errorf("read credential: %s is empty", c.place)
			}
		}
		return to, nil
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

// secret is a file's one line, or a variable of the environment (env:NAME): what
// stands on a command line stands in the process list.
func secret(place string) (string, error) {
	if name, ok := strings.CutPrefix(place, "env:"); ok {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("read credential: the environment has no %s", name)
	}
	data, err := os.ReadFile(place)
	if err != nil {
		return "", fmt.Errorf("read credential: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}
