package office

import (
	"regexp"
	"time"

	"communewatch/agent/snmp"
	"communewatch/collector/api"
	"communewatch/collector/settings"
)

// File is agent.yaml. Only collector.url, collector.pin and one of identity, token and
// token_file are required.
type File struct {
	Collector CollectorFile `json:"collector"`
	Spool     SpoolFile     `json:"spool"`
	Interval  time.Duration `json:"interval"` // between rounds, 1s to 1h
	Packets   int           `json:"packets"`  // echoes a target and round, 1 to 100
	// Targets, once there is one, hold together with Interval and Packets, and the centre is
	// not asked. Without any, the centre's document holds; until there is one, and where
	// it names none either: the default gateway, DNS servers, collector and anchors.
	Targets []api.Target `json:"targets"`
	Anchors []string     `json:"anchors"` // addresses of these; not given: DefaultAnchors; []: none
}

// CollectorFile is where the agent reports to, and as whom: by one of Identity, Token
// and TokenFile.
type CollectorFile struct {
	URL       string `json:"url"`        // https://host:port
	Pin       string `json:"pin"`        // sha256:<64 hex>, of the CA's public key
	Identity  string `json:"identity"`   // the file with the key and certificate that install got, or
	Token     string `json:"token"`      // the site's token, or
	TokenFile string `json:"token_file"` // the file that holds it
	Proxy     string `json:"proxy"`      // on the way there, http://[name:password@]host:port; "direct": none; not given: the machine's
	Metered   bool   `json:"metered"`    // the line is paid by the byte: measure as often, send every ten minutes; also if the centre says so
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
	cfg := Config{
		Document:   api.Document{Interval: file.Interval, Packets: file.Packets, Targets: file.Targets},
		URL:        file.Collector.URL,
		Pin:        file.Collector.Pin,
		Token:      token,
		Proxy:      file.Collector.Proxy,
		Every:      file.Collector.every(),
		DailyBytes: file.Collector.dailyBytes(),
		SpoolBytes: int64(file.Spool.MaxMegabytes) << 20,
		Anchors:    file.Anchors,
	}
	if file.Anchors == nil {
		cfg.Anchors = DefaultAnchors
	}
	for path, of := range map[*string]string{
		&cfg.Folder: ".", &cfg.Profiles: "profiles", &cfg.SpoolDir: file.Spool.Folder, &cfg.Identity: file.Collector.Identity,
	} {
		if of == "" {
			continue
		}
		if *path, err = read.Resolve(of); err != nil {
			return Config{}, err
		}
	}
	return cfg, nil
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
