package gate

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"communewatch/collector/api"
)

// identify finds who is calling, by nothing but the token and the connection's client
// certificate, and takes the token away from what goes on into the house. Who has both
// must be one and the same by both. With a refusal may come whose certificate it was.
func (g *Gate) identify(r *http.Request, renewing bool) (api.Identity, *api.Error) {
	token, byToken, problem := g.byToken(r)
	if problem != nil {
		return api.Identity{}, problem
	}
	certificate, byCertificate, problem := g.byCertificate(r, renewing)
	switch {
	case problem != nil:
		return certificate, problem
	case renewing && !byCertificate:
		return api.Identity{}, unauthorized("renewing needs the certificate that is to be renewed")
	case byToken && byCertificate && (token.Site != certificate.Site || token.Agent != certificate.Agent):
		return api.Identity{}, &api.Error{Code: api.CodeForbidden, Message: "token and certificate are of different agents", RetryAfter: waitIdentity}
	case byCertificate:
		return certificate, nil
	case byToken:
		return token, nil
	}
	return api.Identity{}, unauthorized("no certificate and no token: want one of them, the token in the header Authorization: Token …")
}

func (g *Gate) byToken(r *http.Request) (id api.Identity, has bool, problem *api.Error) {
	values := r.Header.Values("Authorization")
	r.Header.Del("Authorization")
	if len(values) == 0 {
		return api.Identity{}, false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Token") && !strings.EqualFold(scheme, "Bearer") {
		return api.Identity{}, false, unauthorized("want one header Authorization: Token … or Bearer …")
	}
	id, ok := g.deps.Identify(strings.TrimSpace(token))
	if !ok {
		return api.Identity{}, false, unauthorized("this token is not known, or was replaced by a newer one")
	}
	return id, true, nil
}

// byCertificate asks Deps.Certify on each request: what was good when the connection
// began may be revoked by now.
func (g *Gate) byCertificate(r *http.Request, renewing bool) (id api.Identity, has bool, problem *api.Error) {
	if g.deps.Certify == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return api.Identity{}, false, nil
	}
	id, problem = g.deps.Certify(r.TLS.PeerCertificates, renewing)
	return id, problem == nil, problem
}

func unauthorized(message string) *api.Error {
	return &api.Error{Code: api.CodeUnauthorized, Message: message, RetryAfter: waitIdentity}
}

// What a caller may show of certificates: an agent's and its authority's are 1 kB. They
// are kept as long as the connection.
const (
	maxCertificates     = 4
	maxCertificateBytes = 16 << 10
)

// bounded ends a handshake with more certificates than an agent has.
func bounded(state tls.ConnectionState) error {
	size := 0
	for _, c := range state.PeerCertificates {
		size += len(c.Raw)
	}
	if len(state.PeerCertificates) > maxCertificates || size > maxCertificateBytes {
		return errors.New("too many or too large client certificates")
	}
	return nil
}
