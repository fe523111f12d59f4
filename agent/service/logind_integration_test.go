//go:build integration && !windows && !mipsle

package service

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// logind stands for systemd's on a bus of the test's own: a container has none, and no
// test may put its machine to sleep.
type logind struct {
	t    *testing.T
	conn *dbus.Conn

	mu     sync.Mutex
	delays []*os.File // read ends: at their end once the delay is given up
	state  string     // of systemd
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path=SOCKET</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

func startLogind(t *testing.T) *logind {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		t.Fatal("install dbus-daemon (Debian: apt-get install dbus-daemon), or run without -tags integration")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "bus")
	must(t, os.WriteFile(filepath.Join(dir, "bus.conf"), []byte(strings.ReplaceAll(busConfig, "SOCKET", socket)), 0o600))
	daemon := exec.Command("dbus-daemon", "--nofork", "--config-file="+filepath.Join(dir, "bus.conf"))
	must(t, daemon.Start())
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	var conn *dbus.Conn
	soon(t, "a bus", func() bool { // its socket is there before it listens
		var err error
		conn, err = dbus.ConnectSystemBus()
		return err == nil
	})
	t.Cleanup(func() { _ = conn.Close() })
	l := &logind{t: t, conn: conn, state: "running"}
	must(t, conn.Export(l, loginPath, manager))
	must(t, conn.ExportMethodTable(map[string]any{"Get": l.get}, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties"))
	for _, name := range []string{login, "org.freedesktop.systemd1"} {
		if reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
			t.Fatal(reply, err)
		}
	}
	return l
}

// Inhibit is logind's.
func (l *logind) Inhibit(what, _, _, mode string) (dbus.UnixFD, *dbus.Error) {
	if what != "sleep" || mode != "delay" {
		return 0, dbus.MakeFailedError(errors.New("unexpected: " + what + " " + mode))
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, dbus.MakeFailedError(err)
	}
	fd := dbus.UnixFD(w.Fd())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delays = append(l.delays, r)
	// Ours is closed once it is on its way.
	time.AfterFunc(200*time.Millisecond, func() { _ = w.Close() })
	return fd, nil
}

func (l *logind) get(_, property string) (dbus.Variant, *dbus.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if property != "SystemState" {
		return dbus.Variant{}, dbus.MakeFailedError(errors.New("no such property"))
	}
	return dbus.MakeVariant(l.state), nil
}

func (l *logind) says(signal string, before bool) {
	l.t.Helper()
	must(l.t, l.conn.Emit(loginPath, manager+"."+signal, before))
}

// delay is the nth that was asked for.
func (l *logind) delay(n int) *os.File {
	l.t.Helper()
	var f *os.File
	soon(l.t, "a delay is asked for", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.delays) > n {
			f = l.delays[n]
		}
		return f != nil
	})
	return f
}

// givenUp waits until the delay is, or for so long at most.
func givenUp(t *testing.T, f *os.File, most time.Duration) bool {
	t.Helper()
	must(t, f.SetReadDeadline(time.Now().Add(most)))
	_, err := f.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// living runs a work that hands out its context and what it is told.
func living(t *testing.T) (host Host, ctx context.Context, stop func()) {
	t.Helper()
	outer, cancel := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(outer, Config{Err: io.Discard}, func(c context.Context, h Host) error {
			host, ctx = h, c
			close(begun)
			<-c.Done()
			return nil
		})
	}()
	<-begun
	stop = sync.OnceFunc(func() {
		cancel()
		must(t, <-ended)
	})
	t.Cleanup(stop)
	return host, ctx, stop
}

func told(t *testing.T, host Host) Sleep {
	t.Helper()
	select {
	case s := <-host.Sleeps:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("no sleep was told")
		return Sleep{}
	}
}

func TestASleepWaitsUntilTheAgentIsReadyAndTheNextOneWaitsAgain(t *testing.T) {
	l := startLogind(t)
	host, _, stop := living(t)
	for night := range 3 {
		delay := l.delay(night)
		if givenUp(t, delay, 300*time.Millisecond) {
			t.Fatal("the delay was not held")
		}
		l.says("PrepareForSleep", true)
		sleep := told(t, host)
		if givenUp(t, delay, 300*time.Millisecond) {
			t.Fatal("the machine slept before the agent was ready")
		}
		sleep.Ready()
		if !givenUp(t, delay, 2*time.Second) {
			t.Fatal("the machine was kept from sleeping")
		}
		l.says("PrepareForSleep", false)
		soon(t, "the waking is told", func() bool { return closed(sleep.Woken) })
	}
	last := l.delay(3)
	stop()
	if !givenUp(t, last, 2*time.Second) {
		t.Error("an agent that ended still delays sleeps")
	}
}

func TestAnAgentThatIsNeverReadyKeepsNoMachineAwake(t *testing.T) {
	l := startLogind(t)
	host, _, _ := living(t)
	delay := l.delay(0)
	l.says("PrepareForSleep", true)
	told(t, host)
	began := time.Now()
	if !givenUp(t, delay, SleepTime+2*time.Second) {
		t.Fatal("the machine was kept from sleeping")
	}
	if d := time.Since(began); d < SleepTime-time.Second {
		t.Errorf("the agent was given %s", d)
	}
}

func TestAShutdownIsToldFromAStop(t *testing.T) {
	for _, c := range []struct {
		name string
		says func(*logind)
		want error
	}{
		{"stopped by hand", func(*logind) {}, ErrStop},
		{"logind announces a shutdown", func(l *logind) { l.says("PrepareForShutdown", true) }, ErrShutdown},
		{"a shutdown that was called off", func(l *logind) {
			l.says("PrepareForShutdown", true)
			l.says("PrepareForShutdown", false)
		}, ErrStop},
		{"a shutdown past logind", func(l *logind) { l.state = "stopping" }, ErrShutdown},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := startLogind(t)
			host, ctx, stop := living(t)
			l.delay(0)
			c.says(l)
			// Signals keep their order: once this sleep is told, what came before is heard.
			l.says("PrepareForSleep", true)
			told(t, host).Ready()
			stop()
			if got := context.Cause(ctx); !errors.Is(got, c.want) {
				t.Errorf("ended for %v, want %v", got, c.want)
			}
		})
	}
}

func TestWithoutABusEveryEndIsAStop(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	_, ctx, stop := living(t)
	began := time.Now()
	stop()
	if got := context.Cause(ctx); !errors.Is(got, ErrStop) || time.Since(began) > time.Second {
		t.Errorf("ended for %v after %s", got, time.Since(began))
	}
}

func TestABusThatNeverAnswersHoldsUpNoStop(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "bus")
	silent, err := net.Listen("unix", socket)
	must(t, err)
	defer silent.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	_, ctx, stop := living(t)
	conn, err := silent.Accept()
	must(t, err)
	defer conn.Close()
	began := time.Now()
	stop()
	if got := context.Cause(ctx); !errors.Is(got, ErrStop) || time.Since(began) > 2*time.Second {
		t.Errorf("ended for %v after %s", got, time.Since(began))
	}
}

func TestASystemdThatNeverAnswersHoldsUpAStopForAMomentOnly(t *testing.T) {
	l := startLogind(t)
	_, ctx, stop := living(t)
	l.delay(0)
	l.mu.Lock() // its answer waits for that
	defer l.mu.Unlock()
	began := time.Now()
	stop()
	if got := context.Cause(ctx); !errors.Is(got, ErrStop) || time.Since(began) > 3*time.Second {
		t.Errorf("ended for %v after %s", got, time.Since(began))
	}
}
