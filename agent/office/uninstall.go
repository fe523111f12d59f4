package office

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"communewatch/agent/spool"
	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Uninstall takes the agent off this machine.
type Uninstall struct {
	Folder  string // empty: the usual one
	PerUser bool
	Lang    say.Lang
	Tell    func(Step)
	// Agree asks the person; nil agrees.
	Agree func(question string) bool
	Log   *slog.Logger
}

// Do asks, stops the agent, sends what it can, and removes everything.
func (u Uninstall) Do(ctx context.Context) Result {
	i := &installer{Install: Install{Folder: u.Folder, PerUser: u.PerUser, Lang: u.Lang, Tell: u.Tell, Log: u.Log}}
	if i.Log == nil {
		i.Log = slog.New(slog.DiscardHandler)
	}
	i.result.Passed = i.uninstall(ctx, u.Agree)
	i.result.Site, i.result.Label = i.known.Site, i.known.Label
	return i.result
}

func (i *installer) uninstall(ctx context.Context, agree func(string) bool) bool {
	if !i.open(ctx) {
		return false
	}
	folder := i.manager.Folder
	if !exists(folder) && !exists(i.manager.Program) {
		return i.done("folder", "uninstall.nothing", folder)
	}
	question := i.Lang.Text("uninstall.ask", folder)
	if n := len(waitingIn(i.known.Spool)); n > 0 {
		question = i.Lang.Text("uninstall.ask_lose", n, folder)
	}
	if agree != nil && !agree(question) {
		return i.fails("consent", "uninstall.kept_todo", "uninstall.kept")
	}
	if err := i.manager.Stop(ctx); err != nil {
		return i.fails("stop", "uninstall.failed_todo", "uninstall.stop_failed", err)
	}
	if i.stillRuns(ctx) {
		return i.fails("stop", "uninstall.still_runs_todo", "uninstall.still_runs", folder)
	}
	i.done("stop", "uninstall.stopped")
	if lost := i.sendRest(ctx); lost > 0 {
		i.done("unsent", "uninstall.lost", lost)
	} else {
		i.done("unsent", "uninstall.all_sent")
	}
	return i.remove(ctx)
}

func (i *installer) remove(ctx context.Context) bool {
	if err := i.manager.Remove(ctx); err != nil {
		return i.fails("remove", "uninstall.failed_todo", "uninstall.failed", err)
	}
	removed := Step{Name: "remove", OK: true, Text: i.Lang.Text("uninstall.removed", i.manager.Folder)}
	if i.manager.Packaged() {
		removed.Text = i.Lang.Text("uninstall.packaged", i.manager.Folder)
	}
	if i.known.Site != "" {
		removed.Todo = i.Lang.Text("uninstall.tell_centre", i.known.Site)
	}
	return i.tell(removed)
}

// endTime is how long a system may take to give up the lock of a process that ended.
const endTime = 2 * time.Second

// stillRuns tells whether an agent has the spool open although the one that is kept
// running here was stopped: somebody started it by hand, and it would go on without its files.
func (i *installer) stillRuns(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	for spool.InUse(i.known.Spool) {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return true
		}
	}
	return false
}

// restTime is what a last sending may take; somebody waits.
const restTime = 30 * time.Second

// sendRest sends what waits with a goodbye, if the collector is to be had, and gives how
// many batches are left. The agent does not run.
func (i *installer) sendRest(ctx context.Context) int {
	if len(waitingIn(i.known.Spool)) == 0 {
		return 0
	}
	if err := i.sendAll(ctx); err != nil {
		i.Log.Warn("not all is sent", "error", err)
	}
	return len(waitingIn(i.known.Spool))
}

func (i *installer) sendAll(ctx context.Context) error {
	cfg, err := Load(i.manager.Config())
	if err != nil {
		return err
	}
	cfg.Every, cfg.DailyBytes = 0, 0 // what is not sent now is lost
	o, err := New(cfg, Deps{Log: i.Log})
	if err != nil {
		return err
	}
	return errors.Join(o.sendLast(ctx), o.Close())
}

// sendLast is all that an office does that never runs.
func (o *Office) sendLast(ctx context.Context) error {
	if o.copied != nil { // in the name of another machine nothing is said, not even goodbye
		return o.copied
	}
	ctx, cancel := context.WithTimeout(ctx, restTime)
	defer cancel()
	defer o.queue.End()
	return o.sender.Goodbye(ctx, api.GoodbyeStop)
}

// waitingIn lists the batches in a spool, which nobody has open.
func waitingIn(folder string) []string {
	files, err := filepath.Glob(filepath.Join(folder, "*.batch"))
	if err != nil || !exists(folder) {
		return nil
	}
	return files
}
