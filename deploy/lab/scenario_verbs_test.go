//go:build integration

package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Where a line is cut, as a trace from the office sees it: the last hop that answers.
const (
	whole        = -1
	atNothing    = 0
	atRouter     = 1
	atProvider   = 3
	atProvince   = 4
	collectorHop = 5
)

// onBattery is how long a UPS keeps the office alive.
const onBattery = 10 * time.Minute

// ofAnOffice is what can happen to one.
var ofAnOffice = map[string]func(*staged) error{
	"starts":                             (*staged).boot,
	"is switched off":                    func(o *staged) error { return o.stop(api.GoodbyeShutdown) },
	"goes to sleep":                      func(o *staged) error { o.goodbye(api.GoodbyeSleep); o.asleep = true; return nil },
	"wakes up":                           func(o *staged) error { o.asleep = false; return nil },
	"loses power":                        (*staged).losePower,
	"gets power back":                    (*staged).regainPower,
	"program is killed":                  (*staged).kill,
	"program is stopped":                 func(o *staged) error { return o.stop(api.GoodbyeStop) },
	"program starts":                     (*staged).run,
	"line is cut behind the router":      func(o *staged) error { o.cut = atRouter; return nil },
	"line is cut at the provider":        func(o *staged) error { o.cut = atProvider; return nil },
	"line is cut at the province":        func(o *staged) error { o.cut = atProvince; return nil },
	"line is cut and no hop answers":     func(o *staged) error { o.cut = atNothing; return nil },
	"line is mended":                     func(o *staged) error { o.cut = whole; return nil },
	"cannot reach the collector":         func(o *staged) error { o.astray = true; return nil },
	"reaches the collector again":        func(o *staged) error { o.astray = false; return nil },
	"switch dies":                        func(o *staged) error { o.switchDead = true; return nil },
	"switch is replaced":                 func(o *staged) error { o.switchDead = false; return nil },
	"router dies":                        func(o *staged) error { o.routerDead = true; return nil },
	"router works again":                 func(o *staged) error { o.routerDead = false; return nil },
	"router reboots":                     (*staged).rebootRouter,
	"printer dies":                       func(o *staged) error { o.printerDead = true; return nil },
	"printer works again":                func(o *staged) error { o.printerDead = false; return nil },
	"reports over a second line":         func(o *staged) error { o.secondLine = true; return nil },
	"reports over its own line again":    func(o *staged) error { o.secondLine = false; return nil },
	"is called":                          nil, // a new name follows
	"and the next office become a ward":  func(o *staged) error { return o.stage.edit(func(b *book) { b.merge(o.index, o.index+1) }) },
	"is taken out of the maintenance":    func(o *staged) error { return o.stage.edit(func(b *book) { b.dropWorks(o.name) }) },
	"moves to another provider, of whom": nil, // the provider's id follows
}

// ofTheProvince is what can happen at the centre.
var ofTheProvince = map[string]func(*stage) error{
	"the collector stops":  (*stage).stopCollector,
	"the collector starts": (*stage).startCollector,
	"the database stops":   func(s *stage) error { s.db.down.Store(true); return nil },
	"the database starts":  func(s *stage) error { s.db.down.Store(false); return nil },
	"the judge restarts":   func(s *stage) error { return s.newJudge() },
}

// verb finds what happens, and the word after it where it takes one.
func verb(who []string, text string) (what, extra string, err error) {
	known := map[string]bool{}
	if len(who) == 0 {
		for v := range ofTheProvince {
			known[v] = true
		}
	} else {
		for v, does := range ofAnOffice {
			if rest, found := strings.CutPrefix(text, v+" "); does == nil && found {
				return v, rest, nil
			}
			known[v] = true
		}
	}
	if !known[text] {
		all := make([]string, 0, len(known))
		for v := range known {
			all = append(all, v)
		}
		slices.Sort(all)
		return "", "", fmt.Errorf("%q is nothing that happens; what does: %s", text, strings.Join(all, "; "))
	}
	return text, "", nil
}

// happen lets an event take place.
func (s *stage) happen(e event) error {
	if len(e.who) == 0 {
		return ofTheProvince[e.what](s)
	}
	for _, name := range e.who {
		o := s.offices[name]
		var err error
		switch e.what {
		case "is called":
			err = s.edit(func(b *book) { b.names[o.index] = e.extra })
		case "moves to another provider, of whom":
			err = s.edit(func(b *book) { b.providers[o.index] = e.extra })
		default:
			err = ofAnOffice[e.what](o)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", name, e.what, err)
		}
	}
	return nil
}
