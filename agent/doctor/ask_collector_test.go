package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// visited goes to a server as a check does; the judge takes only that server's certificate.
func visited(t *testing.T, server *httptest.Server, change func(*CheckConfig), certificate *tls.Certificate) collectorFacts {
	t.Helper()
	own := server.Certificate()
	cfg := CheckConfig{URL: server.URL, Token: "cw_secret", TLS: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		if !s.PeerCertificates[0].Equal(own) {
			return errors.New("not the collector")
		}
		return nil
	}}}
	if change != nil {
		change(&cfg)
	}
	v, err := newVisitor(cfg, certificate, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), collectorLimit)
	defer cancel()
	return v.visit(ctx, net.DefaultResolver)
}

// noting is a collector that notes what it was asked.
func noting(t *testing.T, off time.Duration, asked *[]string, document http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		now := time.Now().Add(off).UnixNano()
		w.Header().Set(api.HeaderTime, fmt.Sprintf("%d %d", now, now))
		if r.URL.Path == api.PathDocument {
			document(w, r)
		}
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestTheCollectorIsAskedItsTimeAndWhoWeAreAndNothingElse(t *testing.T) {
	var asked []string
	got := visited(t, noting(t, -90*time.Second, &asked, func(http.ResponseWriter, *http.Request) {}), nil, nil)
	if got.failed != stageDone || got.status != http.StatusOK || !got.timed {
		t.Errorf("%+v", got)
	}
	if off := (got.offset - 90*time.Second).Abs(); off > got.doubt+time.Second {
		t.Errorf("off by %s, doubt %s", got.offset, got.doubt)
	}
	if want := "GET /healthz |GET /api/v1/document Token cw_secret"; strings.Join(asked, "|") != want {
		t.Errorf("asked %q", asked)
	}
}

func TestWhoWeAreIsShownByTheCertificate(t *testing.T) {
	certificate := signed(t, pkix.Name{CommonName: "bd-1/a1"}, time.Now().Add(time.Hour), nil)
	var asked []string
	server := noting(t, 0, &asked, func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 1 && r.TLS.PeerCertificates[0].Subject.CommonName == "bd-1/a1" {
			(&api.Error{Code: api.CodeTwin, Message: "m"}).WriteTo(w)
		}
	})
	got := visited(t, server, func(c *CheckConfig) { c.Token = "" }, certificate)
	if got.code != api.CodeTwin || got.status != http.StatusForbidden {
		t.Errorf("%+v", got)
	}
}

// The token is for the collector alone.
func TestNobodyButTheCollectorIsShownATokenOrAskedForMore(t *testing.T) {
	var asked []string
	note := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	}
	server := httptest.NewTLSServer(http.HandlerFunc(note))
	defer server.Close()
	got := visited(t, server, nil, nil)
	if got.failed != stageAnswer || got.stranger != http.StatusOK || got.timed {
		t.Errorf("an answer without the collector's time: %+v", got)
	}
	if len(asked) != 1 || asked[0] != "GET /healthz " {
		t.Errorf("asked %q", asked)
	}
	asked = nil
	got = visited(t, server, func(c *CheckConfig) {
		c.TLS.VerifyConnection = func(tls.ConnectionState) error { return x509.UnknownAuthorityError{} }
	}, nil)
	if got.failed != stageTLS || got.failure != api.PathCertificate || len(got.presented) == 0 || got.refused == nil || len(asked) > 0 {
		t.Errorf("%+v, asked %q", got, asked)
	}
}

func TestAPlainServerIsNoCollectorAndARedirectIsNotFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	to := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
	plain := httptest.NewServer(http.RedirectHandler(to, http.StatusFound))
	defer plain.Close()
	judge := quiet(t) // any certificate will do
	got := visited(t, judge, func(c *CheckConfig) { c.URL = strings.Replace(plain.URL, "http:", "https:", 1) }, nil)
	if got.failed != stageTLS || got.failure != api.PathNotTLS || got.portal.to != "localhost" || followed {
		t.Errorf("%+v, followed %t", got, followed)
	}
}

func TestARedirectToTheSameHostIsNoLoginPage(t *testing.T) {
	plain := httptest.NewServer(http.RedirectHandler("https://127.0.0.1/", http.StatusFound))
	defer plain.Close()
	got := visited(t, quiet(t), func(c *CheckConfig) { c.URL = strings.Replace(plain.URL, "http:", "https:", 1) }, nil)
	if got.portal.to != "" || got.portal.isPortal() {
		t.Errorf("%+v", got.portal)
	}
}

func TestAProxyIsAskedToPassOnAndItsAnswerKept(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "cw.example:8443" {
			t.Errorf("%s %s", r.Method, r.Host)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	through := func(c *CheckConfig) {
		c.URL = "https://cw.example:8443"
		c.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	}
	got := visited(t, quiet(t), through, nil)
	if got.failed != stageProxy || got.proxyStatus != http.StatusForbidden || "http://"+got.proxy != proxy.URL {
		t.Errorf("%+v", got)
	}
	proxy.Close()
	if got := visited(t, quiet(t), through, nil); got.failed != stageConnect || got.failure != api.PathRefused {
		t.Errorf("a dead proxy: %+v", got)
	}
}

func TestAProxyThatCannotBeOneIsSaidAndNotTried(t *testing.T) {
	for _, proxy := range []string{"http:", "http:///x", "http://host/[path"} {
		got := visited(t, quiet(t), func(c *CheckConfig) {
			c.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		}, nil)
		if got.proxyWrong == "" || got.failed != stageNothing {
			t.Errorf("%s: %+v", proxy, got)
		}
	}
}

func TestAProxysPasswordIsNowhereInWhatIsFound(t *testing.T) {
	got := visited(t, quiet(t), func(c *CheckConfig) {
		c.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://user:hidden-word@127.0.0.1:1") }
	}, nil)
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, "hidden-word") {
		t.Error(text)
	}
}
