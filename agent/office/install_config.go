package office

import (
	"context"
	"errors"
	"os"
	"strconv"

	"communewatch/agent/service"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// configure writes agent.yaml, or keeps the one that is there: an administrator's changes
// outlive every update. One for another collector, or without the identity, goes aside.
func (i *installer) configure(ctx context.Context) bool {
	path := i.manager.Config()
	var problems settings.Problems
	was, err := i.load(path)
	switch {
	case err == nil && was:
		return i.done("config", "install.config_kept", path)
	case errors.As(err, &problems) && i.mine(path):
		return i.fails("config", "install.config_wrong_todo", "install.config_wrong", problems.In(i.Lang))
	}
	old := ""
	if exists(path) {
		old = path + ".old"
		if err := os.Rename(path, old); err != nil {
			return i.fails("config", "install.folder_todo", "install.config_failed", err)
		}
	}
	if err := service.WriteFile(ctx, path, 0o600, configText(i.known, i.proxy())); err != nil {
		return i.fails("config", "install.folder_todo", "install.config_failed", err)
	}
	if _, err := i.load(path); err != nil {
		return i.fails("config", "install.todo_centre", "install.config_wrong", err)
	}
	if old != "" {
		return i.done("config", "install.config_moved", path, old)
	}
	return i.done("config", "install.config", path)
}

// load reads agent.yaml and says whether it is for what this machine is enrolled as.
func (i *installer) load(path string) (fits bool, err error) {
	cfg, err := Load(path)
	if err != nil {
		return false, err
	}
	return cfg.URL == i.known.URL && cfg.Pin == i.known.Pin && i.mine(path), nil
}

// mine says whether the file shows the identity that install got. It is read loosely: a
// file with mistakes in it is still ours.
func (i *installer) mine(path string) bool {
	var file File
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	_, _ = settings.Decode(path, data, &file)
	return file.Collector.Identity == identityFile
}

// configText is agent.yaml as install writes it: what is not in it is as usual, or comes
// from the centre.
func configText(k known, proxy string) string {
	return "# CommuneWatch: " + api.CleanText(k.name()) + " (" + k.Site + ")\n" +
		"# " + "communewatch-agent run --check --config agent.yaml" + "\n" +
		"collector:\n" +
		"  url: " + strconv.Quote(k.URL) + "\n" +
		"  pin: " + k.Pin + "\n" +
		"  identity: " + identityFile + "\n" + proxy
}

// proxy is a line of agent.yaml: the service's account has none of the settings that hold
// at this keyboard. What was written before holds on.
func (i *installer) proxy() string {
	if i.known.Proxy != "" {
		return "  proxy: " + strconv.Quote(i.known.Proxy) + "\n"
	}
	proxy, err := upstream.ProxyFor(i.known.URL)
	if err != nil || proxy == nil || i.manager.PerUser {
		return ""
	}
	return "  proxy: " + strconv.Quote(proxy.String()) + "\n"
}
