//go:build !windows

package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// machine is the one that the agent is put on. Its zero value is this one; a test has
// its files below a folder, and answers what is run.
type machine struct {
	root string                                                       // before each path of the machine's own
	run  func(ctx context.Context, name string, args ...string) error // a program of the system's
	ids  func(name string) (uid, gid int, err error)                  // of a user
}

const (
	systemFolder  = "/var/lib/" + Name
	systemProgram = "/usr/local/bin/" + Name
	// packagedProgram is where a package of the system puts it, with the unit beside.
	packagedProgram = "/usr/bin/" + Name
)

func (m machine) at(path string) string { return filepath.Join(m.root, path) }

// folder follows the XDG base directories for a user.
func (m machine) folder(perUser bool) (string, error) {
	if !perUser {
		return m.at(systemFolder), nil
	}
	return xdg("XDG_STATE_HOME", ".local/state", Name)
}

// xdg is a file below one of the user's own folders. A relative path in the variable is
// to be ignored (XDG Base Directory Specification).
func xdg(variable, usual, name string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, usual, name), nil
}

func (m machine) keeper(perUser bool, folder string, usual bool) (keeper, string, error) {
	if m.run == nil {
		m.run = runProgram
	}
	if m.ids == nil {
		m.ids = lookUp
	}
	config := filepath.Join(folder, "agent.yaml")
	if !perUser {
		u := &systemUnit{machine: m, folder: folder, usual: usual, program: m.at(systemProgram), config: config}
		if self, err := ownProgram(); err == nil && self == m.at(packagedProgram) {
			u.program, u.shipped = self, m.shippedUnit()
		}
		return u, u.program, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, "", err
	}
	program := filepath.Join(home, ".local/bin", Name)
	if m.userManager() {
		return &userUnit{machine: m, folder: folder, program: program, config: config}, program, nil
	}
	return &autostart{folder: folder, program: program, config: config}, program, nil
}

// shippedUnit says whether a package brought a unit; /lib is where Debian had them.
func (m machine) shippedUnit() bool {
	for _, dir := range []string{"/usr/lib/systemd/system", "/lib/systemd/system"} {
		if _, err := os.Stat(m.at(filepath.Join(dir, unitName))); err == nil {
			return true
		}
	}
	return false
}

// booted says whether systemd runs the machine (sd_booted(3)).
func (m machine) booted() bool {
	info, err := os.Lstat(m.at("/run/systemd/system"))
	return err == nil && info.IsDir()
}

// userManager says whether systemd runs this user's programs.
func (m machine) userManager() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return m.booted() && m.run(ctx, "systemctl", "--user", "show-environment") == nil
}

// Administrator says whether the caller may make a service.
func Administrator() bool { return os.Geteuid() == 0 }

// Supported says whether the system is one that the agent runs on.
func Supported() bool { return true }

// programTime bounds a program of the system's; stopping a service takes its time.
const programTime = 90 * time.Second

// runProgram never takes a secret: arguments are seen by everybody on the machine.
func runProgram(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if os.Getenv("XDG_RUNTIME_DIR") == "" { // su and sudo leave it out
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR=/run/user/"+strconv.Itoa(os.Getuid()))
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := strings.TrimSpace(string(out))
	if len(said) > 500 {
		said = said[len(said)-500:]
	}
	if errors.Is(err, exec.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
}

func lookUp(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

const busyPrograms = false

func heldByAnother(error) bool { return false }

func removeProgram(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// removeTree never follows a link out of the folder.
func removeTree(path string) error { return os.RemoveAll(path) }

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
