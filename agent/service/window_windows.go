package service

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A program without a console is told of the end of its session only if it has a
// window. Ours is never shown. An installer finds it by its title, the agent's folder.
var (
	user32              = windows.NewLazySystemDLL("user32.dll")
	procRegisterClass   = user32.NewProc("RegisterClassExW")
	procCreateWindow    = user32.NewProc("CreateWindowExW")
	procDefWindow       = user32.NewProc("DefWindowProcW")
	procDestroyWindow   = user32.NewProc("DestroyWindow")
	procGetMessage      = user32.NewProc("GetMessageW")
	procDispatchMessage = user32.NewProc("DispatchMessageW")
	procPostMessage     = user32.NewProc("PostMessageW")
	procPostQuit        = user32.NewProc("PostQuitMessage")
	procFindWindow      = user32.NewProc("FindWindowW")
)

const windowClass = "CommuneWatchAgent"

// Of winuser.h.
const (
	wmDestroy      = 0x0002
	wmClose        = 0x0010
	wmEndSession   = 0x0016
	wmAppQuit      = 0x8000 // WM_APP: ours
	endLogOff      = 0x80000000
	endSessionTime = 4 * time.Second // Windows kills after five
)

type windowClassEx struct {
	size, style        uint32
	proc               uintptr
	classExtra, extra  int32
	instance           windows.Handle
	icon, cursor, back windows.Handle
	menu, name         *uint16
	iconSmall          windows.Handle
}

type message struct {
	window  windows.Handle
	message uint32
	w, l    uintptr
	time    uint32
	x, y    int32
}

// session is what the one window of the process acts on.
var session struct {
	mu    sync.Mutex
	end   context.CancelCauseFunc
	ended <-chan struct{}
}

var windowProc = sync.OnceValue(func() uintptr {
	return windows.NewCallback(func(window windows.Handle, kind uint32, w, l uintptr) uintptr {
		session.mu.Lock()
		end, ended := session.end, session.ended
		session.mu.Unlock()
		switch kind {
		case wmEndSession:
			if w == 0 { // another program refused, the session goes on
				return 0
			}
			if uint32(l)&endLogOff != 0 {
				end(ErrStop)
			} else {
				end(ErrShutdown)
			}
			select { // when this returns we may be killed
			case <-ended:
			case <-time.After(endSessionTime):
			}
			return 0
		case wmClose:
			end(ErrStop)
			return 0
		case wmAppQuit:
			_, _, _ = procDestroyWindow.Call(uintptr(window))
			return 0
		case wmDestroy:
			_, _, _ = procPostQuit.Call(0)
			return 0
		}
		result, _, _ := procDefWindow.Call(uintptr(window), uintptr(kind), w, l)
		return result
	})
})

// openWindow has its own thread, as Windows wants it; close ends that.
func openWindow(folder string, end context.CancelCauseFunc, ended <-chan struct{}) (closeWindow func(), err error) {
	session.mu.Lock()
	session.end, session.ended = end, ended
	session.mu.Unlock()
	opened := make(chan error, 1)
	var window uintptr
	var running sync.WaitGroup
	running.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var err error
		window, err = createWindow(folder)
		opened <- err
		if err == nil {
			pump()
		}
	})
	if err := <-opened; err != nil {
		return nil, err
	}
	return func() {
		_, _, _ = procPostMessage.Call(window, wmAppQuit, 0, 0)
		running.Wait()
	}, nil
}

func createWindow(folder string) (uintptr, error) {
	name, title := utf16Pointer(windowClass), utf16Pointer(folder)
	class := windowClassEx{proc: windowProc(), name: name}
	class.size = uint32(unsafe.Sizeof(class))
	if atom, _, err := procRegisterClass.Call(uintptr(unsafe.Pointer(&class))); atom == 0 && !errors.Is(err, windows.ERROR_CLASS_ALREADY_EXISTS) {
		return 0, fmt.Errorf("register a window class: %w", err)
	}
	window, _, err := procCreateWindow.Call(0, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(title)), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	if window == 0 {
		return 0, fmt.Errorf("open a window: %w", err)
	}
	return window, nil
}

func pump() {
	var m message
	for {
		more, _, _ := procGetMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0)
		if int32(more) <= 0 {
			return
		}
		_, _, _ = procDispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

// stopInSession asks the agent of a folder to end, and waits until it has gone.
func stopInSession(folder string) error {
	window, _, _ := procFindWindow.Call(uintptr(unsafe.Pointer(utf16Pointer(windowClass))), uintptr(unsafe.Pointer(utf16Pointer(folder))))
	if window == 0 {
		return nil
	}
	var pid uint32
	if _, err := windows.GetWindowThreadProcessId(windows.HWND(window), &pid); err != nil {
		return err
	}
	process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	defer windows.CloseHandle(process)
	if ok, _, err := procPostMessage.Call(window, wmClose, 0, 0); ok == 0 {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	state, err := windows.WaitForSingleObject(process, uint32(stopTime.Milliseconds()))
	if err != nil || state != windows.WAIT_OBJECT_0 {
		return errors.Join(err, fmt.Errorf("process %d has not ended in time", pid))
	}
	return nil
}

// utf16 of a text without a NUL; one with a NUL ends there.
func utf16Pointer(text string) *uint16 {
	p, err := syscall.UTF16PtrFromString(text)
	if err != nil {
		return new(uint16)
	}
	return p
}
