package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// steady is how long a child must have lived for the next death to be the first.
const steady = time.Minute

// child is one run of influxd.
type child struct {
	cmd    *exec.Cmd
	log    *childLog
	born   time.Time
	exited chan struct{}
	err    error // how it ended; valid when exited is closed
}

// start brings up the first child and hands it to the supervisor.
func (s *Server) start(ctx context.Context) error {
	free := strings.HasSuffix(s.cfg.Listen, ":0")
	var c *child
	for attempt := 1; ; attempt++ {
		if free {
			if err := s.takePort(); err != nil {
				return err
			}
		}
		var err error
		c, err = s.raise(ctx)
		if err == nil {
			break
		}
		// Between our look and the child's a port may be taken: look for another one.
		if !free || attempt == 5 || !errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("start InfluxDB: %w", err)
		}
		_, port, _ := net.SplitHostPort(s.cfg.Listen)
		s.cfg.Listen = strings.TrimSuffix(s.cfg.Listen, port) + "0"
	}
	running, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.supervise(running, c)
	s.log.Info("InfluxDB runs", "url", s.URL(), "folder", s.cfg.Dir, "pid", c.cmd.Process.Pid)
	return nil
}

// takePort replaces port 0 by one that is free now.
func (s *Server) takePort() error {
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("find a free port for InfluxDB: %w", err)
	}
	s.cfg.Listen = listener.Addr().String()
	return listener.Close()
}

// supervise keeps a child running until Stop, and ends the last one.
func (s *Server) supervise(running context.Context, c *child) {
	defer close(s.done)
	defer s.lock.Close()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 30*time.Second
	look := time.NewTicker(fullLook)
	defer look.Stop()
	for {
		select {
		case <-running.Done():
			s.end(c)
			return
		case <-look.C:
			if !c.log.wasFull() || hasRoom(s.cfg.Dir) != nil {
				continue
			}
			s.log.Warn("the disk was full and has room again: InfluxDB is started anew, by itself it would go on refusing")
			s.end(c)
		case <-c.exited:
			s.log.Error("InfluxDB ended by itself, it is started again", "error", c.ending())
		}
		if time.Since(c.born) > steady {
			pause.Reset()
		}
		if c = s.restart(running, pause); c == nil {
			return
		}
		s.log.Info("InfluxDB runs again", "pid", c.cmd.Process.Pid)
	}
}

// restart tries until a child runs; nil when it is to run no more.
func (s *Server) restart(running context.Context, pause *backoff.ExponentialBackOff) *child {
	for attempt := 1; ; attempt++ {
		select {
		case <-running.Done():
			return nil
		case <-time.After(pause.NextBackOff()):
		}
		c, err := s.raise(running)
		if err == nil {
			return c
		}
		if running.Err() == nil {
			s.log.Error("InfluxDB cannot be started, trying again", "attempt", attempt, "error", err)
		}
	}
}

// raise starts a child and waits until it answers and its users are there. A child
// that gets not so far is ended.
func (s *Server) raise(ctx context.Context) (*child, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := s.addressIsFree(); err != nil {
		return nil, err
	}
	c, err := s.launch()
	if err != nil {
		return nil, err
	}
	err = s.answers(ctx, c)
	if err == nil {
		err = s.keepUsers(ctx)
	}
	if err != nil {
		s.end(c)
		return nil, err
	}
	if !c.log.wasFull() {
		trustIndex(s.cfg.Dir)
	}
	return c, nil
}

// addressIsFree lets a taken address be told at once and in clear words, and keeps
// us from taking a stranger's /ping for our child's.
func (s *Server) addressIsFree() error {
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("its address is not free, perhaps another one runs: %w", err)
	}
	return listener.Close()
}

func (s *Server) launch() (*child, error) {
	if err := completeIndex(s.cfg.Dir); err != nil {
		return nil, err
	}
	configuration, err := writeConfiguration(s.cfg.Dir, s.cfg.Listen)
	if err != nil {
		return nil, err
	}
	c := &child{log: &childLog{log: s.log, onFull: func() { doubtIndex(s.cfg.Dir) }}, born: time.Now(), exited: make(chan struct{})}
	c.cmd = exec.Command(s.cfg.Binary, "run", "-config", configuration)
	c.cmd.Dir = s.cfg.Dir
	c.cmd.Env = environment()
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	c.cmd.WaitDelay = time.Second
	bind(c.cmd, s.lock)
	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends, not the
		// process: this one is kept for the child's life.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
		}
		close(c.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", s.cfg.Binary, err)
	}
	return c, nil
}

// environment is ours without what influxd would take for configuration.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "INFLUXDB_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// answers waits for /ping. A child that ends before is told with its last words.
func (s *Server) answers(ctx context.Context, c *child) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-c.exited:
			return c.ending()
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-look.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/ping", nil)
		if err != nil {
			return fmt.Errorf("ask whether it answers: %w", err)
		}
		response, err := s.http.Do(request)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusNoContent {
			return nil
		}
	}
}

// end asks a child to end, kills it when Stop's patience is over, and waits.
func (s *Server) end(c *child) {
	// What fails here is that it has ended, or that the system knows no such signal.
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		_ = c.cmd.Process.Kill()
	}
	select {
	case <-c.exited:
		return
	case <-s.kill:
	case <-time.After(2 * stopTime): // a start that failed has no Stop
	}
	_ = c.cmd.Process.Kill()
	<-c.exited
}

// ending says how a child ended, with what it said last.
func (c *child) ending() error {
	<-c.exited
	err := c.err
	if err == nil {
		err = errors.New("ended without an error")
	}
	said := c.log.last()
	if strings.Contains(said, "address already in use") {
		err = errors.Join(err, syscall.EADDRINUSE)
	}
	if said == "" {
		return err
	}
	return fmt.Errorf("%w; it said last: %s", err, said)
}
