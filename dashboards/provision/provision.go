// Package provision puts what the room dashboards shows into a Grafana: the
// InfluxDB data source, a folder, the dashboards of one language, and the alerts:
// rules, message templates, contact points and one route. In comes where Grafana and
// InfluxDB are and how to get in, out goes a report of what was created, updated or
// left as it was.
//
// It only ever touches objects with our own UIDs, and of these only what is ours:
//   - a dashboard is written when it is missing or was made by another version of
//     this program. Edits by hand stay until our version changes, and then they are
//     in Grafana's version history;
//   - the data source's address, database and credential are held to the
//     configuration; what else somebody set there stays;
//   - the folder is made when missing; its title and permissions are never touched;
//   - alert rules, templates and contact points, as dashboards: a rule says its version in
//     an annotation, a template group in its first line, and of contact points a
//     record is kept. What replaces somebody's edit is in the report, line by line;
//     a rule that somebody paused stays so;
//   - of the tree of notification policies only the route that bears our mark. All
//     else goes back as it came.
//
// An object that has our UID and is not ours is an error, and stays as it is. A
// second run writes nothing. It must never delete, and never say a secret in an
// error or a log line.
package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"communewatch/collector/say"
	"communewatch/dashboards"
)

// Config says where to, where from, and with what.
type Config struct {
	// GrafanaURL is http(s)://host[:port], with a path if Grafana is served under one.
	GrafanaURL string
	// Token is a service account's token (role Admin: data sources need it), or "user:password".
	Token string
	// InfluxURL is InfluxDB's address as Grafana reaches it.
	InfluxURL string
	// InfluxCredential is for reading, sent as "Authorization: Token …": "user:password"
	// for InfluxDB 1.x, an API token for 2.x. Empty is none.
	InfluxCredential string
	// Database in InfluxDB; default "communewatch".
	Database string
	// Lang of the dashboards; default Vietnamese.
	Lang say.Lang
	// Folder is the title of the folder if it must be made; default "CommuneWatch".
	Folder string
	// Alerts says whether there shall be alerts at all.
	Alerts bool
	// Contacts are who is told. Those that are empty stay as they are in Grafana.
	Contacts Contacts
	// Pages is the address of the collector's pages as people on duty reach it, for
	// links in messages; empty is no link.
	Pages string
	// DryRun reads, compares and writes nothing.
	DryRun bool
}

// Contacts are the ways in which people are told.
type Contacts = dashboards.Contacts

// DefaultConfiguration is all but the addresses and the credentials.
func DefaultConfiguration() Config {
	return Config{Database: "communewatch", Lang: say.Vietnamese, Folder: "CommuneWatch", Alerts: true}
}

// Deps are what it works with; both may be nil.
type Deps struct {
	Log        *slog.Logger
	HTTPClient *http.Client // its transport is used; time-out and redirects are ours
}

// Outcome is what became of an object.
type Outcome string

// Outcomes of an object.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// Object is one thing in Grafana.
type Object struct {
	Kind    string // "datasource", "folder", "dashboard", "template", "contact-point", "alert-rule", "policy"
	UID     string
	Outcome Outcome
	Diff    []string // of what is updated: what differs
}

// Report is what was done, in order, or in a dry run what would be; after an error it
// is what was done until then.
type Report struct {
	Grafana string // its version, empty if it hides it
	Told    bool   // there is a contact point of ours: of this run, or of one before
	Objects []Object
}

// Limits. Grafana answers small things fast; what takes longer is stuck.
const (
	callTimeout    = 30 * time.Second
	maxAnswerBytes = 4 << 20 // a dashboard with its metadata is about 0.1 MB
)

// Provision brings Grafana to what the configuration says.
func Provision(ctx context.Context, cfg Config, deps Deps) (Report, error) {
	var report Report
	if err := cfg.complete(); err != nil {
		return report, fmt.Errorf("provision: %w", err)
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	g, err := connect(cfg, deps)
	if err != nil {
		return report, fmt.Errorf("provision %s: %w", cfg.GrafanaURL, err)
	}
	if report.Grafana, err = g.version(ctx); err != nil {
		return report, fmt.Errorf("provision %s: %w", cfg.GrafanaURL, err)
	}
	if cfg.Alerts && older(report.Grafana, dashboards.AlertsMinimumGrafana) {
		return report, fmt.Errorf("provision %s: its version %s is too old for the alerts, they need Grafana %s or newer; --alerts=false leaves them out", cfg.GrafanaURL, report.Grafana, dashboards.AlertsMinimumGrafana)
	}
	steps, err := g.steps(ctx, cfg, &report)
	if err != nil {
		return report, fmt.Errorf("provision %s: %w", cfg.GrafanaURL, err)
	}
	for _, step := range steps {
		o, err := step()
		if err != nil {
			return report, fmt.Errorf("provision %s: %s %s: %w", cfg.GrafanaURL, o.Kind, o.UID, err)
		}
		deps.Log.Info("provisioned", "kind", o.Kind, "uid", o.UID, "outcome", string(o.Outcome), "dry_run", cfg.DryRun)
		report.Objects = append(report.Objects, o)
	}
	return report, nil
}

// steps are all there is to do, in order.
func (g *grafana) steps(ctx context.Context, cfg Config, report *Report) ([]func() (Object, error), error) {
	boards, err := dashboards.All(cfg.Lang)
	if err != nil {
		return nil, err
	}
	steps := []func() (Object, error){
		func() (Object, error) { return g.datasource(ctx, cfg) },
		func() (Object, error) { return g.folder(ctx, cfg.Folder) },
	}
	for _, b := range boards {
		steps = append(steps, func() (Object, error) { return g.dashboard(ctx, b) })
	}
	if !cfg.Alerts {
		return steps, nil
	}
	alerts, err := g.alertSteps(ctx, cfg, report)
	return append(steps, alerts...), err
}

// complete fills in defaults and refuses what cannot work. Addresses must not hold
// credentials: they are shown in errors, and Grafana shows a data source's to everybody.
func (c *Config) complete() error {
	defaults := DefaultConfiguration()
	for _, f := range []struct {
		value *string
		is    string
	}{{&c.Database, defaults.Database}, {&c.Folder, defaults.Folder}, {(*string)(&c.Lang), string(defaults.Lang)}} {
		if *f.value == "" {
			*f.value = f.is
		}
	}
	if _, err := say.ParseLang(string(c.Lang)); err != nil {
		return err
	}
	for name, address := range map[string]*string{"Grafana's address": &c.GrafanaURL, "InfluxDB's address": &c.InfluxURL} {
		if err := checkAddress(*address); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*address = strings.TrimRight(*address, "/")
	}
	c.Token, c.InfluxCredential = strings.TrimSpace(c.Token), strings.TrimSpace(c.InfluxCredential)
	if c.Token == "" {
		return errors.New("no token for Grafana; make a service account with the role Admin and give its token, or user:password")
	}
	if strings.ContainsAny(c.Token+c.InfluxCredential, "\r\n") {
		return errors.New("a credential has more than one line")
	}
	return c.completeContacts()
}

func checkAddress(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil: // not shown: it may hold a password
		return errors.New("it cannot be read, want http(s)://host[:port]")
	case u.User != nil:
		return errors.New("it holds a user or password; give the credential apart")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q, want http(s)://host[:port]", s)
	}
	return nil
}
