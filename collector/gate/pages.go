package gate

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

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

// pagesHandler is the door for the pages of this machine.
func (g *Gate) pagesHandler() http.Handler {
	return g.every(known(api.PathHealth, api.PathReady, api.PathMetrics), func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if g.pagesAreHere && !isLoopback(r.Host) {
			http.Error(w, "this page is answered under localhost only", http.StatusForbidden)
			return
		}
		if r.URL.Path == api.PathHealth {
			healthy(w)
			return
		}
		if !g.pages.take() {
			(&api.Error{Code: api.CodeUnavailable, Message: "too many requests at once", RetryAfter: spread()}).WriteTo(w)
			return
		}
		defer g.pages.give()
		r.Body = limitBody(w, r, formLimit(r.URL.Path))
		switch r.URL.Path {
		case api.PathReady:
			g.ready.answer(w)
		case api.PathMetrics:
			g.deps.Metrics.ServeHTTP(w, r)
		default:
			g.deps.Board.ServeHTTP(w, r)
		}
	})
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

// secure sets what a browser should hold a page to: nothing from elsewhere, no
// scripts or styles inline, in nobody's frame.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
