package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/settings"
	"communewatch/collector/users"
)

// keepUsers is all that is done to the users' file. It may run beside `serve`, which takes
// a change up within a second. A password comes from the terminal or the standard input,
// never from the command line, where others could see it.
func keepUsers(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	config := configFlag(flags)
	file := flags.String("file", "", lang.Text("users.file_flag"))
	role := flags.String("role", "", lang.Text("users.role_flag", strings.ReplaceAll(api.UserRoles, " ", ", ")))
	asJSON := flags.Bool("json", false, lang.Text("users.json_flag"))
	return func(ctx context.Context, io settings.IO) error {
		what := ""
		if len(io.Args) > 0 {
			what = io.Args[0]
		}
		do, known := map[string]func(context.Context, settings.IO, order) error{
			"add": addUser, "role": changeRole, "password": changePassword, "remove": removeUser, "list": listUsers,
		}[what]
		if !known || (what == "list") != (len(io.Args) == 1) || len(io.Args) > 2 || (what == "add" || what == "role") != (*role != "") {
			return settings.UsageError{Key: "users.usage"}
		}
		o := order{file: *file, role: api.UserRole(*role), json: *asJSON}
		if what != "list" {
			o.name = io.Args[1]
		}
		if o.file == "" {
			cfg, err := center.LoadConfig(*config)
			if err != nil {
				return err
			}
			if o.file = cfg.Users; o.file == "" {
				return settings.UsageError{Key: "users.no_config"}
			}
		}
		err := do(ctx, io, o)
		if refused, is := errors.AsType[users.Refusal](err); is {
			return errors.New(io.Lang.Text(refused.Key, refused.Args...))
		}
		return err
	}
}

// order is what the command line asks for.
type order struct {
	file, name string
	role       api.UserRole
	json       bool
}

func addUser(ctx context.Context, io settings.IO, o order) error {
	if err := users.CheckNew(o.file, o.name, o.role); err != nil {
		return err // before a password is thought of
	}
	password, err := newPassword(ctx, io, o.name)
	if err != nil {
		return err
	}
	if err := users.Add(o.file, o.name, o.role, password); err != nil {
		return err
	}
	fmt.Fprintln(io.Err, io.Lang.Text("users.added", o.name, io.Lang.Text(roleKey(o.role)), o.file))
	return nil
}

func changeRole(_ context.Context, io settings.IO, o order) error {
	if err := users.SetRole(o.file, o.name, o.role); err != nil {
		return err
	}
	fmt.Fprintln(io.Err, io.Lang.Text("users.role_set", o.name, io.Lang.Text(roleKey(o.role))))
	return nil
}

func changePassword(ctx context.Context, io settings.IO, o order) error {
	if err := users.CheckKnown(o.file, o.name); err != nil {
		return err
	}
	password, err := newPassword(ctx, io, o.name)
	if err != nil {
		return err
	}
	if err := users.SetPassword(o.file, o.name, password); err != nil {
		return err
	}
	fmt.Fprintln(io.Err, io.Lang.Text("users.password_set", o.name))
	return nil
}

func removeUser(_ context.Context, io settings.IO, o order) error {
	if err := users.Remove(o.file, o.name); err != nil {
		return err
	}
	fmt.Fprintln(io.Err, io.Lang.Text("users.removed", o.name))
	return nil
}

func listUsers(_ context.Context, io settings.IO, o order) error {
	all, err := users.List(o.file)
	if err != nil {
		return err
	}
	if o.json {
		type person struct {
			Name string       `json:"name"`
			Role api.UserRole `json:"role"`
		}
		out := make([]person, len(all))
		for i, p := range all {
			out[i] = person{p.Name, p.Role}
		}
		encoder := json.NewEncoder(io.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(out)
	}
	for _, p := range all {
		if _, err := fmt.Fprintf(io.Out, "%-8s  %s\n", p.Role, p.Name); err != nil {
			return err
		}
	}
	return nil
}
