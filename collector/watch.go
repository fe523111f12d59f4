package main

import (
	"context"
	"flag"
	"fmt"

	"communewatch/collector/say"
	"communewatch/collector/settings"
	"communewatch/collector/watch"
)

// watchCollector asks once whether a collector works, for a timer on another machine.
func watchCollector(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	cfg := watch.DefaultConfiguration()
	flags.StringVar(&cfg.Ready, "ready", "", lang.Text("alert.watch_ready"))
	flags.StringVar(&cfg.CA, "ca", "", lang.Text("alert.watch_ca"))
	flags.StringVar(&cfg.State, "state", "", lang.Text("alert.watch_state"))
	flags.IntVar(&cfg.After, "after", cfg.After, lang.Text("alert.watch_after"))
	flags.DurationVar(&cfg.Repeat, "repeat", cfg.Repeat, lang.Text("alert.watch_repeat"))
	webhook := flags.String("webhook", "", lang.Text("alert.watch_webhook"))
	return func(ctx context.Context, io settings.IO) error {
		cfg.Command, cfg.Lang = io.Args, io.Lang
		if cfg.Ready == "" || cfg.State == "" || *webhook == "" && len(cfg.Command) == 0 {
			return settings.UsageError{Key: "alert.watch_usage"}
		}
		var err error
		if *webhook != "" {
			if cfg.Webhook, err = secret(*webhook); err != nil {
				return err
			}
		}
		result, err := watch.Once(ctx, cfg)
		if err != nil {
			return err
		}
		word := say.Key("alert.watch_works")
		if result.Problem != nil {
			word = "alert.watch_fails"
		}
		fmt.Fprintln(io.Out, io.Lang.Text(word), reason(result.Problem))
		if result.Missed != nil {
			fmt.Fprintln(io.Err, result.Missed)
		}
		return nil
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
