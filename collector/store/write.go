package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"communewatch/collector/api"
)

// maxSearch bounds the requests of one Write that look for refused lines: enough to
// single out some 150 of 20,000, or every one of 1,000.
const maxSearch = 2_048

// Write stores a block of lines, each ending in a newline, under a retention policy.
// nil: all are stored. *Refused: all but the named. *Unavailable, *Misconfigured, or
// ctx's end as *Unavailable: nothing may be forgotten, and sending all again is safe.
//
// Every line must have passed the contract: some engines say 204 and drop a bad one.
func (s *Store) Write(ctx context.Context, retention api.Retention, lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if s.writes[retention] == nil {
		return fmt.Errorf("write to %s: no such retention policy", retention)
	}
	search := search{store: s, retention: retention, block: newBlock(lines)}
	if err := search.run(ctx); err != nil {
		return err
	}
	if len(search.refused) == 0 {
		return nil
	}
	err := &Refused{Lines: search.inOrder()}
	s.refused.Add(float64(len(err.Lines)))
	if now := time.Now().Unix(); now-s.told.Swap(now) > 60 { // what goes on is counted, not told again
		s.log.Warn("database refused lines", "retention", retention, "lines", len(err.Lines), "of", search.block.len(),
			"requests", search.requests, "first", err.Lines[0].Reason)
	}
	return err
}

// search stores a block and finds the lines that the database refuses, by halves,
// the larger parts first. A refused part may be stored or not, wholly or partly:
// sending it again, in parts, makes it certain and changes nothing.
type search struct {
	store     *Store
	retention api.Retention
	block     block
	requests  int
	refused   []api.RejectedLine
}

func (s *search) run(ctx context.Context) error {
	open := []part{{0, s.block.len()}}
	for len(open) > 0 {
		p := open[0]
		open = open[1:]
		s.requests++
		a, err := s.store.send(ctx, s.retention, s.block.bytes(p))
		switch {
		case err != nil:
			return err
		case a == nil:
		case p.len() == 1:
			s.refuse(p, short(a.said))
		case a.dropped() == p.len():
			// All of them, and said so: a day of too old points costs one request.
			s.refuse(p, short(a.said))
		case s.requests+len(open)+2 > maxSearch:
			// Set aside rather than blocking what is behind, for ever. The complaint is
			// not passed on: it may quote lines, and they may be of several sites.
			s.refuse(p, fmt.Sprintf("the database refused one or more of %d lines, too many to single out", p.len()))
		default:
			middle := (p.from + p.to) / 2
			open = append(open, part{p.from, middle}, part{middle, p.to})
		}
	}
	return nil
}

// inOrder sorts what was found part by part.
func (s *search) inOrder() []api.RejectedLine {
	slices.SortFunc(s.refused, func(a, b api.RejectedLine) int { return a.Line - b.Line })
	return s.refused
}

func (s *search) refuse(p part, reason string) {
	for i := p.from; i < p.to; i++ {
		s.refused = append(s.refused, api.RejectedLine{Line: i + 1, Reason: reason})
	}
}

// send writes once. An answer means that the part holds a refused line, an error
// that the whole write ends here.
func (s *Store) send(ctx context.Context, retention api.Retention, lines []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteTime)
	defer cancel()
	err := s.writes[retention].WriteRecord(ctx, string(lines))
	if err == nil {
		s.requests.WithLabelValues(string(stored)).Inc()
		return nil, nil
	}
	var a *answer
	if !errors.As(err, &a) {
		s.requests.WithLabelValues(string(later)).Inc()
		return nil, unreachable(err)
	}
	m := meaningOf(a)
	s.requests.WithLabelValues(string(m)).Inc()
	switch m {
	case refused:
		return a, nil
	case misconfigured:
		return nil, &Misconfigured{Reason: fmt.Sprintf("write to %s/%s: %v", s.cfg.Database, retention, a)}
	}
	return nil, &Unavailable{RetryAfter: a.retryAfter, Err: a}
}

// block is lines with where each of them ends.
type block struct {
	data []byte
	ends []int // behind the newline of each line
}

// part is the lines from … to−1 of a block, counted from 0.
type part struct{ from, to int }

func (p part) len() int { return p.to - p.from }

func newBlock(data []byte) block {
	b := block{data: data, ends: make([]int, 0, bytes.Count(data, newline)+1)}
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			n = len(data) - i - 1
		}
		i += n + 1
		b.ends = append(b.ends, i)
	}
	return b
}

var newline = []byte{'\n'}

func (b block) len() int { return len(b.ends) }

func (b block) bytes(p part) []byte {
	from := 0
	if p.from > 0 {
		from = b.ends[p.from-1]
	}
	return b.data[from:b.ends[p.to-1]]
}
