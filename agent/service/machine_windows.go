package service

import (
	"errors"
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
// cannot be: it goes aside, and a command line removes it once we have ended.
func removeProgram(path string) error {
	dir := filepath.Dir(path)
	err := os.Remove(path)
	switch {
	case err == nil || errors.Is(err, os.ErrNotExist):
		_ = os.Remove(dir) // if it is empty
		return nil
	case !heldByAnother(err):
		return err
	}
	self, own := ownProgram()
	if own != nil || !sameFile(self, path) {
		return err
	}
	if strings.Contains(path, "%") { // which cmd would read as a variable
		return err
	}
	// Ten tries a second apart; cmd has no other way to wait without a console.
	script := `for /l %i in (1,1,10) do @if exist "` + path + `" (ping -n 2 127.0.0.1 >nul & del /f /q "` + path + `")`
	cmd := exec.Command(filepath.Join(system32(), "cmd.exe"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CmdLine:       `cmd.exe /d /s /c "` + script + ` & rmdir "` + dir + `""`,
		CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP,
	}
	cmd.Dir = system32() // not the folder that is to go
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
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
