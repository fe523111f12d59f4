package center

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/settings"
)

// Config is collector.yaml. Each value has a right default: `serve` with no
// configuration at all works.
type Config struct {
	Data      string        `json:"data"`      // folder of keys, tokens and the embedded InfluxDB
	Listen    string        `json:"listen"`    // host:port for agents, TLS
	Page      string        `json:"page"`      // host:port of the pages; beyond this machine with users, page_cert and page_key only
	Inventory string        `json:"inventory"` // folder of the inventory (inventory/binhdinh/FORMAT.md), followed as it changes; empty: the embedded province
	Policy    string        `json:"policy"`    // file that overrides what it names of the figures by which offices are judged (judge/policy.yaml), read at the start; empty: none
	Names     []string      `json:"names"`     // further names and addresses by which agents reach this machine
	Interval  time.Duration `json:"interval"`  // at which the offices measure, where no template says otherwise; decides when one counts as silent
	Calendar  string        `json:"calendar"`  // "office": as the inventory says, else Monday–Friday 07:00–17:00; or "always", of every office
	Roles     []string      `json:"roles"`     // what this machine does, of Roles; empty: all
	Goals     []string      `json:"goals"`     // files of further targets beside May 2023's (goal/goal-2023-05.yaml), read at the start
	Users     string        `json:"users"`     // file of the people who may open the pages; empty: whoever sits at this machine. Needed for a page beyond loopback
	PageCert  string        `json:"page_cert"` // PEM files of the pages' certificate and key; needed for a page beyond loopback
	PageKey   string        `json:"page_key"`
	InfluxDB  InfluxDB      `json:"influxdb"`
}

// InfluxDB is where it is stored: with no URL, in an InfluxDB 1.8 that the collector
// runs itself; else in any that speaks its two APIs (1.8, a 1.8 cluster, openGemini, 2.7).
type InfluxDB struct {
	URL       string `json:"url"`
	TokenFile string `json:"token_file"` // the credential of an own one: "user:password", or an API token
	Database  string `json:"database"`
	Listen    string `json:"listen"` // host:port of the embedded one, loopback only
}

// Calendars by name.
const (
	CalendarOffice = "office"
	CalendarAlways = "always"
)

// Roles of a machine. Ingest may run on many, enrol and judge on one.
const (
	RoleIngest = "ingest" // takes what the offices measure
	RoleJudge  = "judge"  // finds the states of the offices
	RoleEnrol  = "enrol"  // has the authority's key, gives certificates; all others need ca.crt, server.pem and agents of its
	RoleBoard  = "board"  // shows the pages
)

// Roles are all of them.
var Roles = []string{RoleIngest, RoleJudge, RoleEnrol, RoleBoard}

// Has tells whether this machine has a role.
func (c *Config) Has(role string) bool { return len(c.Roles) == 0 || slices.Contains(c.Roles, role) }

// stores tells whether this machine needs InfluxDB.
func (c *Config) stores() bool { return c.Has(RoleIngest) || c.Has(RoleJudge) || c.Has(RoleBoard) }

// DefaultConfig is what stands where collector.yaml is silent.
func DefaultConfig() Config {
	return Config{
		Data:     defaultData(),
		Listen:   ":8443",
		Page:     "127.0.0.1:8480",
		Interval: api.DefaultInterval,
		Calendar: CalendarOffice,
		InfluxDB: InfluxDB{Database: "communewatch", Listen: "127.0.0.1:8486"},
	}
}

// defaultData is systemd's StateDirectory, else /var/lib/communewatch for root, else
// the user's own folder (XDG Base Directory). Never the folder one stands in.
func defaultData() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/communewatch"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "communewatch")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "communewatch")
	}
	return filepath.Join(home, ".local", "state", "communewatch")
}

// LoadConfig reads collector.yaml; an empty path gives the defaults. Relative
// paths in the file are relative to the file's folder.
func LoadConfig(path string) (Config, error) {
	cfg := DefaultConfig()
	if path == "" {
		return cfg, nil
	}
	read, err := settings.Load(path, &cfg)
	if read == nil {
		return Config{}, err
	}
	cfg.check(read)
	if err := read.Err(); err != nil {
		return Config{}, err
	}
	paths := []*string{&cfg.Data, &cfg.Inventory, &cfg.Policy, &cfg.Users, &cfg.PageCert, &cfg.PageKey, &cfg.InfluxDB.TokenFile}
	for i := range cfg.Goals {
		paths = append(paths, &cfg.Goals[i])
	}
	for _, p := range paths {
		if *p == "" {
			continue
		}
		if *p, err = read.Resolve(*p); err != nil {
			return Config{}, err
		}
	}
	return cfg, nil
}

func (c *Config) check(read *settings.File) {
	if c.Data == "" {
		read.Complain("data", "config.missing", "data")
	}
	checkListen(read, "listen", c.Listen)
	checkListen(read, "page", c.Page)
	checkListen(read, "influxdb.listen", c.InfluxDB.Listen)
	c.checkPages(read)
	if api.CheckInterval(c.Interval) != nil {
		read.Complain("interval", "config.range", c.Interval.String(), "1s", "1h")
	}
	if c.Calendar != CalendarOffice && c.Calendar != CalendarAlways {
		read.Complain("calendar", "config.one_of", strconv.Quote(c.Calendar), CalendarOffice+", "+CalendarAlways)
	}
	for i, name := range c.Names {
		if api.CheckAddress(name) != nil {
			read.Complain("names["+strconv.Itoa(i)+"]", "config.address", name)
		}
	}
	for i, role := range c.Roles {
		if !slices.Contains(Roles, role) {
			read.Complain("roles["+strconv.Itoa(i)+"]", "config.one_of", strconv.Quote(role), strings.Join(Roles, ", "))
		}
	}
	c.InfluxDB.check(read)
}

func (c *InfluxDB) check(read *settings.File) {
	if c.Database == "" || strings.ContainsAny(c.Database, `/\"`) {
		read.Complain("influxdb.database", "config.name", c.Database)
	}
	if c.URL == "" {
		return
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		read.Complain("influxdb.url", "config.influx_url", c.URL)
	}
	if c.TokenFile == "" {
		read.Complain("influxdb", "config.missing", "token_file")
	}
}

func checkListen(read *settings.File, path, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		read.Complain(path, "config.listen", value)
	}
}

// LoadPolicies reads what `policy:` names; PolicyText is the embedded one, explained.
func LoadPolicies(path string) (*judge.Policies, error) { return judge.LoadPolicies(path) }
func PolicyText() string                                { return judge.PolicyText }
