package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"communewatch/collector/center"
	"communewatch/collector/enrol"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

// Collector is a built collector on loopback, with its InfluxDB and a token for
// every site it was started with.
type Collector struct {
	*Process
	Agents string            // host:port for agents
	Page   string            // URL of the pages, with its slash
	Pin    string            // of its CA
	Tokens map[string]string // site → token
	Influx string            // URL of its InfluxDB
	Store  *store.Store      // reads and writes that directly
	Data   string            // its data folder

	bin, config string
	influxToken string
}

// Timeout of the start: the first one makes keys and an InfluxDB.
const readyTries = 600 // of 100 ms

// StartCollector runs bin/communewatch-collector in dir and waits until it is ready.
// page is the wanted port of the pages, 0 for any; more are further lines of collector.yaml.
func StartCollector(ctx context.Context, bin, dir string, page int, interval time.Duration, sites []string, more ...string) (*Collector, error) {
	c := &Collector{Agents: FreePort(0), Data: filepath.Join(dir, "collector"), bin: bin, config: filepath.Join(dir, "collector.yaml")}
	pages, influx := FreePort(page), FreePort(0)
	c.Page = "http://" + pages + "/"
	if err := c.enrol(sites); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("data: %s\nlisten: %s\npage: %s\ninterval: %s\ncalendar: always\n%sinfluxdb:\n  listen: %s\n", c.Data, c.Agents, pages, interval, strings.Join(more, ""), influx)
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	err := c.Restart(ctx)
	if err != nil {
		return nil, err
	}
	c.Influx = "http://" + influx
	c.influxToken, err = embedded.Credential(center.InfluxDir(c.Data))
	if err == nil {
		c.Store, err = c.openStore("communewatch")
	}
	if err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Collector) openStore(database string) (*store.Store, error) {
	return store.New(store.Config{URL: c.Influx, Token: c.influxToken, Database: database}, store.Deps{Log: slog.New(slog.DiscardHandler)})
}

// Restart starts the collector, again if it has ended, on the same data and ports.
func (c *Collector) Restart(ctx context.Context) error {
	p, err := Start(filepath.Join(filepath.Dir(c.config), "collector.log"), filepath.Join(c.bin, "communewatch-collector"), "serve", "--config", c.config)
	if err != nil {
		return err
	}
	c.Process = p
	if err := c.ready(ctx); err != nil {
		c.Stop()
		return err
	}
	return nil
}

func (c *Collector) enrol(sites []string) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	authority, err := enrol.OpenAuthority(center.KeysDir(c.Data))
	if err != nil {
		return err
	}
	tokens, err := enrol.OpenTokens(center.TokensFile(c.Data))
	if err != nil {
		return err
	}
	c.Pin = authority.Pin()
	c.Tokens, err = tokens.IssueAll(sites, "a1")
	return err
}

// ready waits until a write could be stored.
func (c *Collector) ready(ctx context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	for range readyTries {
		if response, err := client.Get(c.Page + "readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.Ended():
			return errors.New("the collector ended, see " + c.Log)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the collector does not become ready, see " + c.Log)
}

// FreePort is an address on loopback with the wanted port if nobody has it.
func FreePort(wanted int) string {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Sprintf("127.0.0.1:%d", wanted)
		}
	}
	defer l.Close()
	return l.Addr().String()
}
