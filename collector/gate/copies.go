package gate

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// waitTwin is what a copy is told to wait.
const waitTwin = 5 * time.Minute

// maxShown bounds the copies in the metrics.
const maxShown = 256

// turns refuses a write of a machine that is the copy of another one.
func (g *Gate) turns(r *http.Request, id api.Identity, to room) *api.Error {
	now := sender{session: r.Header.Get(api.HeaderSession), address: hostOf(r.RemoteAddr), last: time.Now(), patience: silence}
	if !to.writes || !api.ValidSession(now.session) {
		return nil // an older agent, or a sender of another kind
	}
	if n, err := strconv.Atoi(r.Header.Get(api.HeaderEvery)); err == nil && n > 0 {
		now.patience = max(silence, 2*min(time.Duration(n)*time.Second, api.MaxEvery))
	}
	first, name := g.twins.hear(holder{id.Site, id.Agent}, now)
	if first == nil {
		return nil
	}
	g.metrics.twins.Inc()
	if name {
		g.log.Warn("two machines report under one identity: one is a copy of the other's disk; the one that was there first stays", "site", id.Site, "agent", id.Agent,
			"address", first.address, "session", first.session, "since", first.first.UTC().Format(time.RFC3339),
			"refused_address", now.address, "refused_session", now.session)
		g.tellTwin(id, "two machines sent at once: from "+first.address+", and refused, from "+now.address)
	}
	return &api.Error{Code: api.CodeTwin, RetryAfter: waitTwin,
		Message: "another machine, at " + first.address + ", reports under this identity: if this one is a copy of it, enrol this one by itself"}
}

// nameCopy names who shows a certificate that another machine renewed since. At a
// renewal it says who it is.
func (g *Gate) nameCopy(w http.ResponseWriter, r *http.Request, id api.Identity, why string, renewing bool) {
	g.metrics.twins.Inc()
	address, name := g.twins.copied(holder{id.Site, id.Agent}, time.Now())
	if !name {
		return
	}
	var copied api.EnrolRequest
	if renewing {
		copied = readCopy(w, r)
	}
	from := hostOf(r.RemoteAddr)
	g.log.Warn("a copied certificate was shown", "site", id.Site, "agent", id.Agent, "address", address, "reason", why,
		"refused_address", from, "refused_serial", id.Serial, "refused_host", short(copied.Host), "refused_machine", short(copied.Machine))
	g.tellTwin(id, "a copy of its certificate was shown from "+from+" "+short(copied.Host))
}

func (g *Gate) tellTwin(id api.Identity, what string) {
	if g.deps.Twin != nil {
		g.deps.Twin(id, what)
	}
}

// readCopy takes from a refused renewal what it says of its machine, for people.
func readCopy(w http.ResponseWriter, r *http.Request) (said api.EnrolRequest) {
	body, problem := readSmall(w, r)
	if problem == nil {
		_ = json.Unmarshal(body, &said) // what cannot be read says nothing
	}
	return said
}

// short keeps what a stranger says from filling the log.
func short(s string) string { return s[:min(len(s), 100)] }

// Describe and Collect show which copies are refused now.
func (t *twins) Describe(c chan<- *prometheus.Desc) { c <- twinDesc }

func (t *twins) Collect(c chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := 0
	now := time.Now()
	for who, all := range t.of {
		first := slices.IndexFunc(all, func(s sender) bool { return !s.twin })
		for _, s := range all {
			if !s.twin || first < 0 || now.Sub(s.last) > s.patience || shown == maxShown {
				continue
			}
			shown++
			c <- prometheus.MustNewConstMetric(twinDesc, prometheus.GaugeValue, 1,
				who.site, who.agent, all[first].address, all[first].session, s.address, s.session)
		}
	}
}

var twinDesc = prometheus.NewDesc("communewatch_gate_twin", "1 for each machine that is refused because another one reports under its identity.",
	[]string{"site", "agent", "address", "session", "refused_address", "refused_session"}, nil)
