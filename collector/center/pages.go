package center

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/board"
	"communewatch/collector/gate"
	"communewatch/collector/settings"
	"communewatch/collector/users"
)

// behindDoor puts the door that knows people before the pages.
func (c *Center) behindDoor(pages http.Handler, registry prometheus.Registerer) (http.Handler, error) {
	door, err := users.New(users.Config{File: c.cfg.Users, Secure: c.cfg.PageCert != ""},
		users.Deps{Log: c.log, Now: time.Now, Static: board.StaticAddress, Registry: registry})
	if err != nil {
		return nil, err
	}
	return door.Before(pages), nil
}

// checkPages holds that whoever comes from elsewhere is known, and unheard by others. A
// name other than localhost counts as elsewhere: what it means can change.
func (c *Config) checkPages(read *settings.File) {
	if (c.PageCert == "") != (c.PageKey == "") {
		at, missing := "page_cert", "page_key"
		if c.PageCert == "" {
			at, missing = missing, at
		}
		read.Complain(at, "config.missing", missing)
		return
	}
	host, _, err := net.SplitHostPort(c.Page)
	if err != nil || loopback(host) { // what is no address was complained of
		return
	}
	var missing []string
	for _, need := range []struct{ key, value string }{{"users", c.Users}, {"page_cert", c.PageCert}, {"page_key", c.PageKey}} {
		if need.value == "" {
			missing = append(missing, need.key)
		}
	}
	if len(missing) > 0 {
		read.Complain("page", "users.page_open", c.Page, strings.Join(missing, ", "))
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// CheckPages tells why the pages could not be opened with the files that a configuration
// names; settings.Problems where a file has mistakes.
func CheckPages(cfg Config) error {
	if cfg.Users != "" {
		if _, err := users.List(cfg.Users); err != nil {
			return err
		}
	}
	if cfg.PageCert == "" {
		return nil
	}
	if err := gate.CheckPageKeys(cfg.PageCert, cfg.PageKey); err != nil {
		return fmt.Errorf("page_cert, page_key: %w", err)
	}
	return nil
}
