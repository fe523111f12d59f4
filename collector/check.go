package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"communewatch/collector/center"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// checkInventory says all that is wrong in an inventory's folder and in a policy file:
// those that are named, else the configuration's, whose targets are checked then too.
// Warnings alone are no failure.
func checkInventory(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, lang.Text("inventory.check_json"))
	policy := flags.String("policy", "", lang.Text("policy.flag"))
	without := flags.Bool("without-secrets", false, lang.Text("inventory.check_secrets"))
	return func(_ context.Context, io settings.IO) error {
		if len(io.Args) > 1 {
			return settings.UsageError{Key: "cli.extra", Args: []any{io.Args[1]}}
		}
		folder, file, goals, err := toCheck(io.Args, *policy, *path)
		if err != nil {
			return err
		}
		_, report, err := inventory.CheckFolder(folder, inventory.Options{WithoutSecrets: *without})
		if err != nil {
			return err
		}
		policyWrong, err := policyProblems(file)
		if err != nil {
			return err
		}
		goalsWrong, err := goalProblems(goals)
		if err != nil {
			return err
		}
		inventoryWrong := len(report.Errors)
		report.Errors = append(append(report.Errors, policyWrong...), goalsWrong...)
		if *asJSON {
			err = printJSON(io, report)
		} else {
			err = printReport(io.Out, io.Lang, report)
		}
		switch {
		case err != nil:
			return err
		case inventoryWrong > 0:
			return errors.New(io.Lang.Text("inventory.unusable", inventoryWrong))
		case len(policyWrong) > 0:
			return errors.New(io.Lang.Text("policy.unusable", len(policyWrong)))
		case len(goalsWrong) > 0:
			return errors.New(io.Lang.Text("report.unusable", len(goalsWrong)))
		}
		return nil
	}
}

// toCheck is what the command line names; the configuration is read only if that is not
// a folder.
func toCheck(args []string, policy, config string) (folder, file string, goals []string, err error) {
	if len(args) == 1 {
		return args[0], policy, nil, nil
	}
	cfg, err := center.LoadConfig(config)
	return cfg.Inventory, cmp.Or(policy, cfg.Policy), cfg.Goals, err
}

// goalProblems are all mistakes of files of targets; the error is that one cannot be read,
// or that two have one id.
func goalProblems(files []string) (all settings.Problems, err error) {
	for _, file := range files {
		_, err := goal.Load(file)
		if problems, ok := errors.AsType[settings.Problems](err); ok {
			all = append(all, problems...)
		} else if err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		_, err = goal.ReadStandards(files)
	}
	return all, err
}

// policyProblems are all mistakes of a policy file; the error is that it cannot be read.
func policyProblems(file string) (settings.Problems, error) {
	_, err := center.LoadPolicies(file)
	problems, ok := errors.AsType[settings.Problems](err)
	if ok {
		return problems, nil
	}
	return nil, err
}

// printPolicy shows the embedded policy, which explains each figure.
func printPolicy(*flag.FlagSet) func(context.Context, settings.IO) error {
	return func(_ context.Context, out settings.IO) error {
		if len(out.Args) > 0 {
			return settings.UsageError{Key: "cli.extra", Args: []any{out.Args[0]}}
		}
		_, err := io.WriteString(out.Out, center.PolicyText())
		return err
	}
}

func printReport(out io.Writer, lang say.Lang, r inventory.Report) error {
	var b strings.Builder
	for _, p := range r.Errors {
		fmt.Fprintln(&b, p.In(lang))
	}
	for _, p := range r.Warnings {
		place, text := placeAndText(p, lang)
		fmt.Fprintf(&b, "%s: %s: %s\n", place, lang.Text("inventory.warning"), text)
	}
	if len(r.Errors) > 0 {
		_, err := io.WriteString(out, b.String())
		return err // what could not be read was not counted
	}
	c := r.Counts
	steps := make([]string, len(c.Steps))
	for i, s := range c.Steps {
		steps[i] = lang.Text("inventory.summary_step", s.Units, s.From)
	}
	fmt.Fprintln(&b, lang.Text("inventory.summary", c.Sites, c.Areas))
	fmt.Fprintln(&b, strings.Join(steps, ", "))
	fmt.Fprintln(&b, lang.Text("inventory.summary_terrain", c.Terrain[inventory.Highland], c.Terrain[inventory.Mountain],
		c.Terrain[inventory.Plain], c.Terrain[inventory.Unknown]))
	fmt.Fprintln(&b, lang.Text("inventory.summary_more", c.Providers, c.Calendars, c.Profiles, c.Measured))
	if c.Windows > 0 {
		fmt.Fprintln(&b, lang.Text("inventory.summary_windows", c.Windows))
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintln(&b, lang.Text("inventory.warnings", len(r.Warnings)))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// placeAndText parts what [settings.Problem.In] joins.
func placeAndText(p settings.Problem, lang say.Lang) (place, text string) {
	place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	return place, strings.TrimPrefix(p.In(lang), place+": ")
}

// problemJSON is a mistake for machines; the key says which, whatever the language.
type problemJSON struct {
	File    string  `json:"file"`
	Line    int     `json:"line"`
	Column  int     `json:"column"`
	Key     say.Key `json:"key"`
	Message string  `json:"message"`
}

func printJSON(io settings.IO, r inventory.Report) error {
	list := func(problems settings.Problems) []problemJSON {
		out := make([]problemJSON, len(problems))
		for i, p := range problems {
			_, text := placeAndText(p, io.Lang)
			out[i] = problemJSON{p.File, p.Line, p.Column, p.Key, text}
		}
		return out
	}
	var counts *inventory.Counts
	if len(r.Errors) == 0 {
		counts = &r.Counts
	}
	encoder := json.NewEncoder(io.Out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		OK       bool              `json:"ok"`
		Errors   []problemJSON     `json:"errors"`
		Warnings []problemJSON     `json:"warnings"`
		Counts   *inventory.Counts `json:"counts,omitempty"` // of a folder without errors
	}{len(r.Errors) == 0, list(r.Errors), list(r.Warnings), counts})
}
