package snmp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

const (
	// maxSilences is after how many unanswered requests in a row, each with its
	// retries and each for less than the one before, a walk is given up.
	maxSilences = 3
	// maxAbreast is how many subtrees are asked for in one request.
	maxAbreast = 20
)

// strand is one subtree of a walk.
type strand struct {
	number int    // of its root, as it was given
	below  string // its root and a dot
	last   string // the newest name in it
	seen   int    // variables
	alone  bool   // it is asked for by itself, and so bears its own errors only
	ended  bool
	err    error
}

// visitor is given a variable, with what follows its root in its name.
type visitor func(root int, suffix string, v gosnmp.SnmpPDU)

// walk visits every variable below root, in order. It ends well where the device
// shows that nothing more is below root, and with an error that says where it
// stopped in every other case: what was visited until then is right. expect is how
// many there will probably be, 0 = unknown; no more than most are visited.
func (c *conversation) walk(root string, expect, most int, visit func(suffix string, v gosnmp.SnmpPDU)) error {
	return c.walkAbreast([]string{root}, expect, most, func(_ int, suffix string, v gosnmp.SnmpPDU) { visit(suffix, v) })[0]
}

// walkAbreast walks several subtrees as [conversation.walk] does one, with a
// variable of each in turn in one answer: so the columns of a short table need few
// requests. It gives each one's error, nil for those that are whole.
func (c *conversation) walkAbreast(roots []string, expect, most int, visit visitor) []error {
	w := walk{c: c, expect: expect, most: most, visit: visit}
	for i, root := range roots {
		w.open = append(w.open, &strand{number: i, below: root + ".", last: root})
	}
	// In this order a device that mixes the subtrees up is seen to go backwards.
	slices.SortStableFunc(w.open, func(a, b *strand) int { return compare(a.last, b.last) })
	all := slices.Clone(w.open)
	for len(w.open) > 0 {
		w.step()
		w.open = slices.DeleteFunc(w.open, func(s *strand) bool { return s.ended })
	}
	errs := make([]error, len(roots))
	for _, s := range all {
		errs[s.number] = s.err
	}
	return errs
}

// Walk walks subtrees of a device once, side by side, asking for so many variables
// at a time; 0 adapts, as polls do. It is for programs that measure what it costs.
func Walk(ctx context.Context, t api.Target, cfg Config, variables int, visit func(gosnmp.SnmpPDU), roots ...string) error {
	h := newHabits()
	if variables > 0 {
		h.now, h.most = variables, variables
	}
	c, err := open(ctx, t, cfg, h)
	if err != nil {
		return err
	}
	defer c.close()
	const most = 1 << 20
	return errors.Join(c.walkAbreast(roots, 0, most, func(_ int, _ string, v gosnmp.SnmpPDU) { visit(v) })...)
}

// walk is one under way.
type walk struct {
	c            *conversation
	expect, most int
	visit        visitor
	open         []*strand
	trials       int  // of less and less, in a row
	silences     int  // among them
	before       pace // the first of them
}

// step makes one request and takes what came of it.
func (w *walk) step() {
	group, each := w.choose()
	asked := each * len(group)
	answer, err := w.following(group, each)
	var good []gosnmp.SnmpPDU
	if err == nil {
		good, err = believable(group, answer)
	}
	switch {
	case err == nil && !w.proven(group, answer):
		w.separate(group, nil)
	case err == nil:
		w.trials, w.silences = 0, 0
		w.take(group, good)
		w.adapt(group, asked, len(good))
	case errors.Is(err, errNoAnswer):
		w.silences++
		w.less(group, asked, err)
	case !isOfOne(err):
		w.fail(w.open, err)
	case len(group) > 1:
		w.separate(group, answer)
	case errors.Is(err, errNoMore):
		group[0].ended = true
	case errors.Is(err, errTooBig), errors.Is(err, errEmpty):
		w.less(group, asked, err)
	default:
		w.take(group, good)
		w.fail(group, err)
	}
}

// choose says what is asked for next, and how many variables of each: as many
// subtrees as fit into one answer with all that they probably have.
func (w *walk) choose() (group []*strand, each int) {
	now, first := w.c.habits.now, w.open[0]
	each = min(now, startVariables)
	known := w.expect > 0 && first.seen <= w.expect
	switch {
	case w.c.handle.Version == gosnmp.Version1:
		each = 1 // it has no GetBulk
	case known:
		each = min(now, w.expect-first.seen+1) // one more shows that the end is the end
	}
	width := 1
	for width < min(len(w.open), now/each, maxAbreast) && !w.c.habits.single && w.open[width].besides(first) {
		width++
	}
	if !known && w.c.handle.Version != gosnmp.Version1 {
		each = now / width
	}
	return w.open[:width], each
}

// besides tells whether two subtrees are equally far and may be asked for at once.
func (s *strand) besides(other *strand) bool { return !s.alone && !other.alone && s.seen == other.seen }

// proven tells whether a device answers for several subtrees what it answers for
// each. Once is enough: one that goes by the first name only, or mixes them up,
// would give tables that are too short.
func (w *walk) proven(group []*strand, answer *gosnmp.SnmpPacket) bool {
	h := w.c.habits
	if len(group) == 1 || h.proven {
		return true
	}
	for i := range group {
		one, err := w.following(group[i:i+1], 1)
		if err != nil {
			return false // which proves nothing
		}
		if len(one.Variables) == 0 || i >= len(answer.Variables) || !same(one.Variables[0], answer.Variables[i]) {
			h.single = true
			return false
		}
	}
	h.proven = true
	return true
}

func same(a, b gosnmp.SnmpPDU) bool {
	return none(a) && none(b) || none(a) == none(b) && a.Name == b.Name
}

// following asks for what follows in each of a group.
func (w *walk) following(group []*strand, each int) (*gosnmp.SnmpPacket, error) {
	oids := make([]string, len(group))
	for i, s := range group {
		oids[i] = s.last
	}
	return w.c.ask(each*len(group), func() (*gosnmp.SnmpPacket, error) {
		if each == 1 { // which also works where GetBulk does not
			return w.c.handle.GetNext(oids)
		}
		return w.c.handle.GetBulk(oids, 0, uint32(each))
	})
}

// less has half asked for after what was too much for the device or the way to it,
// down to single steps.
func (w *walk) less(group []*strand, asked int, err error) {
	p := &w.c.habits.pace
	if w.trials == 0 {
		w.before = *p
	}
	w.trials++
	switch {
	case w.silences == maxSilences, asked == 1 && w.silences > 0:
		w.fail(w.open, err)
	case asked == 1:
		*p, w.trials = w.before, 0 // less did not help, so the size was not the matter
		w.fail(group, err)
	case w.silences > 0:
		p.unheard(asked)
	default:
		p.slower(asked)
	}
}

// adapt has more asked for after a whole request was answered in full.
func (w *walk) adapt(group []*strand, asked, got int) {
	p := &w.c.habits.pace
	if got == asked {
		p.heard(asked)
	}
	if got == asked && asked > p.now-len(group) {
		p.faster()
	}
}

// separate has each of a group asked for by itself, after an error that may be of
// one of them only.
func (w *walk) separate(group []*strand, answer *gosnmp.SnmpPacket) {
	// The error-index says of which one version 1 has no more.
	if answer != nil && answer.Error == gosnmp.NoSuchName && answer.ErrorIndex >= 1 && int(answer.ErrorIndex) <= len(group) {
		group[answer.ErrorIndex-1].ended = true
		return
	}
	for _, s := range group {
		s.alone = true
	}
}

func (w *walk) fail(strands []*strand, err error) {
	for _, s := range strands {
		if !s.ended {
			s.ended, s.err = true, fmt.Errorf("after %s: %w", s.last[1:], err)
		}
	}
}

// take visits the variables of an answer: one of each of the group in turn.
func (w *walk) take(group []*strand, variables []gosnmp.SnmpPDU) {
	for i, v := range variables {
		s := group[i%len(group)]
		if s.ended {
			continue
		}
		suffix, inside := strings.CutPrefix(v.Name, s.below)
		switch {
		case none(v) || !inside:
			s.ended = true
		case s.seen == w.most:
			w.fail([]*strand{s}, fmt.Errorf("%w: %d", errRows, w.most))
		default:
			w.visit(s.number, suffix, v)
			s.last = v.Name
			s.seen++
		}
	}
}
