// Package watch asks from outside whether the collector works and tells people when
// it does not. In comes an address, a file that remembers the last question, and a
// webhook or a command; each run asks once and is over, so that a timer of the system
// starts it again and nothing of ours must stay alive for it.
//
// It is for another machine than the collector's and needs neither Grafana nor
// InfluxDB. It must never say a secret: the address of a webhook is one.
package watch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"communewatch/collector/say"
)

// Config says what is asked and who is told.
type Config struct {
	Ready   string        // address of /readyz
	CA      string        // file with the certificate that the collector's is checked by; empty: the system's
	State   string        // file that remembers
	After   int           // failures in a row before anybody is told; at least 1
	Repeat  time.Duration // it is told again as often while it lasts; at least a minute
	Webhook string        // address; empty: none
	Command []string      // program and arguments, the message is its input; empty: none
	Lang    say.Lang
}

// DefaultConfiguration is all but addresses, file and command. With a timer of a
// minute people know after three.
func DefaultConfiguration() Config {
	return Config{After: 3, Repeat: time.Hour, Lang: say.Vietnamese}
}

// Result is what a run found and did.
type Result struct {
	Problem error // of the collector; nil: it works
	Told    bool  // in at least one way
	Missed  error // of the other way
}

// Once asks, remembers, and tells if it is time. An error is ours: people could not
// be told, and will be at the next run.
func Once(ctx context.Context, cfg Config) (Result, error) {
	if err := cfg.check(); err != nil {
		return Result{}, fmt.Errorf("watch: %w", err)
	}
	client, err := clientFor(cfg.CA)
	if err != nil {
		return Result{}, fmt.Errorf("watch: %w", err)
	}
	defer client.CloseIdleConnections()
	before := readState(cfg.State)
	var r Result
	r.Problem = ask(ctx, client, cfg.Ready)
	if ctx.Err() != nil { // we were stopped: that says nothing of the collector
		return Result{}, fmt.Errorf("watch: %w", ctx.Err())
	}
	after, news := decide(before, r.Problem, time.Now(), cfg.After, cfg.Repeat)
	if news != nothing {
		if r.Told, err = tell(ctx, cfg, messageOf(cfg, news, before, after)); r.Told {
			after.told(news, time.Now())
			r.Missed, err = err, nil
		}
	}
	if err := errors.Join(err, writeState(cfg.State, after)); err != nil {
		return r, fmt.Errorf("watch: %w", err)
	}
	return r, nil
}

func (c *Config) check() error {
	switch {
	case c.Ready == "" || c.State == "":
		return errors.New("no address to ask, or no file to remember by")
	case c.Webhook == "" && len(c.Command) == 0:
		return errors.New("nobody to tell: neither a webhook nor a command")
	case c.After < 1 || c.Repeat < time.Minute:
		return errors.New("want at least 1 failure, and at least a minute before it is told again")
	}
	for _, address := range []string{c.Ready, c.Webhook} {
		if address == "" {
			continue
		}
		if r, err := http.NewRequest(http.MethodGet, address, nil); err != nil || r.URL.Host == "" {
			return errors.New("an address is not http(s)://host…") // not shown: it may be the secret one
		}
	}
	return nil
}
