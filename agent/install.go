package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"communewatch/agent/office"
	"communewatch/collector/settings"
)

// maxPasted bounds what is read of a pasted invitation; one has some 200 bytes.
const maxPasted = 8 << 10

func install(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	perUser := flags.Bool("user", false, lang.Text("install.flag_user"))
	folder := flags.String("folder", "", lang.Text("install.flag_folder"))
	noService := flags.Bool("no-service", false, lang.Text("install.flag_no_service"))
	replace := flags.Bool("replace", false, lang.Text("install.flag_replace"))
	asJSON := flags.Bool("json", false, lang.Text("install.flag_json"))
	return func(ctx context.Context, io settings.IO) error {
		pasted := strings.Join(io.Args, " ") // mail programs break a long line
		if pasted == "" {
			fmt.Fprintln(io.Err, io.Lang.Text("install.paste"))
			pasted = ask(os.Stdin)
		}
		in := office.Install{
			Pasted: pasted, Folder: *folder, PerUser: *perUser, NoService: *noService, Replace: *replace,
			Version: version, Lang: io.Lang, Log: warnings(io.Err),
			Waits: func(text string) { fmt.Fprintln(io.Err, text) },
		}
		if !*asJSON {
			in.Tell = teller(io.Out)
		}
		return conclude(io, in.Do(ctx, office.InstallDeps{}), *asJSON, io.Lang.Text("install.error"))
	}
}

func uninstall(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	perUser := flags.Bool("user", false, lang.Text("install.flag_user"))
	folder := flags.String("folder", "", lang.Text("install.flag_folder"))
	yes := flags.Bool("yes", false, lang.Text("install.flag_yes"))
	asJSON := flags.Bool("json", false, lang.Text("install.flag_json"))
	return func(ctx context.Context, io settings.IO) error {
		if len(io.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[0]}}
		}
		un := office.Uninstall{Folder: *folder, PerUser: *perUser, Lang: io.Lang, Log: warnings(io.Err)}
		if !*asJSON {
			un.Tell = teller(io.Out)
		}
		if !*yes {
			un.Agree = func(question string) bool {
				fmt.Fprintln(io.Err, question)
				return strings.EqualFold(strings.TrimSpace(ask(os.Stdin)), "y")
			}
		}
		return conclude(io, un.Do(ctx), *asJSON, io.Lang.Text("uninstall.error"))
	}
}

// ask reads one line; of a pasted one that was broken into several it reads on as long
// as they are there at once.
func ask(from io.Reader) string {
	lines := bufio.NewReader(io.LimitReader(from, maxPasted))
	text, _ := lines.ReadString('\n') // what came before the end is all there is
	for lines.Buffered() > 0 {
		more, err := lines.ReadString('\n')
		text += more
		if err != nil {
			break
		}
	}
	return text
}

// warnings are all of the log that a person at the office should see.
func warnings(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func teller(to io.Writer) func(office.Step) {
	return func(s office.Step) {
		mark := "✔"
		if !s.OK {
			mark = "✘"
		}
		fmt.Fprintln(to, mark, s.Text)
		if s.Todo != "" {
			fmt.Fprintln(to, "  →", s.Todo)
		}
	}
}

// conclude says the last word; the exit code says it too.
func conclude(io settings.IO, result office.Result, asJSON bool, failure string) error {
	if asJSON {
		out := json.NewEncoder(io.Out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		if err := out.Encode(result); err != nil {
			return err
		}
	} else if result.Last != "" {
		fmt.Fprintln(io.Out)
		fmt.Fprintln(io.Out, result.Last)
	}
	if !result.Passed {
		return errors.New(failure)
	}
	return nil
}
