//go:build !windows

package service

import (
	"context"
	"log/slog"
	"os"
)

// run under systemd (of the machine or of one user), in the background, or in a
// terminal: a signal ends ctx in all of them.
func run(ctx context.Context, cfg Config, work Work) error {
	log, done := openLog(cfg)
	defer done()
	if cfg.Background {
		release, err := holdPid(cfg.Folder)
		if err != nil {
			return err
		}
		defer release()
	}
	power := watchPower(log)
	defer power.close()
	living, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	defer context.AfterFunc(ctx, func() { end(power.why()) })()
	err := work(living, Host{Log: log, Sleeps: power.sleeper.out})
	if err != nil && cfg.Background { // nobody else hears it
		log.Error("agent failed", "error", err)
	}
	return err
}

func openLog(cfg Config) (*slog.Logger, func()) {
	if cfg.Background {
		file := newLogFile(cfg.Folder)
		return slog.New(slog.NewTextHandler(file, nil)), func() { _ = file.Close() }
	}
	// systemd sets it for what writes to its journal (systemd.exec(5)).
	if os.Getenv("JOURNAL_STREAM") != "" {
		return slog.New(newJournal(cfg.Err)), func() {}
	}
	return slog.New(slog.NewTextHandler(cfg.Err, nil)), func() {}
}
