package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"communewatch/collector/goal"
	"communewatch/collector/settings"
)

// showGoal prints the embedded target, which explains each key, or checks one in a file.
func showGoal(*flag.FlagSet) func(context.Context, settings.IO) error {
	return func(_ context.Context, out settings.IO) error {
		if len(out.Args) > 1 {
			return settings.UsageError{Key: "cli.extra", Args: []any{out.Args[1]}}
		}
		if len(out.Args) == 0 {
			_, err := io.WriteString(out.Out, goal.StandardText)
			return err
		}
		s, err := goal.Load(out.Args[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out.Out, out.Lang.Text("report.goal_right", s.ID, s.Name.In(out.Lang), len(s.Criteria), s.Hash))
		return err
	}
}
