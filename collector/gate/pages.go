package gate

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/netutil"

	"communewatch/collector/api"
)

// maxFormBytes bounds what a browser may send to a page, beside a sheet where one is taken.
const maxFormBytes = 64 << 10

func formLimit(path string) int64 {
	if path == api.PathImport {
		return api.MaxSheetBytes + maxFormBytes
	}
	return maxFormBytes
}

// streams are the paths whose answers last for as long as somebody reads.
var streams = []string{api.PathEvents}

// servePages answers on the door of the pages. On loopback a proxy has all connections.
func (g *Gate) servePages(pages *http.Server) error {
	door := g.pagesDoor
	if !g.pagesAreHere {
		door = &fair{Listener: door, open: newTally[netip.Prefix](g.cfg.PageConnections)}
	}
	door = netutil.LimitListener(door, g.cfg.Connections)
	if g.pageKeys == nil {
		return pages.Serve(door)
	}
	pages.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: g.pageKeys.get}
	return pages.ServeTLS(door, "", "")
}

// pagesHandler is the door for the pages.
func (g *Gate) pagesHandler() http.Handler {
	return g.every(known(api.PathHealth, api.PathReady, api.PathMetrics, api.PathEvents), func(w http.ResponseWriter, r *http.Request) {
		g.secure(w.Header())
		if g.pagesAreHere && !isLoopback(r.Host) {
			http.Error(w, "this page is answered under localhost only", http.StatusForbidden)
			return
		}
		if r.URL.Path == api.PathHealth {
			healthy(w)
			return
		}
		from := api.Network(r.RemoteAddr)
		if !g.pagesAreHere && !g.paces.allow(from) {
			g.metrics.pagesHurried.Inc()
			(&api.Error{Code: api.CodeTooMany, Message: "too many requests from this address", RetryAfter: waitPlace}).WriteTo(w)
			return
		}
		places, mine := g.pages, g.readers
		lasts := slices.Contains(streams, r.URL.Path)
		if lasts {
			places, mine = g.streams, g.listeners
		}
		// On loopback all have one address, and a proxy's readers too.
		if !g.pagesAreHere {
			if !mine.take(from) {
				g.metrics.pagesHurried.Inc()
				(&api.Error{Code: api.CodeTooMany, Message: "too many requests at once from this address", RetryAfter: spread()}).WriteTo(w)
				return
			}
			defer mine.give(from)
		}
		if !places.take() {
			(&api.Error{Code: api.CodeUnavailable, Message: "too many requests at once", RetryAfter: spread()}).WriteTo(w)
			return
		}
		defer places.give()
		if lasts {
			ctx, cancel := g.untilStop(r.Context())
			defer cancel()
			r = r.WithContext(ctx)
		}
		r.Body = limitBody(w, r, formLimit(r.URL.Path))
		switch r.URL.Path {
		case api.PathReady:
			if g.pagesAreHere {
				g.ready.answer(w)
			} else {
				g.ready.brief(w)
			}
		case api.PathMetrics:
			g.measures(w, r)
		default:
			g.deps.Board.ServeHTTP(w, r)
		}
	})
}

// measures are for this machine: they name offices, and who reads them there (Prometheus,
// an agent) cannot sign in. Beyond loopback a caller of this machine is one who came from
// it and asked for it; what a proxy on it passes on has another name.
func (g *Gate) measures(w http.ResponseWriter, r *http.Request) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if !g.pagesAreHere && (err != nil || !at.Addr().Unmap().IsLoopback() || !isLoopback(r.Host)) {
		http.Error(w, "the metrics are answered to this machine only, under localhost", http.StatusForbidden)
		return
	}
	g.deps.Metrics.ServeHTTP(w, r)
}

// untilStop is a stream's time: it would keep the gate from stopping.
func (g *Gate) untilStop(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	g.mu.Lock()
	stop := context.AfterFunc(g.serving, cancel)
	g.mu.Unlock()
	return ctx, func() { stop(); cancel() }
}

// isLoopback tells whether a Host header names this machine itself. Any other name
// is a page from elsewhere whose DNS now points here (DNS rebinding).
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// hstsAge is for how long a browser asks for this host over TLS only, once it has seen it.
const hstsAge = "max-age=15552000" // half a year

// secure sets what a browser should hold a page to: nothing from elsewhere, no
// scripts or styles inline, in nobody's frame.
func (g *Gate) secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if g.pageKeys != nil {
		h.Set("Strict-Transport-Security", hstsAge)
	}
}
