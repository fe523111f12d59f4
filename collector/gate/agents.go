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

// agentsHandler is the door for agents.
func (g *Gate) agentsHandler() http.Handler {
	return g.every(known(api.PathWrite, api.PathHealth, api.PathReady), func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case api.PathWrite:
			g.write(w, r)
		case api.PathHealth:
			healthy(w)
		case api.PathReady:
			g.ready.answer(w)
		default:
			notFound(w)
		}
	})
}

// write lets a write pass to its handler, if there is room and it is known whose it is.
func (g *Gate) write(w http.ResponseWriter, r *http.Request) {
	if !g.writes.take() {
		(&api.Error{Code: api.CodeUnavailable, Message: "too many requests of all agents at once", RetryAfter: spread()}).WriteTo(w)
		return
	}
	defer g.writes.give()
	id, problem := g.identify(r)
	if problem != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem.WriteTo(w)
		return
	}
	introduce(r)
	if !g.agents.take(id) {
		(&api.Error{Code: api.CodeTooMany, Message: "too many requests of this agent at once", RetryAfter: waitAgent}).WriteTo(w)
		return
	}
	defer g.agents.give(id)
	if r.ContentLength > api.MaxBodyBytes {
		(&api.Error{Code: api.CodeTooLarge, Message: "body too large"}).WriteTo(w)
		return
	}
	r = r.WithContext(api.WithIdentity(r.Context(), id))
	r.Body = limitBody(w, r, api.MaxBodyBytes)
	g.deps.Write.ServeHTTP(w, r)
}

// identify finds who is calling, by nothing but the token, and takes the token away
// from what goes on into the house.
func (g *Gate) identify(r *http.Request) (api.Identity, *api.Error) {
	values := r.Header.Values("Authorization")
	r.Header.Del("Authorization")
	if len(values) == 0 {
		return api.Identity{}, unauthorized("no token: want the header Authorization: Token …")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Token") && !strings.EqualFold(scheme, "Bearer") {
		return api.Identity{}, unauthorized("want one header Authorization: Token … or Bearer …")
	}
	id, ok := g.deps.Identify(strings.TrimSpace(token))
	if !ok {
		return api.Identity{}, unauthorized("this token is not known, or was replaced by a newer one")
	}
	return id, nil
}

func unauthorized(message string) *api.Error {
	return &api.Error{Code: api.CodeUnauthorized, Message: message, RetryAfter: waitIdentity}
}

func notFound(w http.ResponseWriter) {
	(&api.Error{Code: api.CodeNotFound, Message: "no such path"}).WriteTo(w)
}
