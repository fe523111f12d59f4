package office

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"communewatch/agent/service"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Step is one line of what was done, for a person or a program.
type Step struct {
	Name string `json:"name"` // what it was about: "invitation", "enrol", "service" …
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	Todo string `json:"todo,omitempty"` // what the person should do now
}

// Install is one installation of the agent on this machine. It may be repeated at any
// point; over an earlier one it is an update, which keeps identity, configuration and
// everything unsent.
type Install struct {
	Pasted    string // the invitation, as it was pasted; empty: only an update
	Folder    string // empty: the usual one
	PerUser   bool   // also where we could make a service
	NoService bool   // write everything, start nothing
	Replace   bool   // the machine moves to another site
	Version   string
	Lang      say.Lang
	Tell      func(Step) // each step as it is done
	Waits     func(string)
	Log       *slog.Logger
}

// InstallDeps are what a test replaces; nil is the real one.
type InstallDeps struct {
	Enrol func(context.Context, api.Invitation, api.EnrolRequest, string, upstream.EnrolDeps) (api.EnrolReply, error)
	Reach func(ctx context.Context, address, pin string, deps upstream.EnrolDeps) (upstream.Reached, error)
	// Refused gives the code by which the collector does not take an identity; empty: it
	// takes it, or could not be asked.
	Refused func(ctx context.Context, cfg Config) api.Code
	Gateway func() (netip.Addr, bool) // the machine's router
	// FirstWait is how long the first stored batch is waited for: a batch is closed after half an
	// interval at the earliest, and a whole one at the latest.
	FirstWait time.Duration
}

// Result is what came of it.
type Result struct {
	Passed bool   `json:"passed"`
	Site   string `json:"site,omitempty"`
	Label  string `json:"label,omitempty"`
	Steps  []Step `json:"steps"`
	Last   string `json:"message"` // the last word to the person
}

// installer is an installation under way.
type installer struct {
	Install
	InstallDeps
	manager *service.Manager
	inv     api.Invitation
	known   known     // what the machine is installed for
	began   time.Time // the service was started
	result  Result
}

const firstWait = 90 * time.Second

// Do installs, step by step, until one cannot be done.
func (in Install) Do(ctx context.Context, deps InstallDeps) Result {
	i := &installer{Install: in, InstallDeps: deps.filled()}
	if i.Log == nil {
		i.Log = slog.New(slog.DiscardHandler)
	}
	for _, step := range []func(context.Context) bool{i.open, i.read, i.prepare, i.enrol, i.configure, i.place, i.start, i.measure, i.wait} {
		if !step(ctx) {
			return i.end()
		}
	}
	i.result.Passed = true
	return i.end()
}

func (d InstallDeps) filled() InstallDeps {
	if d.Enrol == nil {
		d.Enrol = upstream.Enrol
	}
	if d.Reach == nil {
		d.Reach = upstream.Reach
	}
	if d.Refused == nil {
		d.Refused = refused
	}
	if d.Gateway == nil {
		d.Gateway = defaultGateway
	}
	if d.FirstWait == 0 {
		d.FirstWait = firstWait
	}
	return d
}

// tell notes a step and says whether to go on.
func (i *installer) tell(s Step) bool {
	i.result.Steps = append(i.result.Steps, s)
	if i.Tell != nil {
		i.Tell(s)
	}
	return s.OK
}

func (i *installer) done(name string, key say.Key, args ...any) bool {
	return i.tell(Step{Name: name, OK: true, Text: i.Lang.Text(key, args...)})
}

func (i *installer) fails(name string, todo say.Key, key say.Key, args ...any) bool {
	return i.tell(Step{Name: name, Text: i.Lang.Text(key, args...), Todo: i.Lang.Text(todo)})
}

// end says the last word: that it passed, or the one thing to do first.
func (i *installer) end() Result {
	i.result.Site, i.result.Label = i.known.Site, i.known.Label
	switch {
	case i.result.Passed && i.NoService:
		i.result.Last = i.Lang.Text("install.written", i.runLine())
	case i.result.Passed:
		i.result.Last = i.Lang.Text("install.passed", i.known.name())
	default:
		for _, s := range i.result.Steps {
			if !s.OK {
				i.result.Last = i.Lang.Text("install.failed", s.Todo) + "\n" + i.Lang.Text("install.again")
				break
			}
		}
	}
	return i.result
}

// runLine starts the agent by hand.
func (i *installer) runLine() string { return service.Name + " run --config " + i.manager.Config() }

// open finds out what is here.
func (i *installer) open(context.Context) bool {
	if !service.Supported() {
		return i.fails("system", "install.old_windows_todo", "install.old_windows")
	}
	var err error
	i.manager, err = service.Open(service.Options{PerUser: i.PerUser || !service.Administrator(), Folder: i.Folder})
	if err != nil {
		return i.fails("folder", "install.folder_todo", "install.folder_failed", i.Folder, err)
	}
	i.known = readKnown(i.manager.Folder)
	return true
}

// read takes the pasted invitation. An error of it never repeats what was pasted.
func (i *installer) read(context.Context) bool {
	if strings.TrimSpace(i.Pasted) == "" && i.known.Site != "" && i.known.URL != "" {
		return i.done("invitation", "install.update", i.known.name())
	}
	var err error
	i.inv, err = api.ParseInvitation(i.Pasted)
	i.Pasted = ""
	switch {
	case errors.Is(err, api.ErrCutInvitation):
		return i.fails("invitation", "install.cut_invitation_todo", "install.cut_invitation")
	case err != nil:
		return i.fails("invitation", "install.no_invitation_todo", "install.no_invitation")
	}
	return i.done("invitation", "install.invitation", api.CleanText(i.inv.Site), i.inv.URL)
}

func (i *installer) prepare(ctx context.Context) bool {
	if err := i.manager.Prepare(ctx); err != nil {
		return i.fails("folder", "install.folder_todo", "install.folder_failed", i.manager.Folder, err)
	}
	return i.done("folder", "install.folder", i.manager.Folder)
}

// place puts program and service there, and hands over what was written.
func (i *installer) place(ctx context.Context) bool {
	if err := i.manager.Secure(); err != nil {
		return i.fails("folder", "install.folder_todo", "install.folder_failed", i.manager.Folder, err)
	}
	if i.NoService {
		return true
	}
	if err := i.manager.Install(ctx); errors.Is(err, service.ErrNoSystemd) {
		return i.tell(Step{Name: "service", Text: i.Lang.Text("install.no_systemd"), Todo: i.Lang.Text("install.no_systemd_todo", i.runLine())})
	} else if err != nil {
		return i.fails("service", "install.service_todo", "install.service_failed", err)
	}
	key := say.Key("install.service")
	if i.manager.PerUser {
		key = "install.service_user"
	}
	return i.done("service", key, i.manager.Program)
}

func (i *installer) start(ctx context.Context) bool {
	if i.NoService {
		return true
	}
	i.began = time.Now()
	if err := i.manager.Start(ctx); err != nil {
		return i.tell(Step{Name: "start", Text: i.Lang.Text("install.start_failed", err), Todo: i.Lang.Text("install.not_stored_log_todo", logPlace(i.manager))})
	}
	i.done("start", "install.started")
	for _, limit := range i.manager.Limits() {
		i.done("limit", limit)
	}
	return true
}

// wait until the collector has stored something of this run: that alone proves the whole way.
func (i *installer) wait(ctx context.Context) bool {
	if i.NoService {
		return true
	}
	seconds := int(i.FirstWait.Seconds())
	if i.Waits != nil {
		i.Waits(i.Lang.Text("install.waiting", seconds))
	}
	ctx, cancel := context.WithTimeout(ctx, i.FirstWait)
	defer cancel()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for {
		status, err := ReadStatus(i.manager.Folder)
		// Started is in whole seconds.
		ours := err == nil && !status.Stopped && status.Started.After(i.began.Add(-time.Second))
		if ours && status.Line.Stored != nil {
			return i.done("stored", "install.stored")
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return i.notStored(status, ours, seconds)
		}
	}
}

func (i *installer) notStored(status Status, ours bool, seconds int) bool {
	if !ours {
		return i.tell(Step{Name: "stored", Text: i.Lang.Text("install.not_stored_silent", seconds),
			Todo: i.Lang.Text("install.not_stored_log_todo", logPlace(i.manager))})
	}
	why := string(status.Line.Trouble)
	if why == "" {
		why = "-"
	}
	return i.fails("stored", "install.not_stored_todo", "install.not_stored", seconds, why)
}

// logPlace is where the agent's log is read.
func logPlace(m *service.Manager) string {
	file := filepath.Join(m.Folder, "agent.log")
	switch {
	case runtime.GOOS == "windows" || exists(file):
		return file
	case m.PerUser:
		return "journalctl --user -u " + service.Name
	}
	return "journalctl -u " + service.Name
}
