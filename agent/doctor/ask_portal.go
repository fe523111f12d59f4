package doctor

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"communewatch/collector/api"
)

// portalFacts is what a plain HTTP question to the collector's address was answered, asked
// only when TLS was not what it should be.
type portalFacts struct {
	status int
	to     string // host of a redirect to elsewhere
	html   bool
	same   bool // asked at the port where TLS should be
}

const portalPatience = 3 * time.Second

// askPlainly asks the collector's address in plain HTTP: a login page of the line's answers.
func askPlainly(ctx context.Context, f collectorFacts) portalFacts {
	ports := []string{"80"}
	if f.failure == api.PathNotTLS {
		ports = []string{f.port, "80"}
	}
	var last portalFacts
	for _, port := range ports {
		p := askPort(ctx, f.host, port)
		if p.same = port == f.port; p.isPortal() {
			return p
		}
		if p.status != 0 {
			last = p
		}
	}
	return last
}

func askPort(ctx context.Context, host, port string) (p portalFacts) {
	ctx, cancel := context.WithTimeout(ctx, portalPatience)
	defer cancel()
	t := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: mostRead}
	defer t.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+api.PathHealth, nil)
	if err != nil {
		return p
	}
	answer, err := (&http.Client{Transport: t, CheckRedirect: stayHere}).Do(request)
	if err != nil {
		return p
	}
	defer answer.Body.Close()
	p.status = answer.StatusCode
	p.html = strings.Contains(strings.ToLower(answer.Header.Get("Content-Type")), "html")
	if to, err := answer.Location(); err == nil && to.Hostname() != host {
		p.to = to.Hostname()
	}
	return p
}

// isPortal: it sends elsewhere, says so itself (RFC 6585 §6), or serves a page where TLS
// should be.
func (p portalFacts) isPortal() bool {
	return p.to != "" || p.status == http.StatusNetworkAuthenticationRequired || p.same && p.html && p.status == http.StatusOK
}

// stayHere: a redirect is an answer of somebody else.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
