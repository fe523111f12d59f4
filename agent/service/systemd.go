//go:build !windows

package service

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"communewatch/collector/say"
)

const unitName = Name + ".service"

// Unit is the service as a package ships it, for packagedProgram and systemFolder.
//
//go:embed communewatch-agent.service
var Unit string

// systemUnit keeps the agent as a service of the machine, as a user of its own.
type systemUnit struct {
	machine         machine
	folder          string
	usual           bool
	program, config string
	shipped         bool // by a package
}

func (u *systemUnit) path() string { return u.machine.at("/etc/systemd/system/" + unitName) }

// prepare makes the user; a package has made it already.
func (u *systemUnit) prepare(ctx context.Context) error {
	if _, _, err := u.machine.ids(Name); err == nil {
		return nil
	}
	return u.machine.run(ctx, "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", systemFolder,
		"--shell", "/usr/sbin/nologin", Name)
}

// secure never leaves the folder and never follows a link in it: what is in it may have
// been made by the service, and this is done by root.
func (u *systemUnit) secure(folder string) error {
	uid, gid, err := u.machine.ids(Name)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Chmod(".", 0o700); err != nil {
		return err
	}
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // sent meanwhile
		} else if err != nil {
			return err
		}
		// A second name of a file may stand outside.
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && !entry.IsDir() && stat.Nlink > 1 {
			return nil
		}
		if err := root.Lchown(path, uid, gid); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// register writes the unit, unless a package has, and lets it start with the machine.
func (u *systemUnit) register(ctx context.Context) error {
	switch {
	case u.shipped && u.usual:
		// An earlier installation by hand would hide the package's.
		if err := u.removeOwn(); err != nil {
			return err
		}
	default:
		if err := WriteFile(ctx, u.path(), 0o644, u.text()); err != nil {
			return err
		}
	}
	if !u.machine.booted() {
		return ErrNoSystemd
	}
	return errors.Join(
		u.machine.run(ctx, "systemctl", "daemon-reload"),
		u.machine.run(ctx, "systemctl", "enable", unitName))
}

// text is the unit for this program and this folder.
func (u *systemUnit) text() string {
	shipped := "ExecStart=" + packagedProgram + " run --config " + systemFolder + "/agent.yaml"
	text := strings.Replace(Unit, shipped, execStart(u.program, "run", "--config", u.config), 1)
	text = strings.Replace(text, "ConditionPathExists="+systemFolder+"/agent.yaml", "ConditionPathExists="+specifiers.Replace(u.config), 1)
	if u.usual {
		return text
	}
	return strings.Replace(text, "StateDirectory="+Name+"\nStateDirectoryMode=0700", "ReadWritePaths="+quoteUnit(u.folder), 1)
}

func execStart(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteUnit(w)
	}
	return "ExecStart=" + strings.Join(quoted, " ")
}

// specifiers are systemd's own in a path; "$" would be a variable's in ExecStart.
var (
	specifiers = strings.NewReplacer("%", "%%")
	inQuotes   = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`)
)

// quoteUnit quotes a word of a unit as systemd.syntax(7) has it, where it must be.
func quoteUnit(word string) string {
	if strings.ContainsAny(word, " \t\"'\\%$;") {
		return `"` + inQuotes.Replace(word) + `"`
	}
	return word
}

func (u *systemUnit) start(ctx context.Context) error {
	if !u.machine.booted() {
		return ErrNoSystemd
	}
	return u.machine.run(ctx, "systemctl", "restart", unitName)
}

func (u *systemUnit) stop(ctx context.Context) error {
	if !u.machine.booted() || !u.known() {
		return nil
	}
	return u.machine.run(ctx, "systemctl", "stop", unitName)
}

// known says whether there is a unit to stop.
func (u *systemUnit) known() bool {
	_, err := os.Lstat(u.path())
	return err == nil || u.machine.shippedUnit()
}

func (u *systemUnit) forget(ctx context.Context) error {
	var errs []error
	if u.machine.booted() && u.known() {
		errs = append(errs, u.machine.run(ctx, "systemctl", "disable", unitName))
	}
	errs = append(errs, u.removeOwn())
	if u.machine.booted() {
		errs = append(errs, u.machine.run(ctx, "systemctl", "daemon-reload"))
		_ = u.machine.run(ctx, "systemctl", "reset-failed", unitName) // an error if it did not fail
	}
	if _, _, err := u.machine.ids(Name); err == nil && !u.shipped {
		errs = append(errs, u.machine.run(ctx, "userdel", Name))
	}
	return errors.Join(errs...)
}

// removeOwn takes away the unit that register wrote, and the program beside a package's.
func (u *systemUnit) removeOwn() error {
	if err := os.Remove(u.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the unit: %w", err)
	}
	if u.shipped {
		return removeProgram(u.machine.at(systemProgram))
	}
	return nil
}

func (u *systemUnit) packaged() bool { return u.shipped }

func (u *systemUnit) limits() []say.Key { return nil }

// userUnit keeps the agent as a service of one user.
type userUnit struct {
	machine                 machine
	folder, program, config string
}

func (u *userUnit) path() (string, error) {
	return xdg("XDG_CONFIG_HOME", ".config", filepath.Join("systemd/user", unitName))
}

func (u *userUnit) systemctl(ctx context.Context, args ...string) error {
	return u.machine.run(ctx, "systemctl", append([]string{"--user"}, args...)...)
}

func (u *userUnit) prepare(context.Context) error { return nil }

func (u *userUnit) secure(folder string) error { return os.Chmod(folder, 0o700) }

const userUnitText = `[Unit]
Description=CommuneWatch: đo mạng của cơ quan và gửi kết quả về trung tâm
StartLimitIntervalSec=0

[Service]
Type=exec
%s
Restart=always
RestartSec=5
TimeoutStopSec=20
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`

func (u *userUnit) register(ctx context.Context) error {
	path, err := u.path()
	if err != nil {
		return err
	}
	if err := WriteFile(ctx, path, 0o644, fmt.Sprintf(userUnitText, execStart(u.program, "run", "--config", u.config))); err != nil {
		return err
	}
	// So that it runs without a login; whether a user may ask for that, the machine decides.
	_ = u.machine.run(ctx, "loginctl", "enable-linger")
	return errors.Join(u.systemctl(ctx, "daemon-reload"), u.systemctl(ctx, "enable", unitName))
}

func (u *userUnit) start(ctx context.Context) error { return u.systemctl(ctx, "restart", unitName) }

func (u *userUnit) known() bool {
	path, err := u.path()
	if err == nil {
		_, err = os.Lstat(path)
	}
	return err == nil
}

func (u *userUnit) stop(ctx context.Context) error {
	if !u.known() {
		return nil
	}
	return u.systemctl(ctx, "stop", unitName)
}

// forget leaves lingering as it is: other programs of the user may rest on it.
func (u *userUnit) forget(ctx context.Context) error {
	if !u.known() {
		return nil
	}
	path, err := u.path()
	return errors.Join(err, u.systemctl(ctx, "disable", unitName), os.Remove(path), u.systemctl(ctx, "daemon-reload"))
}

func (u *userUnit) packaged() bool { return false }

func (u *userUnit) limits() []say.Key {
	if _, err := os.Stat(u.machine.at("/var/lib/systemd/linger/" + os.Getenv("USER"))); err == nil {
		return nil
	}
	return []say.Key{"install.limit_login"}
}
