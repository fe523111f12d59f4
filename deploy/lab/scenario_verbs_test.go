//go:build integration

package lab

import (
	"fmt"
	"maps"
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
	"starts":                            (*staged).boot,
	"is switched off":                   func(o *staged) error { return o.stop(api.GoodbyeShutdown) },
	"goes to sleep":                     func(o *staged) error { o.goodbye(api.GoodbyeSleep); o.asleep = true; return nil },
	"wakes up":                          func(o *staged) error { o.asleep = false; return nil },
	"loses power":                       (*staged).losePower,
	"gets power back":                   (*staged).regainPower,
	"program is killed":                 (*staged).kill,
	"program is stopped":                func(o *staged) error { return o.stop(api.GoodbyeStop) },
	"program starts":                    (*staged).run,
	"line is cut behind the router":     func(o *staged) error { o.cut = atRouter; return nil },
	"line is cut at the provider":       func(o *staged) error { o.cut = atProvider; return nil },
	"line is cut at the province":       func(o *staged) error { o.cut = atProvince; return nil },
	"line is cut and no hop answers":    func(o *staged) error { o.cut = atNothing; return nil },
	"line is mended":                    func(o *staged) error { o.cut = whole; return nil },
	"cannot reach the collector":        func(o *staged) error { o.astray = true; return nil },
	"reaches the collector again":       func(o *staged) error { o.astray = false; return nil },
	"switch dies":                       func(o *staged) error { o.switchDead = true; return nil },
	"switch is replaced":                func(o *staged) error { o.switchDead = false; return nil },
	"router dies":                       func(o *staged) error { o.routerDead = true; return nil },
	"router works again":                func(o *staged) error { o.routerDead = false; return nil },
	"router reboots":                    (*staged).rebootRouter,
	"printer dies":                      func(o *staged) error { o.printerDead = true; return nil },
	"printer works again":               func(o *staged) error { o.printerDead = false; return nil },
	"reports over a second line":        func(o *staged) error { o.secondLine = true; return nil },
	"reports over its own line again":   func(o *staged) error { o.secondLine = false; return nil },
	"and the next office become a ward": func(o *staged) error { return o.stage.edit(func(b *book) { b.merge(o.index, o.index+1) }) },
	"is taken out of the maintenance":   func(o *staged) error { return o.stage.edit(func(b *book) { b.dropWorks(o.name) }) },
}

// ofAWord is what can happen to one, and a word follows.
var ofAWord = map[string]func(o *staged, word string) error{
	"clock says": (*staged).setClock,
	"is called":  func(o *staged, name string) error { return o.stage.edit(func(b *book) { b.names[o.index] = name }) },
	"changes over to": func(o *staged, provider string) error {
		return o.stage.edit(func(b *book) { b.providers[o.index] = provider })
	},
}

// ofTheProvince is what can happen at the centre.
var ofTheProvince = map[string]func(*stage) error{
	"the collector stops":  (*stage).stopCollector,
	"the collector starts": (*stage).startCollector,
	"the database stops":   (*stage).stopDatabase,
	"the database starts":  (*stage).startDatabase,
	"the judge restarts":   func(s *stage) error { return s.newJudge() },
}

// verb finds what happens, and the word after it where it takes one.
func verb(who []string, text string) (what, word string, err error) {
	var known []string
	if len(who) == 0 {
		known = sortedKeys(ofTheProvince)
	} else {
		for _, v := range sortedKeys(ofAWord) {
			if word, found := strings.CutPrefix(text, v+" "); found {
				return v, word, nil
			}
		}
		known = append(sortedKeys(ofAnOffice), sortedKeys(ofAWord)...)
	}
	if !slices.Contains(known, text) || ofAWord[text] != nil {
		return "", "", fmt.Errorf("%q is nothing that happens; what does: %s", text, strings.Join(known, "; "))
	}
	return text, "", nil
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// happen lets an event take place.
func (s *stage) happen(e event) error {
	if len(e.who) == 0 {
		return ofTheProvince[e.what](s)
	}
	for _, name := range e.who {
		o := s.offices[name]
		var err error
		if does := ofAWord[e.what]; does != nil {
			err = does(o, e.word)
		} else {
			err = ofAnOffice[e.what](o)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", name, e.what, err)
		}
	}
	return nil
}
