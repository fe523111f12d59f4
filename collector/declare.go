package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// declareSheet takes a sheet in which communes declared what they have, writes one to fill
// in, or lists those that were taken. It may run beside `serve`.
func declareSheet(flags *flag.FlagSet) func(context.Context, settings.IO) error {
	lang := settings.LangOf(flags)
	path := configFlag(flags)
	by := flags.String("by", whoRuns(), lang.Text("declared.flag_by"))
	check := flags.Bool("check", false, lang.Text("declared.flag_check"))
	template := flags.String("template", "", lang.Text("declared.flag_template"))
	list := flags.Bool("list", false, lang.Text("declared.flag_list"))
	return func(_ context.Context, io settings.IO) error {
		wants := len(io.Args)
		for _, flag := range []bool{*template != "", *list} {
			if flag {
				wants++
			}
		}
		if wants != 1 {
			return settings.UsageError{Key: "declared.usage"}
		}
		cfg, err := center.LoadConfig(*path)
		if err != nil {
			return err
		}
		inv, err := inventory.Open(cfg.Inventory)
		if err != nil {
			return err
		}
		d := &declaring{IO: io, dir: declaredDir(cfg), inv: inv, now: time.Now()}
		switch {
		case *list:
			return d.list()
		case *template != "":
			return d.template(*template)
		case *check:
			return d.check(io.Args[0])
		}
		return d.take(io.Args[0], *by)
	}
}

// declaredDir is the folder of the book.
func declaredDir(cfg center.Config) string { return goal.BookDir(center.GoalDir(cfg.Data)) }

// whoRuns is the account by which the command runs, or who became root for it.
func whoRuns() string {
	account, err := user.Current()
	if err != nil {
		return os.Getenv("SUDO_USER")
	}
	return cmp.Or(os.Getenv("SUDO_USER"), account.Username)
}

// declaring is one run of the command.
type declaring struct {
	settings.IO
	dir string
	inv *inventory.Inventory
	now time.Time
}

// before is what is in force; where there is no book yet, nothing.
func (d *declaring) before() (map[string]declared.Declaration, error) {
	if _, err := os.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	book, err := declared.Open(d.dir)
	if err != nil {
		return nil, err
	}
	before, _, err := book.InForce(d.now, time.Time{})
	return before, d.damaged(err)
}

// damaged names files that cannot be read; the others are used all the same.
func (d *declaring) damaged(err error) error {
	damaged, ok := errors.AsType[*declared.Damaged](err)
	if !ok {
		return err
	}
	for _, file := range damaged.Files {
		fmt.Fprintln(d.Err, d.Lang.Text("declared.damaged", file.Error()))
	}
	return nil
}

// open gives a sheet, and what was in force before it.
func (d *declaring) open(path string) (*os.File, map[string]declared.Declaration, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read a sheet of declarations: %w", err)
	}
	before, err := d.before()
	if err != nil {
		file.Close()
	}
	return file, before, err
}

func (d *declaring) check(path string) error {
	file, before, err := d.open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	all, err := declared.Read(path, file, d.inv, d.now)
	if err != nil {
		return d.mistakes(err)
	}
	d.changes(before, all)
	fmt.Fprintln(d.Out, d.Lang.Text("declared.checked", sitesIn(all), filepath.Base(path)))
	return nil
}

func (d *declaring) take(path, by string) error {
	file, before, err := d.open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	book, err := declared.Open(d.dir)
	if err != nil {
		return err
	}
	taken, err := book.Import(path, file, d.inv, by, d.now)
	if err != nil {
		return d.mistakes(err)
	}
	if taken.At.Before(d.now) {
		fmt.Fprintln(d.Out, d.Lang.Text("declared.again", at(taken.At), taken.By, taken.ID))
		return nil
	}
	d.changes(before, taken.Declarations)
	fmt.Fprintln(d.Out, d.Lang.Text("declared.taken", sitesIn(taken.Declarations), filepath.Base(path), taken.ID))
	return nil
}

// mistakes prints what is wrong in the sheet.
func (d *declaring) mistakes(err error) error {
	problems, ok := errors.AsType[declared.Problems](err)
	if !ok {
		return err
	}
	fmt.Fprintln(d.Out, problems.In(d.Lang))
	return errors.New(d.Lang.Text("declared.unusable"))
}

func sitesIn(all []declared.Declaration) int {
	sites := map[string]bool{}
	for _, d := range all {
		sites[d.Site] = true
	}
	return len(sites)
}

// changes prints what is said otherwise than before, site by site.
func (d *declaring) changes(before map[string]declared.Declaration, all []declared.Declaration) {
	for _, one := range all {
		label, _ := labelIn(d.inv, one.Site, d.Lang)
		was, has := before[one.Site]
		head := fmt.Sprintf("%s %s, %s: ", one.Site, label, one.Date.Format(time.DateOnly))
		changed := declared.Changes(before, []declared.Declaration{one}, d.Lang)
		switch {
		case !has:
			fmt.Fprintln(d.Out, head+d.Lang.Text("declared.first"))
		case one.Date.Before(was.Date):
			fmt.Fprintln(d.Out, head+d.Lang.Text("declared.older", was.Date.Format(time.DateOnly)))
		case len(changed) == 0:
			fmt.Fprintln(d.Out, head+d.Lang.Text("declared.same"))
		default:
			fmt.Fprintln(d.Out, head+d.Lang.Text("declared.changed", len(changed)))
			for _, c := range changed {
				fmt.Fprintf(d.Out, "  %s: %s → %s\n", c.Label, orNothing(c.Was, d.Lang), orNothing(c.Is, d.Lang))
			}
		}
	}
}

func orNothing(s string, lang say.Lang) string { return cmp.Or(s, lang.Text("declared.unsaid")) }

func (d *declaring) template(path string) error {
	write := declared.WriteXLSX
	switch strings.ToLower(filepath.Ext(path)) {
	case ".xlsx":
	case ".csv":
		write = declared.WriteCSV
	default:
		return settings.UsageError{Key: "declared.template_kind", Args: []any{path}}
	}
	have, err := d.before()
	if err != nil {
		return err
	}
	// One that is there is not written over: somebody may have filled it in.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write a sheet of declarations: %w", err)
	}
	if err := errors.Join(write(file, d.inv, have, d.Lang), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	fmt.Fprintln(d.Out, d.Lang.Text("declared.written", path, len(d.inv.Sites()), len(have)))
	return nil
}

func (d *declaring) list() error {
	if _, err := os.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
		return d.table(nil)
	}
	book, err := declared.Open(d.dir)
	if err != nil {
		return err
	}
	all, err := book.Imports()
	failed := d.damaged(err)
	if err := d.table(all); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	if err != nil {
		return errors.New(d.Lang.Text("declared.some_damaged"))
	}
	return nil
}

func (d *declaring) table(all []declared.Import) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(d.Out, d.Lang.Text("declared.none_taken"))
		return err
	}
	rows := [][]string{{d.Lang.Text("declared.list_at"), d.Lang.Text("declared.list_sites"), d.Lang.Text("declared.list_by"), d.Lang.Text("declared.list_file"), d.Lang.Text("declared.list_id")}}
	for _, i := range all {
		rows = append(rows, []string{at(i.At), fmt.Sprint(sitesIn(i.Declarations)), i.By, i.File, i.ID})
	}
	_, err := io.WriteString(d.Out, strings.Join(say.Align(rows, 2), "\n")+"\n")
	return err
}
