package office

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/agent/snmp"
	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// File is agent.yaml. Only collector.url, collector.pin and a token are required.
type File struct {
	Collector CollectorFile `json:"collector"`
	Spool     SpoolFile     `json:"spool"`
	Interval  time.Duration `json:"interval"` // between rounds, 1s to 1h
	Packets   int           `json:"packets"`  // echoes a target and round, 1 to 100
	Targets   []api.Target  `json:"targets"`  // none: the default gateway and the collector
}

// CollectorFile is where the agent reports to, and as whom.
type CollectorFile struct {
	URL       string `json:"url"` // https://host:port
	Pin       string `json:"pin"` // sha256:<64 hex>, of the CA's public key
	Identity  string `json:"identity"`
	Token     string `json:"token"`      // the site's token, or
	TokenFile string `json:"token_file"` // the file that holds it
	Metered   bool   `json:"metered"`    // the line is paid by the byte: measure as often, send every ten minutes
	// DailyMegabytes bounds what goes over the line in a day, 1 to 100,000 (10⁶ bytes);
	// 0 is no bound, or 10 on a metered line.
	DailyMegabytes int `json:"daily_megabytes"`
}

// SpoolFile is where batches wait.
type SpoolFile struct {
	Folder       string `json:"folder"`        // relative to agent.yaml
	MaxMegabytes int    `json:"max_megabytes"` // 1 to 100,000; the oldest batch is dropped beyond it
}

// DefaultFile is what stands where agent.yaml is silent.
func DefaultFile() File {
	return File{
		Spool:    SpoolFile{Folder: "spool", MaxMegabytes: 256},
		Interval: api.DefaultInterval,
		Packets:  api.DefaultPackets,
	}
}

var pinForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Load reads agent.yaml. Relative paths in it are relative to its own folder,
// never to where the program was started (a Windows service starts in System32).
// Mistakes come back as [settings.Problems].
func Load(path string) (Config, error) {
	file := DefaultFile()
	read, err := settings.Load(path, &file)
	if read == nil {
		return Config{}, err
	}
	token := file.check(read)
	if err := read.Err(); err != nil {
		return Config{}, err
	}
	spool, err := read.Resolve(file.Spool.Folder)
	if err != nil {
		return Config{}, err
	}
	profiles, err := read.Resolve("profiles")
	if err != nil {
		return Config{}, err
	}
	return Config{
		Profiles:   profiles,
		Document:   api.Document{Interval: file.Interval, Packets: file.Packets, Targets: file.Targets},
		URL:        file.Collector.URL,
		Pin:        file.Collector.Pin,
		Token:      token,
		Every:      file.Collector.every(),
		DailyBytes: file.Collector.dailyBytes(),
		SpoolDir:   spool,
		SpoolBytes: int64(file.Spool.MaxMegabytes) << 20,
	}, nil
}

// CheckProfiles says what is wrong in the NOC's SNMP profiles, as [settings.Problems]:
// files that the running agent leaves out.
func (c Config) CheckProfiles() error {
	_, err := snmp.LoadProfiles(c.Profiles)
	return err
}

// On a metered line a standard office sends some 2 MB a day; the bound leaves room for
// the backlog of some days.
const (
	meteredEvery     = 10 * time.Minute
	meteredMegabytes = 10
)

func (c *CollectorFile) every() time.Duration {
	if c.Metered {
		return meteredEvery
	}
	return 0
}

func (c *CollectorFile) dailyBytes() int64 {
	if c.DailyMegabytes == 0 && c.Metered {
		return meteredMegabytes * 1e6
	}
	return int64(c.DailyMegabytes) * 1e6
}

// check complains of each value at its place and gives the token.
func (f *File) check(read *settings.File) string {
	if u, err := url.Parse(f.Collector.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
		complainOrMissing(read, "collector.url", f.Collector.URL, "config.url", f.Collector.URL)
	}
	if !pinForm.MatchString(f.Collector.Pin) {
		complainOrMissing(read, "collector.pin", f.Collector.Pin, "config.pin", f.Collector.Pin)
	}
	if api.CheckInterval(f.Interval) != nil {
		read.Complain("interval", "config.range", f.Interval.String(), "1s", "1h")
	}
	inRange(read, "collector.daily_megabytes", f.Collector.DailyMegabytes, 0, 100_000)
	inRange(read, "packets", f.Packets, 1, 100)
	inRange(read, "spool.max_megabytes", f.Spool.MaxMegabytes, 1, 100_000)
	if f.Spool.Folder == "" {
		read.Complain("spool.folder", "config.missing", "spool.folder")
	}
	if len(f.Targets) > api.MaxTargets {
		read.Complain("targets", "config.too_many", len(f.Targets), api.MaxTargets)
	}
	names := map[string]bool{}
	for i := range f.Targets {
		t := &f.Targets[i]
		path := "targets[" + strconv.Itoa(i) + "]"
		checkTarget(read, path, t)
		if names[t.Name] && t.Name != "" {
			read.Complain(path+".name", "config.twice", t.Name)
		}
		names[t.Name] = true
	}
	if len(f.Targets) <= api.MaxTargets {
		f.checkParents(read)
	}
	return f.token(read)
}

func (f *File) checkParents(read *settings.File) {
	for _, wrong := range api.CheckParents(f.Targets) {
		path := "targets[" + strconv.Itoa(wrong.Target) + "].parent"
		if wrong.Circle == nil {
			read.Complain(path, "config.parent", wrong.Parent)
			continue
		}
		read.Complain(path, "config.circle", wrong.Round())
	}
}

func (f *File) token(read *settings.File) string {
	if f.Collector.Identity != "" {
		return "stand-in"
	}
	if (f.Collector.Token == "") == (f.Collector.TokenFile == "") {
		read.Complain("collector", "config.token")
		return ""
	}
	if f.Collector.Token != "" {
		return f.Collector.Token
	}
	path, err := read.Resolve(f.Collector.TokenFile)
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		read.Complain("collector.token_file", "config.file", f.Collector.TokenFile, err.Error())
		return ""
	}
	return strings.TrimSpace(string(data))
}

func checkTarget(read *settings.File, path string, t *api.Target) {
	if t.Name == "" || api.CleanTag(t.Name) != t.Name {
		complainOrMissing(read, path+".name", t.Name, "config.name", t.Name)
	}
	if api.CheckAddress(t.Address) != nil {
		complainOrMissing(read, path+".address", t.Address, "config.address", t.Address)
	}
	oneOf(read, path+".role", string(t.Role), api.Roles)
	if t.SNMP != nil {
		checkSNMP(read, path+".snmp", t.SNMP)
	}
}

func checkSNMP(read *settings.File, path string, s *api.SNMP) {
	oneOf(read, path+".version", s.Version, api.SNMPVersions)
	if slices.Contains(strings.Fields(api.SNMPVersions), s.Version) {
		for _, name := range s.Unused() {
			read.Complain(path+"."+name, "config.snmp_other", name, s.Version)
		}
	}
	switch s.Version {
	case "1", "2c":
		ofLength(read, path+".community", s.Community, api.MaxCommunity)
	case "3":
		ofLength(read, path+".user", s.User, api.MaxSNMPUser)
		level := s.SecurityLevel()
		oneOf(read, path+".level", level, api.SNMPLevels)
		secured(read, path, "auth", s.Authenticated(), level, s.Auth, api.SNMPAuths, s.AuthPass)
		secured(read, path, "privacy", s.Private(), level, s.Privacy, api.SNMPPrivacies, s.PrivPass)
	}
}

// secured checks an algorithm of version 3 and its passphrase.
func secured(read *settings.File, path, name string, used bool, level, algorithm, known, pass string) {
	key, passKey := path+"."+name, path+"."+name+"_pass"
	if used {
		oneOf(read, key, algorithm, known)
		passphrase(read, passKey, pass)
		return
	}
	if algorithm != "" {
		read.Complain(key, "config.snmp_unused", last(key), level)
	}
	if pass != "" {
		read.Complain(passKey, "config.snmp_unused", last(passKey), level)
	}
}

// passphrase never repeats the secret: the message goes to a screen.
func passphrase(read *settings.File, path, value string) {
	if len(value) < api.MinPassphrase {
		complainOrMissing(read, path, value, "config.too_short", last(path), api.MinPassphrase)
	}
}

// ofLength never repeats the value: a community is a secret.
func ofLength(read *settings.File, path, value string, most int) {
	if value == "" || len(value) > most {
		complainOrMissing(read, path, value, "config.too_long", last(path), most)
	}
}

func complainOrMissing(read *settings.File, path, value string, key say.Key, args ...any) {
	if value == "" {
		read.Complain(path, "config.missing", last(path))
		return
	}
	read.Complain(path, key, args...)
}

func oneOf(read *settings.File, path, value, allowed string) {
	for w := range strings.SplitSeq(allowed, " ") {
		if w == value {
			return
		}
	}
	complainOrMissing(read, path, value, "config.one_of", strconv.Quote(value), strings.ReplaceAll(allowed, " ", ", "))
}

func inRange(read *settings.File, path string, value, from, to int) {
	if value < from || value > to {
		read.Complain(path, "config.range", strconv.Itoa(value), strconv.Itoa(from), strconv.Itoa(to))
	}
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
