package office

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

const identityFile = "identity.pem"

// known is what this machine was installed for, if it was.
type known struct {
	Site, Label string // of machine.json
	Speaks      string // the site in whose name the identity speaks: of its certificate
	URL, Pin    string // of agent.yaml
	Proxy       string // likewise
	Token       string // likewise, of one that was not enrolled
	Spool       string // its folder
}

// readKnown reads loosely: a configuration with mistakes in it is still ours.
func readKnown(folder string) known {
	file := DefaultFile()
	path := filepath.Join(folder, "agent.yaml")
	if data, err := os.ReadFile(path); err == nil {
		_, _ = settings.Decode(path, data, &file)
	}
	k := known{URL: file.Collector.URL, Pin: file.Collector.Pin, Proxy: file.Collector.Proxy, Spool: file.Spool.Folder}
	if !filepath.IsAbs(k.Spool) {
		k.Spool = filepath.Join(folder, k.Spool)
	}
	if cfg, err := Load(path); err == nil {
		k.Token = cfg.Token
	}
	if machine, err := readMachine(folder); err == nil {
		k.Site, k.Label = api.CleanText(machine.Site), api.CleanText(machine.Label)
	}
	k.Speaks, _, _ = strings.Cut(readIdentity(filepath.Join(folder, identityFile)).name, " ")
	return k
}

// site is whose what waits in the spool is. machine.json may be lost, or a power cut may
// have kept it from being written.
func (k known) site() string { return api.CleanText(cmp.Or(k.Speaks, k.Site)) }

// name is what people call it.
func (k known) name() string {
	if k.Label == "" {
		return k.Site
	}
	return k.Label
}

// enrol gets the machine its identity, or keeps the one that it has: the same line pasted
// again must not make a new machine of it.
func (i *installer) enrol(ctx context.Context) bool {
	had := i.known
	of := had.site()
	switch {
	case i.inv == api.Invitation{}:
		return i.done("enrol", "install.enrolled_before", had.name(), had.Site)
	case of != "" && of != i.inv.Site && !i.Replace:
		return i.fails("enrol", "install.other_site_todo", "install.other_site", of, api.CleanText(i.inv.Site))
	case of != "" && of != i.inv.Site:
		return i.move(ctx)
	}
	if of == "" && had.Token != "" {
		return i.takeOver(ctx)
	}
	why := i.mayKeep(ctx)
	if why == "" {
		return i.done("enrol", "install.enrolled_before", had.name(), had.Site)
	}
	if err := i.ask(ctx); err != nil {
		// The line that was pasted the first time is used up; an identity that has only
		// ended is renewed by the agent itself.
		if why == api.CodeExpired {
			return i.done("enrol", "install.enrolled_before", had.name(), had.Site)
		}
		return i.problem("enrol", err)
	}
	return i.done("enrol", "install.enrolled", i.known.name(), i.known.Site)
}

// mayKeep says why the identity that is here cannot be kept; empty: it can. A collector
// that cannot be asked is no reason.
func (i *installer) mayKeep(ctx context.Context) api.Code {
	had := i.known
	switch {
	case had.Site != i.inv.Site || had.URL != i.inv.URL || had.Pin != i.inv.Pin:
		return api.CodeUnauthorized
	case !exists(filepath.Join(i.manager.Folder, identityFile)):
		return api.CodeUnauthorized
	case SameMachine(i.manager.Folder) != nil:
		return api.CodeTwin
	}
	return i.Refused(ctx, Config{URL: had.URL, Pin: had.Pin, Proxy: had.Proxy, Identity: filepath.Join(i.manager.Folder, identityFile)})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// enrolTime bounds all of enrolling: somebody sits before it.
const enrolTime = 2 * time.Minute

// ask enrols and remembers it. The token goes to the collector and nowhere else.
func (i *installer) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, enrolTime)
	defer cancel()
	host, _ := os.Hostname() // for people only
	who := api.EnrolRequest{
		Token: i.inv.Token, Machine: Fingerprint(Machine()), Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, Version: i.Version,
	}
	if i.known.URL != i.inv.URL {
		i.known.Proxy = "" // it led to another collector
	}
	reply, err := i.Enrol(ctx, i.inv, who, filepath.Join(i.manager.Folder, identityFile), upstream.EnrolDeps{Log: i.Log, Proxy: i.known.Proxy})
	if err != nil {
		return err
	}
	i.known.Site, i.known.Label, i.known.URL, i.known.Pin = api.CleanText(reply.Site), api.CleanText(reply.Label), i.inv.URL, i.inv.Pin
	return Enrolled(Config{Folder: i.manager.Folder, SpoolDir: i.known.Spool}, reply)
}

// move takes the machine to another site. What it measured for the old one must never be
// sent in the new one's name: what can be sent now is, and the rest goes aside before
// there is a new identity.
func (i *installer) move(ctx context.Context) bool {
	old := i.known
	if err := i.manager.Stop(ctx); err != nil {
		return i.fails("enrol", "install.service_todo", "uninstall.stop_failed", err)
	}
	if i.stillRuns(ctx) {
		return i.fails("enrol", "uninstall.still_runs_todo", "uninstall.still_runs", i.manager.Folder)
	}
	i.sendRest(ctx)
	aside, err := i.setSpoolAside(old.site())
	if err != nil {
		return i.fails("enrol", "install.folder_todo", "install.folder_failed", i.manager.Folder, err)
	}
	if err := i.ask(ctx); err != nil {
		if aside != "" && i.known.Site == old.Site { // else it is the other site's already
			err = errors.Join(err, os.Rename(aside, i.known.Spool))
		}
		return i.problem("enrol", i.asItWas(ctx, err))
	}
	return i.moved(aside, forgetDocuments(i.manager.Folder))
}

// takeOver enrols a machine that reported with a token until now. For which site, stands
// nowhere here: what waits is sent under the token first. A token of the same site ends
// with the enrolment; one that is still taken after it is another's, and what is left goes
// aside.
func (i *installer) takeOver(ctx context.Context) bool {
	old := i.known
	if err := i.manager.Stop(ctx); err != nil {
		return i.fails("enrol", "install.service_todo", "uninstall.stop_failed", err)
	}
	i.sendRest(ctx)
	if err := i.ask(ctx); err != nil {
		return i.problem("enrol", i.asItWas(ctx, err))
	}
	if i.Refused(ctx, Config{URL: old.URL, Pin: old.Pin, Proxy: old.Proxy, Token: old.Token}) != "" {
		return i.done("enrol", "install.enrolled", i.known.name(), i.known.Site)
	}
	aside, err := i.setSpoolAside("of-token")
	return i.moved(aside, errors.Join(err, forgetDocuments(i.manager.Folder)))
}

// moved ends an enrolment for another site.
func (i *installer) moved(aside string, err error) bool {
	switch {
	case err != nil:
		return i.fails("enrol", "install.folder_todo", "install.folder_failed", i.manager.Folder, err)
	case aside == "":
		return i.done("enrol", "install.enrolled", i.known.name(), i.known.Site)
	}
	return i.done("enrol", "install.moved", i.known.name(), i.known.Site, aside)
}

// asItWas lets the agent go on that was stopped.
func (i *installer) asItWas(ctx context.Context, err error) error {
	err = errors.Join(err, i.manager.Secure()) // what was sent, was by whoever installs
	if !i.NoService && exists(i.manager.Config()) {
		err = errors.Join(err, i.manager.Start(ctx))
	}
	return err
}

// setSpoolAside renames a spool that holds anything; empty: it held nothing.
func (i *installer) setSpoolAside(site string) (string, error) {
	if len(waitingIn(i.known.Spool)) == 0 {
		return "", nil
	}
	aside := filepath.Join(i.manager.Folder, "spool-"+site)
	for n := 2; exists(aside); n++ {
		aside = filepath.Join(i.manager.Folder, "spool-"+site+"-"+strconv.Itoa(n))
	}
	return aside, os.Rename(i.known.Spool, aside)
}

// problem says what went wrong with the collector, and whose turn it is.
func (i *installer) problem(step string, err error) bool {
	text, todo := explained(i.Lang, err, i.inv.URL)
	return i.tell(Step{Name: step, Text: text, Todo: todo})
}

// todos says who mends which problem.
var todos = map[upstream.Problem]say.Key{
	upstream.ProblemInvitation: "install.todo_new_invitation", upstream.ProblemName: "install.todo_dns",
	upstream.ProblemNoRoute: "install.todo_line", upstream.ProblemClosed: "install.todo_centre",
	upstream.ProblemTimeout: "install.todo_firewall", upstream.ProblemCut: "install.todo_firewall",
	upstream.ProblemProxyLogin: "install.todo_proxy", upstream.ProblemProxy: "install.todo_proxy",
	upstream.ProblemIntercepted: "install.todo_intercepted", upstream.ProblemPin: "install.todo_centre",
	upstream.ProblemCertificate: "install.todo_centre", upstream.ProblemStranger: "install.todo_login_page",
	upstream.ProblemUsed: "install.todo_new_invitation", upstream.ProblemExpired: "install.todo_new_invitation",
	upstream.ProblemUnknown: "install.todo_new_invitation", upstream.ProblemBusy: "install.todo_later",
	upstream.ProblemAnswer: "install.todo_centre", upstream.ProblemReply: "install.todo_centre",
	upstream.ProblemDisk: "install.todo_disk", upstream.ProblemStopped: "install.todo_later",
}

func explained(lang say.Lang, err error, address string) (text, todo string) {
	var f *upstream.Failure
	if !errors.As(err, &f) {
		return lang.Text("install.problem_other", err), lang.Text("install.todo_centre")
	}
	key := say.Key("install.problem_" + string(f.Problem))
	about := f.Who
	if f.Problem == upstream.ProblemAnswer {
		about = string(f.Code)
	}
	if !say.Has(key) {
		return lang.Text("install.problem_other", err), lang.Text("install.todo_centre")
	}
	text = withOne(lang, key, about)
	todo = withOne(lang, todos[f.Problem], address)
	return text, todo
}

// withOne says a sentence that has room for one name, or for none.
func withOne(lang say.Lang, key say.Key, about string) string {
	if strings.Contains(lang.Text(key), "%s") {
		return lang.Text(key, about)
	}
	return lang.Text(key)
}
