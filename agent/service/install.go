package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"communewatch/collector/say"
)

// ErrNoSystemd: this Linux starts its services in another way, which only its
// administrator knows.
var ErrNoSystemd = errors.New("systemd does not run this machine")

// Options say for whom the agent is put here.
type Options struct {
	PerUser bool   // no administrator's rights: it starts with this user
	Folder  string // of its state; "": the usual one
	machine machine
}

// Manager puts the agent on this machine and takes it away.
type Manager struct {
	PerUser bool
	Folder  string // agent.yaml and all that is the agent's
	Program string // what is started; a copy of ours, if no package brought it
	usual   bool   // Folder is ours alone
	keeper  keeper
}

// keeper is one way of keeping a program running. Each step may be repeated, and does
// what is left to do.
type keeper interface {
	// prepare makes who the agent runs as, if that is somebody of its own.
	prepare(ctx context.Context) error
	// secure gives the folder, with what is in it, to whom the agent runs as, and to
	// nobody else.
	secure(folder string) error
	// register makes it start with the machine or the user, and not yet.
	register(ctx context.Context) error
	// start starts it; one that runs is started anew.
	start(ctx context.Context) error
	// stop ends it, and waits; one that does not run, or is not there, is no error.
	stop(ctx context.Context) error
	// forget undoes register and prepare.
	forget(ctx context.Context) error
	// packaged says that a package of the system brought program and service.
	packaged() bool
	// limits are what this way cannot do, as sentences of the catalogue.
	limits() []say.Key
}

// Open finds out how the agent is kept on this machine. It changes nothing.
func Open(o Options) (*Manager, error) {
	m := &Manager{PerUser: o.PerUser, Folder: o.Folder}
	usual, err := o.machine.folder(o.PerUser)
	if err != nil {
		return nil, err
	}
	if m.Folder == "" {
		m.Folder = usual
	}
	if m.Folder, err = filepath.Abs(m.Folder); err != nil {
		return nil, err
	}
	m.usual = m.Folder == usual
	m.keeper, m.Program, err = o.machine.keeper(o.PerUser, m.Folder, m.usual)
	return m, err
}

// Config is the path of agent.yaml.
func (m *Manager) Config() string { return filepath.Join(m.Folder, "agent.yaml") }

// Limits are what this way of running cannot do, as sentences of the catalogue.
func (m *Manager) Limits() []say.Key { return m.keeper.limits() }

// Packaged says that the system's package manager brought the program, and takes it away.
func (m *Manager) Packaged() bool { return m.keeper.packaged() }

// Prepare makes the folder, private before anything is written into it.
func (m *Manager) Prepare(ctx context.Context) error {
	if err := m.keeper.prepare(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.Folder), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(m.Folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return m.Secure()
}

// Secure gives what was written into the folder to whom the agent runs as.
func (m *Manager) Secure() error {
	if err := m.keeper.secure(m.Folder); err != nil {
		return fmt.Errorf("secure %s: %w", m.Folder, err)
	}
	return nil
}

// Install puts the program in its place and lets it start with the machine or the user;
// it is not started yet. Over an earlier one it is an update: cut at any moment, either
// the old or the new program is there, whole.
func (m *Manager) Install(ctx context.Context) error {
	if !m.keeper.packaged() {
		if err := m.placeProgram(ctx); err != nil {
			return err
		}
	}
	return m.keeper.register(ctx)
}

func (m *Manager) placeProgram(ctx context.Context) error {
	self, err := ownProgram()
	if err != nil {
		return err
	}
	if sameFile(self, m.Program) {
		return nil
	}
	if !busyPrograms {
		return replaceProgram(ctx, self, m.Program)
	}
	if err := m.keeper.stop(ctx); err != nil { // what runs cannot be replaced
		return err
	}
	err = replaceProgram(ctx, self, m.Program)
	if _, missing := os.Stat(m.Program); err != nil && missing == nil {
		err = errors.Join(err, m.keeper.start(ctx)) // the old one goes on
	}
	return err
}

// Start starts it, anew if it runs.
func (m *Manager) Start(ctx context.Context) error { return m.keeper.start(ctx) }

// Stop ends it and waits until it has ended.
func (m *Manager) Stop(ctx context.Context) error { return m.keeper.stop(ctx) }

// Remove takes everything away that Install and the agent made here. A step that fails
// does not keep the others from being done.
func (m *Manager) Remove(ctx context.Context) error {
	errs := []error{m.keeper.stop(ctx)}
	if errs[0] != nil { // what still runs would write the folder again
		return errs[0]
	}
	errs = append(errs, m.keeper.forget(ctx), m.removeFolder())
	if !m.keeper.packaged() {
		errs = append(errs, removeProgram(m.Program))
	}
	return errors.Join(errs...)
}

// ours is what the agent has in its folder, if that was chosen by somebody and may hold
// other things too.
var ours = []string{
	"agent.yaml", "identity.pem", "document.json", "refused.json", "machine.json", "trial.json", "status.json",
	"spool", "profiles", logFile, "agent.pid",
}

func (m *Manager) removeFolder() error {
	if m.usual {
		return removeTree(m.Folder)
	}
	entries, err := os.ReadDir(m.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	left := 0
	for _, entry := range entries {
		if !isOurs(entry) {
			left++
			continue
		}
		errs = append(errs, removeTree(filepath.Join(m.Folder, entry.Name())))
	}
	if left == 0 {
		errs = append(errs, os.Remove(m.Folder))
	}
	return errors.Join(errs...)
}

// isOurs also knows what stands beside a file while it is replaced (identity.pem.new,
// status.json.7.tmp), and the spool of a site that the machine belonged to.
func isOurs(entry fs.DirEntry) bool {
	name := entry.Name()
	return entry.IsDir() && strings.HasPrefix(name, "spool-") ||
		slices.ContainsFunc(ours, func(o string) bool { return name == o || strings.HasPrefix(name, o+".") })
}

// Folder is where the agent's state is: of the machine, or of this user.
func Folder(perUser bool) (string, error) { return machine{}.folder(perUser) }
