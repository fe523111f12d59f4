package inventory

import (
	"net/http"
	"strings"

	"communewatch/collector/api"
)

// ServeHTTP answers [api.PathDocument]: an agent's own document, and nobody else's. A
// site that is not in the inventory is answered 404, at which an agent keeps what it
// has: a mistyped id must not take its targets away.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, api.CodeMethod, "a document is fetched with GET")
		return
	}
	id, known := api.IdentityFrom(r.Context())
	if !known {
		refuse(w, api.CodeUnauthorized, "a document is given to a known agent only")
		return
	}
	d, err := l.Current().Document(id.Site)
	if err != nil {
		refuse(w, api.CodeNotFound, "this site is not in the inventory; keep what you have")
		return
	}
	data, etag, err := encode(d)
	if err != nil {
		l.log.Error("document cannot be encoded", "site", id.Site, "error", err)
		refuse(w, api.CodeUnavailable, "the document cannot be encoded")
		return
	}
	w.Header().Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// A caller who has gone away is no longer ours to tell.
	_, _ = w.Write(data)
}

func refuse(w http.ResponseWriter, code api.Code, message string) {
	(&api.Error{Code: code, Message: message}).WriteTo(w)
}

// matches tells whether an If-None-Match (RFC 9110 §13.1.2) names the ETag, weakly, as
// a proxy may have made it.
func matches(header, etag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == etag || one == "*" {
			return true
		}
	}
	return false
}
