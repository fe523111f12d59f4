package board

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
)

// keepProvince is how long one reading of the province serves every reader: a wall
// of screens costs the database no more than one.
const keepProvince = 2 * time.Second

// oldJudgement is from when on it is said that nobody judges.
const oldJudgement = time.Minute

// provinceCache is the last reading. Readers that come together wait for one reading.
type provinceCache struct {
	mu    sync.Mutex
	last  province
	stale atomic.Bool // something newer is there
}

func (c *provinceCache) get(ctx context.Context, b *board) (province, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := b.deps.Now()
	if age := now.Sub(c.last.at); !c.stale.Swap(false) && age >= 0 && age < keepProvince {
		return c.last, nil
	}
	// The reader who happens to read for all may go away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
	defer cancel()
	read, err := b.readProvince(ctx, now)
	if err != nil {
		return province{}, err
	}
	c.last = read
	return read, nil
}

// expire lets the next reader read anew, without waiting for who reads now.
func (c *provinceCache) expire() { c.stale.Store(true) }

// provincePage is the page / as the template has it.
type provincePage struct {
	frame
	Warning string
	Total   int
	Tiles   []tile
	Groups  []group
	Only    string // the state that alone is shown, in words
}

func (p provincePage) framed() frame { return p.frame }

// tile counts the sites in one state.
type tile struct {
	State, Text, Href string
	Count             int
	Chosen            bool
}

// group is the mountainous sites, or the others.
type group struct {
	Title string
	Rows  []row
}

// row is one site.
type row struct {
	ID, Label, Href  string
	Mountain         bool
	State, StateText string
	Area, Terrain    string
	Unverified       bool // no source names this very commune
	Since            string
	Reason, Evidence string
	Incident         string // where what it is in is told; empty: in none
	Age              string
	AgeOld           bool
	RTT, Loss        string
	LossBad          bool
	rank             int64
	mountainous      bool
}

// shownStates are the tiles, the gravest first. What is not there yet is shown only
// when a site is in it.
var shownStates = api.StatesBySeverity()

func (b *board) provincePage(now province, lang say.Lang, only api.State) provincePage {
	f := format{lang, now.at}
	sites := b.deps.Inventory().Sites()
	p := provincePage{frame: b.frame(lang, lang.Text("board.province")), Total: len(sites)}
	p.At, p.Stamp = f.stamp(now.at), now.at.UTC().Format(time.RFC3339)
	if !slices.Contains(shownStates, only) {
		only = ""
	}
	counts := map[api.State]int{}
	var rows []row
	var judged time.Time
	for i, site := range sites {
		s := now.sites[site.ID]
		counts[s.state]++
		judged = later(judged, s.judged)
		if only == "" || s.state == only {
			rows = append(rows, b.row(f, site, i, s))
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.rank, b.rank) })
	p.Groups = groups(lang, rows)
	p.Tiles = tiles(lang, counts, only)
	if only != "" {
		p.Only = lang.Text(say.Key("state." + string(only)))
	}
	switch {
	case judged.IsZero():
		p.Warning = lang.Text("board.never_judged")
	case now.at.Sub(judged) > oldJudgement:
		p.Warning = lang.Text("board.old_judgement", f.clock(judged), f.span(now.at.Sub(judged)))
	}
	p.Warning = strings.TrimSpace(p.Warning + " " + b.problem(lang))
	return p
}

func (b *board) row(f format, site inventory.Site, position int, s siteNow) row {
	r := row{
		ID: site.ID, Label: site.Label(f.lang), Href: link(f.lang, "/site/"+site.ID),
		Mountain: site.Terrain == inventory.Highland || site.Terrain == inventory.Mountain,
		Area:     site.Area, Terrain: f.lang.Text(say.Key("terrain." + site.Terrain)),
		Unverified: !site.Verified && site.Terrain != inventory.Unknown,
		Age:        f.ago(s.newest), RTT: none, Loss: none,
		rank: judge.Rank(site, cmp.Or(s.state, api.StateNotInstalled), position), mountainous: site.Mountainous(),
	}
	r.State, r.StateText, r.Since, r.Reason, r.Evidence = s.words(f)
	r.Incident = incidentLink(f.lang, s.incident)
	if s.state == api.StateOK {
		r.Evidence = "" // round trip and loss stand beside it
	}
	if !s.newest.IsZero() && s.state != api.StateClosed {
		r.AgeOld = f.now.Sub(s.newest) > b.policy(&site).SilentAfter+2*s.every
	}
	if s.received > 0 && s.rtt >= 0 {
		r.RTT = f.milliseconds(s.rtt)
	}
	if s.sent > 0 {
		share := float64(s.sent-s.received) / float64(s.sent)
		r.Loss, r.LossBad = f.percent(share), share >= b.policy(&site).Loss
	}
	return r
}

// words says what a site is in.
func (s *siteNow) words(f format) (state, text, since, reason, evidence string) {
	if s.state == "" {
		return "none", f.lang.Text("board.not_judged"), none, "", ""
	}
	if s.reason != "" {
		reason = f.lang.Text(say.Key(s.reason))
	}
	return string(s.state), f.lang.Text(say.Key("state." + string(s.state))), f.since(s.since), reason, f.evidence(s.evidence)
}

func groups(lang say.Lang, rows []row) []group {
	mountainous := group{Title: lang.Text("board.mountainous")}
	plain := group{Title: lang.Text("board.plain")}
	for _, r := range rows {
		if r.mountainous {
			mountainous.Rows = append(mountainous.Rows, r)
		} else {
			plain.Rows = append(plain.Rows, r)
		}
	}
	var out []group
	for _, g := range []group{mountainous, plain} {
		if len(g.Rows) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func tiles(lang say.Lang, counts map[api.State]int, only api.State) []tile {
	var out []tile
	for _, state := range shownStates {
		if state == api.StatePowerLost && counts[state] == 0 {
			continue
		}
		t := tile{State: string(state), Text: lang.Text(say.Key("state." + string(state))), Count: counts[state], Chosen: state == only}
		t.Href = link(lang, "/", "state", string(state))
		if t.Chosen {
			t.Href = link(lang, "/")
		}
		out = append(out, t)
	}
	if n := counts[""]; n > 0 {
		out = append(out, tile{State: "none", Text: lang.Text("board.not_judged"), Count: n, Href: link(lang, "/")})
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
