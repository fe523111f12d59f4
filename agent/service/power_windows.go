package service

import (
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Power events are had from the power manager itself and not as a service's control
// code: package svc answers that one before anybody has seen it, and Windows sleeps at
// once. Here it waits until the callback returns; and a program that is no service is told too.
var (
	powrprof       = windows.NewLazySystemDLL("powrprof.dll")
	procRegister   = powrprof.NewProc("PowerRegisterSuspendResumeNotification") // Windows 8
	procUnregister = powrprof.NewProc("PowerUnregisterSuspendResumeNotification")
)

// Of powrprof.h and winuser.h.
const (
	deviceNotifyCallback = 2
	pbtSuspend           = 0x4
	pbtResumeSuspend     = 0x7
	pbtResumeAutomatic   = 0x12
)

// subscription is DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS.
type subscription struct {
	callback uintptr
	context  uintptr
}

// told is whom the callback tells: Windows keeps only a number for us, and callbacks
// can never be freed, so there is one for the process.
var told struct {
	mu      sync.Mutex
	sleeper *sleeper
}

var powerCallback = sync.OnceValue(func() uintptr {
	return windows.NewCallback(func(_, kind, _ uintptr) uintptr {
		told.mu.Lock()
		s := told.sleeper
		told.mu.Unlock()
		if s == nil {
			return 0
		}
		switch kind {
		case pbtSuspend:
			select {
			case <-s.fallAsleep():
			case <-time.After(SleepTime):
			}
		case pbtResumeAutomatic, pbtResumeSuspend:
			s.wake()
		}
		return 0
	})
})

// watchPower tells the sleeper of each sleep until forget is called. A system that does
// not register us only costs the goodbye before a sleep.
func watchPower() (s *sleeper, forget func()) {
	s = newSleeper()
	told.mu.Lock()
	told.sleeper = s
	told.mu.Unlock()
	p := &subscription{callback: powerCallback()}
	var handle uintptr
	registered := false
	if procRegister.Find() == nil {
		code, _, _ := procRegister.Call(deviceNotifyCallback, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&handle)))
		registered = code == 0
	}
	return s, func() {
		if registered {
			_, _, _ = procUnregister.Call(handle)
		}
		told.mu.Lock()
		told.sleeper = nil
		told.mu.Unlock()
	}
}
