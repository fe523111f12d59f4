package settings

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"communewatch/collector/say"
)

// Exit codes of every command.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Command is one row of a program's command table.
type Command struct {
	Name string
	Does say.Key // one line for the list of commands
	// Flags declares the command's own flags and gives what runs it once they are
	// read. --lang is there for every command.
	Flags func(*flag.FlagSet) func(context.Context, IO) error
}

// IO is what a running command speaks to.
type IO struct {
	Lang     say.Lang
	Args     []string // what is left after the flags
	Out, Err io.Writer
}

// UsageError is a command line that makes no sense: exit code 2.
type UsageError struct {
	Key  say.Key
	Args []any
}

func (e UsageError) Error() string { return say.English.Text(e.Key, e.Args...) }

// VersionCommand prints what the build set.
func VersionCommand(does say.Key, version string) Command {
	return Command{Name: "version", Does: does, Flags: func(*flag.FlagSet) func(context.Context, IO) error {
		return func(_ context.Context, io IO) error {
			_, err := fmt.Fprintln(io.Out, version)
			return err
		}
	}}
}

// Main runs the command that args name and gives the exit code. Ctrl-C and SIGTERM
// end the command's context; a second one ends the program.
func Main(program string, commands []Command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()
	return Run(ctx, program, commands, args, os.Stdout, os.Stderr)
}

// Run is [Main] without the process around it.
func Run(ctx context.Context, program string, commands []Command, args []string, out, errs io.Writer) int {
	lang := langOf(args)
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help", "-help"}, args[0]) {
		list(out, lang, program, commands)
		if len(args) == 0 {
			return ExitUsage
		}
		return ExitOK
	}
	i := slices.IndexFunc(commands, func(c Command) bool { return c.Name == args[0] })
	if i < 0 {
		fmt.Fprintln(errs, lang.Text("cli.unknown", args[0], program))
		return ExitUsage
	}
	return runOne(ctx, program, commands[i], args[1:], lang, out, errs)
}

func runOne(ctx context.Context, program string, c Command, args []string, lang say.Lang, out, errs io.Writer) int {
	flags := flag.NewFlagSet(program+" "+c.Name, flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.String("lang", string(lang), lang.Text("cli.lang"))
	run := c.Flags(flags)
	flags.Usage = func() {
		fmt.Fprintf(errs, "%s %s: %s\n", program, c.Name, lang.Text(c.Does))
		flags.PrintDefaults()
	}
	words, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return ExitOK
	} else if err != nil {
		return ExitUsage
	}
	if _, err := say.ParseLang(flags.Lookup("lang").Value.String()); err != nil {
		fmt.Fprintln(errs, err)
		return ExitUsage
	}
	return report(run(ctx, IO{Lang: lang, Args: words, Out: out, Err: errs}), lang, errs)
}

// parse lets flags stand before and behind the words, as people type them; package
// flag alone stops at the first word. Behind "--" everything is a word.
func parse(flags *flag.FlagSet, args []string) (words []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		ended := len(rest) < len(args) && args[len(args)-len(rest)-1] == "--"
		if len(rest) == 0 || ended {
			return append(words, rest...), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

// report says an error in the reader's language where it is one of ours.
func report(err error, lang say.Lang, errs io.Writer) int {
	var problems Problems
	var usage UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &problems):
		fmt.Fprintln(errs, problems.In(lang))
		return ExitFailed
	case errors.As(err, &usage):
		fmt.Fprintln(errs, lang.Text(usage.Key, usage.Args...))
		return ExitUsage
	}
	fmt.Fprintln(errs, lang.Text("cli.failed", err.Error()))
	return ExitFailed
}

func list(out io.Writer, lang say.Lang, program string, commands []Command) {
	fmt.Fprintln(out, lang.Text("cli.usage", program))
	for _, c := range commands {
		fmt.Fprintf(out, "  %-12s %s\n", c.Name, lang.Text(c.Does))
	}
}

// LangOf is the language of a command's own flags' help; Flags functions use it.
func LangOf(flags *flag.FlagSet) say.Lang {
	lang, _ := say.ParseLang(flags.Lookup("lang").Value.String())
	return lang
}

// langOf finds --lang before the flags are read, since help needs it too.
func langOf(args []string) say.Lang {
	for i, a := range args {
		for _, l := range say.Langs {
			if a == "--lang="+string(l) || a == "-lang="+string(l) {
				return l
			}
			if (a == "--lang" || a == "-lang") && i+1 < len(args) && args[i+1] == string(l) {
				return l
			}
		}
	}
	return say.Vietnamese
}
