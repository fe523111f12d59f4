package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"communewatch/collector/api"
)

// maxListed bounds the rejected lines that an answer names; all are counted.
const maxListed = 1_000

// listedBytes is what a listed line takes beside its reason, in a list that has grown by doubling.
const listedBytes = 64

// lines is a body that has been checked.
type lines struct {
	block    []byte  // the good ones, stamped and encoded anew, each with its newline
	numbers  []int32 // of each line in block: its number in the body, from 1
	received int     // not counting empty ones
	rejected rejections
	wire     int // bytes of the body as received

	first, last int64 // nanoseconds: the oldest and the newest good point, 0 if there is none
}

// rejections are lines that never will be stored.
type rejections struct {
	listed []api.RejectedLine
	count  int
	bytes  int64 // of what is listed
}

func (r *rejections) add(line int, why error) {
	r.count++
	if len(r.listed) < maxListed {
		one := api.RejectedLine{Line: line, Reason: why.Error()}
		r.listed = append(r.listed, one)
		r.bytes += listedBytes + int64(len(one.Reason))
	}
}

// lineCount is how many lines of a body will be looked at.
func lineCount(body string) int { return min(strings.Count(body, "\n")+1, api.MaxLines) }

// checkLines holds each line of a body against the contract and stamps the good
// ones with who sent them. now is the collector's clock, in nanoseconds since 1970.
func checkLines(body string, id api.Identity, now int64) (*lines, *api.Error) {
	count := lineCount(body)
	stamp := len(",site=,agent=\n") + len(id.Site) + len(id.Agent)
	l := &lines{block: make([]byte, 0, len(body)+count*stamp), numbers: make([]int32, 0, count)}
	var p api.Point
	for number := 1; body != ""; number++ {
		line, rest, _ := strings.Cut(body, "\n")
		body = rest
		if line == "" {
			continue
		}
		if l.received++; l.received > api.MaxLines {
			return nil, tooLarge("body", api.MaxLines, "lines")
		}
		if err := check(line, &p, now); err != nil {
			l.rejected.add(number, err)
			continue
		}
		p.SetTag(api.TagSite, id.Site)
		p.SetTag(api.TagAgent, id.Agent)
		l.block = p.AppendParsed(l.block)
		l.numbers = append(l.numbers, int32(number))
		l.span(p.Time)
	}
	if len(l.block) < cap(l.block)/2 {
		l.block = bytes.Clone(l.block) // what was rejected must not be held
	}
	return l, nil
}

func check(line string, p *api.Point, now int64) error {
	if err := api.ParseLine(line, p); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	if m := api.Lookup(p.Measurement); m.By != api.ByAgent || m.Retention != api.Raw {
		return fmt.Errorf("%s is not an agent's to write", p.Measurement)
	}
	return api.CheckTime(p.Time, now)
}

func (l *lines) span(ns int64) {
	if len(l.numbers) == 1 {
		l.first, l.last = ns, ns
		return
	}
	l.first, l.last = min(l.first, ns), max(l.last, ns)
}

// verdict is the answer when all that can be stored is stored: nil, or the lines
// that never will be, the contract's and the database's in the order of the body.
func (l *lines) verdict(refused []api.RejectedLine) *api.Error {
	total := l.rejected.count + len(refused)
	if total == 0 {
		return nil
	}
	all := slices.Concat(l.rejected.listed, refused)
	slices.SortFunc(all, func(a, b api.RejectedLine) int { return a.Line - b.Line })
	message := fmt.Sprintf("%d of %d lines are rejected, all others are stored", total, l.received)
	if len(all) > maxListed {
		all = all[:maxListed]
	}
	if len(all) < total {
		message += fmt.Sprintf("; the first %d are listed", len(all))
	}
	return &api.Error{Code: api.CodeInvalid, Message: message, Lines: all}
}
