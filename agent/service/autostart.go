//go:build !windows

package service

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"communewatch/collector/say"
)

// autostart keeps the agent where systemd runs nobody's programs: it starts with the
// user's desktop (freedesktop.org's Autostart), in the background, and nobody restarts it.
type autostart struct{ folder, program, config string }

func (a *autostart) path() (string, error) {
	return xdg("XDG_CONFIG_HOME", ".config", filepath.Join("autostart", Name+".desktop"))
}

func (a *autostart) prepare(context.Context) error { return nil }

func (a *autostart) secure(folder string) error { return os.Chmod(folder, 0o700) }

const desktopText = `[Desktop Entry]
Type=Application
Name=CommuneWatch
Comment=%s
Exec=%s
NoDisplay=true
Terminal=false
`

func (a *autostart) register(ctx context.Context) error {
	path, err := a.path()
	if err != nil {
		return err
	}
	words := a.command()
	for i, w := range words {
		words[i] = quoteDesktop(w)
	}
	return WriteFile(ctx, path, 0o644, fmt.Sprintf(desktopText, say.Vietnamese.Text("install.description"), strings.Join(words, " ")))
}

func (a *autostart) command() []string {
	return []string{a.program, "run", "--background", "--config", a.config}
}

// quoteDesktop quotes a word of Exec: its own escapes within quotes, "%" doubled, and
// all of it escaped once more as a string of the file (Desktop Entry Specification).
func quoteDesktop(word string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`, "%", "%%").Replace(word)
	return `"` + strings.ReplaceAll(quoted, `\`, `\\`) + `"`
}

func (a *autostart) start(ctx context.Context) error {
	if err := a.stop(ctx); err != nil {
		return err
	}
	words := a.command()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = a.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives the terminal
	return launch(ctx, cmd, func() bool {
		pid, err := livePid(a.folder)
		return err == nil && pid == cmd.Process.Pid
	})
}

func (a *autostart) stop(ctx context.Context) error { return stopPid(ctx, a.folder) }

func (a *autostart) forget(context.Context) error {
	path, err := a.path()
	if err != nil {
		return err
	}
	return removeProgram(path)
}

func (a *autostart) packaged() bool { return false }

func (a *autostart) limits() []say.Key { return []say.Key{"install.limit_desktop"} }
