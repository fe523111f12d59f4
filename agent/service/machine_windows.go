package service

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// machine has nothing to choose here.
type machine struct{}

const folderName = "CommuneWatch"

func (machine) folder(perUser bool) (string, error) {
	known := windows.FOLDERID_ProgramData
	if perUser {
		known = windows.FOLDERID_LocalAppData
	}
	dir, err := windows.KnownFolderPath(known, windows.KF_FLAG_DEFAULT)
	return filepath.Join(dir, folderName), err
}

func (machine) keeper(perUser bool, folder string, _ bool) (keeper, string, error) {
	config := filepath.Join(folder, "agent.yaml")
	if perUser {
		dir, err := windows.KnownFolderPath(windows.FOLDERID_LocalAppData, windows.KF_FLAG_DEFAULT)
		program := filepath.Join(dir, "Programs", folderName, Name+".exe")
		return &runKey{folder: folder, program: program, config: config}, program, err
	}
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, windows.KF_FLAG_DEFAULT)
	program := filepath.Join(dir, folderName, Name+".exe")
	return &scm{program: program, config: config}, program, err
}

// Administrator says whether the caller may make a service.
func Administrator() bool { return windows.GetCurrentProcessToken().IsElevated() }

// Supported says whether this is Windows 10 or newer. On older ones a program of
// today's Go mostly dies before it could say so; the installer's script says it there.
func Supported() bool { return windows.RtlGetVersion().MajorVersion >= 10 }

// A program that runs cannot be replaced here.
const busyPrograms = true

// heldByAnother: a virus scanner has it open, or the program has not quite ended.
func heldByAnother(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// syncFolder: NTFS logs its own renames.
func syncFolder(string) error { return nil }

// removeProgram takes the program and its folder away. The one that is running now
// cannot be removed, but moved: it goes among the temporary files, and from there once
// it has ended.
func removeProgram(path string) error {
	err := os.Remove(path)
	self, own := ownProgram()
	if heldByAnother(err) && own == nil && sameFile(self, path) {
		err = moveSelf(path)
	}
	if err == nil || errors.Is(err, os.ErrNotExist) {
		_ = os.Remove(filepath.Dir(path)) // if it is empty
		return nil
	}
	return err
}

func moveSelf(path string) error {
	aside := filepath.Join(os.TempDir(), fmt.Sprintf("%s-removed-%d.exe", Name, os.Getpid()))
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	if name, err := windows.UTF16PtrFromString(aside); err == nil {
		// With the next start of Windows at the latest; only an administrator may ask for it.
		_ = windows.MoveFileEx(name, nil, windows.MOVEFILE_DELAY_UNTIL_REBOOT)
	}
	if strings.ContainsAny(aside, `%"`) { // which cmd would not take as they stand
		return nil
	}
	cmd := exec.Command(filepath.Join(system32(), "cmd.exe"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CmdLine:       `cmd.exe /d /c ping -n 4 127.0.0.1 >nul & del /f /q "` + aside + `"`,
		CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP,
	}
	cmd.Dir = system32() // not a folder that is to go
	if cmd.Start() == nil {
		_ = cmd.Process.Release()
	}
	return nil
}

// removeTree takes a folder away. Where the file system does not know how to remove what
// may be open elsewhere, which package os wants, it is done one by one.
func removeTree(path string) error {
	err := os.RemoveAll(path)
	if err == nil {
		return nil
	}
	var all []string
	_ = filepath.WalkDir(path, func(p string, _ os.DirEntry, err error) error {
		all = append(all, p)
		return err
	})
	for _, p := range slices.Backward(all) {
		_ = os.Remove(p)
	}
	if _, gone := os.Lstat(path); errors.Is(gone, os.ErrNotExist) {
		return nil
	}
	return err
}

func system32() string {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return `C:\Windows\System32`
	}
	return dir
}
