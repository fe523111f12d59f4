package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"communewatch/collector/say"
)

// runKey keeps the agent where nobody has an administrator's rights: Windows starts it
// with the user's session, and nobody restarts it.
type runKey struct{ folder, program, config string }

const (
	runPath  = `Software\Microsoft\Windows\CurrentVersion\Run`
	runValue = folderName
	// maxRun is the longest command line that Windows runs from there.
	maxRun = 260
)

func (r *runKey) prepare(context.Context) error { return nil }

// secure closes the folder to other users; it is in the user's profile anyway.
func (r *runKey) secure(folder string) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	return closeFolder(folder, user.User.Sid.String())
}

func (r *runKey) command() string {
	return commandLine(r.program, "run", "--background", "--config", r.config)
}

func (r *runKey) register(context.Context) error {
	command := r.command()
	if len(utf16.Encode([]rune(command))) > maxRun {
		return fmt.Errorf("the path of the folder is too long to be started from the registry: %s", r.folder)
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runPath, registry.SET_VALUE)
	if err != nil {
		return err
	}
	return errors.Join(key.SetStringValue(runValue, command), key.Close())
}

func (r *runKey) start(ctx context.Context) error {
	if err := r.stop(ctx); err != nil {
		return err
	}
	cmd := exec.Command(r.program)
	cmd.Dir = r.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CmdLine:       r.command(),
		CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP,
	}
	return launch(ctx, cmd, func() bool {
		window, _, _ := procFindWindow.Call(uintptr(unsafe.Pointer(utf16Pointer(windowClass))), uintptr(unsafe.Pointer(utf16Pointer(r.folder))))
		return window != 0
	})
}

func (r *runKey) stop(context.Context) error { return stopInSession(r.folder) }

func (r *runKey) forget(context.Context) error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runPath, registry.SET_VALUE)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	err = key.DeleteValue(runValue)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, key.Close())
}

func (r *runKey) packaged() bool { return false }

func (r *runKey) limits() []say.Key { return []say.Key{"install.limit_login"} }
