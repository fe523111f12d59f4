package service

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"

	"communewatch/collector/say"
)

// scm keeps the agent as a service of Windows' service control manager.
type scm struct{ program, config string }

// The service runs as a virtual account of its own: it has no password, no right that a
// plain user has not, and a SID by which the folder is closed to everybody else. With
// LocalService, every other service of that account could read the office's key.
const serviceAccount = `NT SERVICE\` + Name

// prepare: nobody to make, Windows makes the account with the service.
func (s *scm) prepare(context.Context) error { return nil }

// secure also takes the folder for the administrators: any user may have made it before
// us, since ProgramData is open to all, and an owner may always open it again.
func (s *scm) secure(folder string) error {
	administrators, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err != nil {
		return err
	}
	err = windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION, administrators, nil, nil, nil)
	if err != nil {
		return fmt.Errorf("own it: %w", err)
	}
	return closeFolder(folder, serviceSID(Name))
}

// closeFolder sets the access of a folder and of all that is in it.
func closeFolder(folder, sid string) error {
	descriptor, err := windows.SecurityDescriptorFromString(folderACL(sid))
	if err != nil {
		return err
	}
	acl, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
}

// recovery: three restarts, the third also for every one after it; a day without a
// failure begins anew.
var recovery = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
}

const recoveryReset = 24 * 60 * 60 // s

// register makes the service. Of one that is there it puts only the command line right,
// which an earlier installer may not have quoted: what an administrator changed stays.
func (s *scm) register(context.Context) error {
	return s.withManager(func(m *mgr.Mgr) error {
		service, err := m.OpenService(Name)
		if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
			return s.create(m)
		} else if err != nil {
			return err
		}
		defer service.Close()
		return errors.Join(s.command(service), registerEvents())
	})
}

func (s *scm) create(m *mgr.Mgr) error {
	service, err := m.CreateService(Name, s.program, mgr.Config{
		StartType: mgr.StartAutomatic, ErrorControl: mgr.ErrorNormal,
		ServiceStartName: serviceAccount, DisplayName: "CommuneWatch", Description: say.Vietnamese.Text("install.description"),
	}, "run", "--service", "--config", s.config)
	if err != nil {
		return fmt.Errorf("make the service: %w", err)
	}
	defer service.Close()
	err = errors.Join(
		s.command(service),
		whereKnown(delayStart(service)),
		whereKnown(service.SetRecoveryActions(recovery, recoveryReset)),
		whereKnown(service.SetRecoveryActionsOnNonCrashFailures(true)),
		registerEvents())
	if err != nil { // half of it would be left alone by the next try
		return errors.Join(fmt.Errorf("configure the service: %w", err), service.Delete())
	}
	return nil
}

// delayStart lets what the user waits for start first.
func delayStart(service *mgr.Service) error {
	info := windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}
	return windows.ChangeServiceConfig2(service.Handle, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, (*byte)(unsafe.Pointer(&info)))
}

// whereKnown passes over a setting that this system does not know (Wine knows few): the
// service runs without.
func whereKnown(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return nil
	}
	return err
}

// command sets the service's command line, all of it quoted (CreateService quotes only
// what has a space), and nothing else.
func (s *scm) command(service *mgr.Service) error {
	line, err := windows.UTF16PtrFromString(commandLine(s.program, "run", "--service", "--config", s.config))
	if err != nil {
		return err
	}
	const same = windows.SERVICE_NO_CHANGE
	return windows.ChangeServiceConfig(service.Handle, same, same, same, line, nil, nil, nil, nil, nil, nil)
}

func registerEvents() error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\EventLog\Application\`+Name, registry.QUERY_VALUE)
	if err == nil {
		return key.Close()
	}
	return eventlog.InstallAsEventCreate(Name, eventlog.Error|eventlog.Warning|eventlog.Info)
}

func (s *scm) start(ctx context.Context) error {
	if err := s.stop(ctx); err != nil {
		return err
	}
	return s.withService(func(service *mgr.Service) error {
		if err := service.Start(); err != nil {
			return err
		}
		return waitState(ctx, service, svc.Running)
	})
}

func (s *scm) stop(ctx context.Context) error {
	err := s.withService(func(service *mgr.Service) error {
		if _, err := service.Control(svc.Stop); errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return nil
		} else if err != nil {
			return err
		}
		return waitState(ctx, service, svc.Stopped)
	})
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return nil
	}
	return err
}

// stateTime is longer than a stop takes; an old PC takes its time.
const stateTime = time.Minute

func waitState(ctx context.Context, service *mgr.Service, want svc.State) error {
	var last error
	err := waitUntil(ctx, stateTime, func() bool {
		status, err := service.Query()
		last = err
		return err == nil && status.State == want
	})
	if err != nil {
		return errors.Join(fmt.Errorf("wait for the service: %w", err), last)
	}
	return nil
}

func (s *scm) forget(context.Context) error {
	err := s.withService(func(service *mgr.Service) error { return service.Delete() })
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		err = nil
	}
	_ = eventlog.Remove(Name) // an error where there is none
	return err
}

func (s *scm) packaged() bool { return false }

func (s *scm) limits() []say.Key { return nil }

func (s *scm) withManager(do func(*mgr.Mgr) error) error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("connect to the service manager: %w", err)
	}
	defer m.Disconnect()
	return do(m)
}

func (s *scm) withService(do func(*mgr.Service) error) error {
	return s.withManager(func(m *mgr.Mgr) error {
		service, err := m.OpenService(Name)
		if err != nil {
			return err
		}
		defer service.Close()
		return do(service)
	})
}
