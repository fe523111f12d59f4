package doctor

import (
	"net/http"

	"communewatch/collector/api"
)

func (f *facts) tls(dns []Finding) Finding {
	c := f.collector
	if f.cfg.URL == "" {
		return skipped(CheckTLS, said("not_installed"))
	}
	if c.failed != stageDone {
		if reason, cut := f.behind(c.address); cut {
			return skipped(CheckTLS, reason)
		}
	}
	where := c.host + ":" + c.port
	switch {
	case c.proxyWrong != "":
		return bad(CheckTLS, said("proxy_setting", c.proxyWrong), said("do_proxy_setting"))
	case c.local && c.failed != stageDone:
		return bad(CheckTLS, said("tls_forbidden", where), said("do_forbidden"))
	case c.failed == stageName && Failed(dns) > 0:
		return skipped(CheckTLS, said("after_dns"))
	case c.failed == stageName:
		return bad(CheckTLS, said("tls_no_name", c.host), said("do_dns_no_name", c.host))
	case c.failed == stageConnect && c.proxy != "":
		return bad(CheckTLS, said("proxy_gone", c.proxy), said("do_proxy_gone"))
	case c.failed == stageConnect:
		return f.unconnected(where)
	case c.failed == stageProxy:
		return proxyFinding(c)
	case c.failed == stageTLS:
		return f.unshaken(where)
	case c.failed == stageAnswer && c.stranger != 0:
		return bad(CheckTLS, said("tls_stranger", where, c.stranger), said("do_stranger"))
	case c.failed != stageDone:
		return bad(CheckTLS, said("tls_no_answer", where), said("do_later"))
	}
	if leaf := c.presented; len(leaf) > 0 && (c.now.After(leaf[0].NotAfter) || c.now.Before(leaf[0].NotBefore)) {
		return bad(CheckTLS, said("tls_dates", where, day(leaf[0].NotAfter)), said("do_tell_noc"))
	}
	if c.proxy != "" {
		return good(CheckTLS, said("tls_ok_proxy", where, c.took.Milliseconds(), c.proxy))
	}
	return good(CheckTLS, said("tls_ok", where, c.took.Milliseconds()))
}

func (f *facts) unconnected(where string) Finding {
	switch f.collector.failure {
	case api.PathTimeout:
		return bad(CheckTLS, said("tls_connect_timeout", where), said("do_connect_timeout", where))
	case api.PathRefused:
		return bad(CheckTLS, said("tls_refused", where), said("do_refused"))
	case api.PathNoRoute:
		return bad(CheckTLS, said("tls_no_route", where), said("do_gateway_none"))
	}
	return bad(CheckTLS, said("tls_broken", where), said("do_later"))
}

func proxyFinding(c collectorFacts) Finding {
	switch {
	case c.proxyStatus == http.StatusProxyAuthRequired:
		return bad(CheckTLS, said("proxy_auth", c.proxy), said("do_proxy_auth"))
	case c.proxyStatus != 0:
		return bad(CheckTLS, said("proxy_refused", c.proxy, c.proxyStatus, c.host+":"+c.port), said("do_proxy_allow", c.host+":"+c.port))
	}
	return bad(CheckTLS, said("proxy_broken", c.proxy), said("do_proxy_gone"))
}

// unshaken says why TLS was not what it should be.
func (f *facts) unshaken(where string) Finding {
	c := f.collector
	if c.portal.isPortal() {
		if c.portal.to != "" {
			return bad(CheckTLS, said("portal_at", c.portal.to), said("do_portal"))
		}
		return bad(CheckTLS, said("portal"), said("do_portal"))
	}
	switch c.failure {
	case api.PathCertificate:
		return f.uncertain(where)
	case api.PathNotTLS:
		return bad(CheckTLS, said("tls_not_tls", where), said("do_stranger"))
	case api.PathTimeout:
		return bad(CheckTLS, said("tls_timeout", where), said("do_connect_timeout", where))
	case api.PathReset:
		return bad(CheckTLS, said("tls_reset", where), said("do_connect_timeout", where))
	}
	return bad(CheckTLS, said("tls_broken", where), said("do_later"))
}
