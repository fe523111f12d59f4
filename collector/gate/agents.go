package gate

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"communewatch/collector/api"
)

// How long a caller is told to wait at least. Those who were turned away because
// of others are spread, so that they don't come back together.
const (
	waitIdentity = time.Minute // until somebody has issued a token
	waitAgent    = 2 * time.Second
	waitPlace    = 5 * time.Second
	waitSpread   = 10 * time.Second
)

func spread() time.Duration { return waitPlace + rand.N(waitSpread) }

// room is where a known caller is led to.
type room struct {
	handler  http.Handler
	methods  string // those allowed; empty: the handler's to say
	body     int64  // bytes, at most
	writes   bool   // what comes in is stored under the caller's name
	renewing bool   // a certificate is needed, and may be an expired one
}

// agentsHandler is the door for agents.
func (g *Gate) agentsHandler() http.Handler {
	rooms := map[string]room{
		api.PathWrite:    {handler: g.deps.Write, body: api.MaxBodyBytes, writes: true},
		api.PathRenew:    {handler: g.deps.Renewal, methods: "POST", body: api.MaxEnrolBytes, renewing: true},
		api.PathDocument: {handler: g.deps.Document, methods: "GET, HEAD"},
	}
	names := known(api.PathWrite, api.PathEnrol, api.PathRenew, api.PathDocument, api.PathHealth, api.PathReady)
	return g.every(names, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case api.PathHealth:
			healthy(w)
		case api.PathReady:
			g.ready.answer(w)
		case api.PathEnrol:
			g.enrol(w, r)
		default:
			g.admit(w, r, rooms[r.URL.Path])
		}
	})
}

// admit lets a request pass to its room, if there is place and it is known whose it is.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request, to room) {
	if to.handler == nil {
		notFound(w)
		return
	}
	if !allowed(w, r, to.methods) {
		return
	}
	if !g.writes.take() {
		(&api.Error{Code: api.CodeUnavailable, Message: "too many requests of all agents at once", RetryAfter: spread()}).WriteTo(w)
		return
	}
	defer g.writes.give()
	id, problem := g.identify(r, to.renewing)
	if problem != nil {
		if problem.Code == api.CodeTwin {
			g.nameCopy(w, r, id, problem.Message, to.renewing)
		}
		refuse(w, problem)
		return
	}
	introduce(r)
	if problem := g.turns(r, id, to); problem != nil {
		refuse(w, problem)
		return
	}
	who := api.Identity{Site: id.Site, Agent: id.Agent} // whichever way it proved who it is
	if !g.agents.take(who) {
		(&api.Error{Code: api.CodeTooMany, Message: "too many requests of this agent at once", RetryAfter: waitAgent}).WriteTo(w)
		return
	}
	defer g.agents.give(who)
	if r.ContentLength > to.body {
		(&api.Error{Code: api.CodeTooLarge, Message: "body too large"}).WriteTo(w)
		return
	}
	r = r.WithContext(api.WithIdentity(r.Context(), id))
	r.Body = limitBody(w, r, to.body)
	to.handler.ServeHTTP(w, r)
}

// refuse tells a caller why it may not come in.
func refuse(w http.ResponseWriter, problem *api.Error) {
	if problem.Code == api.CodeUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	problem.WriteTo(w)
}

// allowed answers who comes with another method.
func allowed(w http.ResponseWriter, r *http.Request, methods string) bool {
	for method := range strings.SplitSeq(methods, ", ") {
		if methods == "" || method == r.Method {
			return true
		}
	}
	w.Header().Set("Allow", methods)
	(&api.Error{Code: api.CodeMethod, Message: "want " + methods}).WriteTo(w)
	return false
}

func notFound(w http.ResponseWriter) {
	(&api.Error{Code: api.CodeNotFound, Message: "no such path"}).WriteTo(w)
}
