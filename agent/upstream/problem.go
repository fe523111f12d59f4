package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Problem is why the collector could not be reached, or enrolled with: each has another
// answer to what a person should do now.
type Problem string

const (
	ProblemInvitation  Problem = "invitation"  // its address or pin cannot be: ask for it again
	ProblemName        Problem = "no_name"     // Who does not resolve: DNS, or a mistyped address
	ProblemNoRoute     Problem = "no_route"    // no way leads to Who: cable, Wi-Fi, router
	ProblemClosed      Problem = "refused"     // Who answers, and nothing listens there
	ProblemTimeout     Problem = "timeout"     // Who does not answer, or not in time: a firewall, a dead line
	ProblemCut         Problem = "cut"         // the connection was ended by somebody: a firewall
	ProblemProxyLogin  Problem = "proxy_login" // the proxy Who wants a name and a password
	ProblemProxy       Problem = "proxy"       // the proxy Who cannot be reached, or does not let us through
	ProblemIntercepted Problem = "intercepted" // Who opens the TLS on the way and signs it anew
	ProblemPin         Problem = "wrong_pin"   // somebody else's server: its certificate is signed by Who
	ProblemCertificate Problem = "certificate" // the collector's own, and it has expired or is for another name
	ProblemStranger    Problem = "stranger"    // an answer, not the collector's: a login page
	ProblemUsed        Problem = "used"        // the invitation was used, on another machine
	ProblemExpired     Problem = "expired"     // the invitation is too old
	ProblemUnknown     Problem = "unknown"     // the collector does not know the invitation, or took it back
	ProblemBusy        Problem = "busy"        // the collector cannot now: again after Wait
	ProblemAnswer      Problem = "answer"      // the collector refuses for the reason in Code
	ProblemReply       Problem = "bad_reply"   // the certificate that came is not what was asked for
	ProblemDisk        Problem = "disk"        // the identity could not be written
	ProblemStopped     Problem = "stopped"     // whoever asked did not want to wait longer
)

// Failure is a [Problem] and what is known of it. It holds no secret.
type Failure struct {
	Problem Problem
	Who     string        // the proxy, the issuer of a certificate, or the host, as the problem has it
	Code    api.Code      // of an answer of the collector
	Wait    time.Duration // with ProblemBusy: at least
	Err     error
}

func (f *Failure) Error() string {
	if f.Who == "" {
		return fmt.Sprintf("%s: %v", f.Problem, f.Err)
	}
	return fmt.Sprintf("%s (%s): %v", f.Problem, f.Who, f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// ProxyError is a proxy's answer to the wish to be connected.
type ProxyError struct {
	Proxy  string // host:port
	Status int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("proxy %s answers %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// explain says what an exchange that had no answer failed of. proxy is the one in
// between, nil if there is none.
func explain(err error, host string, proxy *url.URL) *Failure {
	f := &Failure{Problem: ProblemCut, Who: host, Err: err}
	var (
		certificate *CertificateError
		answered    *ProxyError
		operation   *net.OpError
		name        *net.DNSError
		notTLS      tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, context.Canceled):
		f.Problem, f.Who = ProblemStopped, ""
	case errors.As(err, &certificate):
		f.Problem, f.Who = explainCertificate(certificate, host)
	case errors.As(err, &answered):
		f.Problem, f.Who = ProblemProxy, answered.Proxy
		if answered.Status == http.StatusProxyAuthRequired {
			f.Problem = ProblemProxyLogin
		}
	case proxy != nil && errors.As(err, &operation) && (operation.Op == "proxyconnect" || strings.HasPrefix(operation.Op, "socks")):
		f.Problem, f.Who = ProblemProxy, proxy.Host
	case errors.Is(err, errProxyForm):
		f.Problem, f.Who = ProblemProxy, ""
	case errors.As(err, &name):
		f.Problem = ProblemName
	case noWay(err):
		f.Problem = ProblemNoRoute
	case closed(err):
		f.Problem = ProblemClosed
	case timedOut(err), unacknowledged(err):
		f.Problem = ProblemTimeout
	case errors.Is(err, errRepeated), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &notTLS), alert(err):
		f.Problem = ProblemStranger
	}
	return f
}

// alert tells whether the other side ended the TLS handshake with a word: one that the
// collector has no reason to say.
func alert(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && (operation.Op == "remote error" || operation.Op == "local error")
}

// collectorsCA is how the collector's own authority calls itself (collector/enrol): a
// certificate of one like it that is not ours is of another collector, or of one that was
// set up anew, and not of a proxy.
const collectorsCA = "CommuneWatch CA"

func explainCertificate(e *CertificateError, host string) (Problem, string) {
	switch {
	case !e.Foreign:
		return ProblemCertificate, host
	case e.Named && e.Issuer != collectorsCA:
		return ProblemIntercepted, e.Issuer
	}
	return ProblemPin, e.Issuer
}

// explainCode says what the collector's refusal of an enrolment means.
func explainCode(e *api.Error, wait time.Duration) *Failure {
	f := &Failure{Problem: ProblemAnswer, Code: e.Code, Err: errors.New(api.CleanText(e.Error()))}
	switch e.Code {
	case api.CodeTokenUsed:
		f.Problem = ProblemUsed
	case api.CodeTokenExpired:
		f.Problem = ProblemExpired
	case api.CodeUnauthorized, api.CodeRevoked: // the agent that it made was shut out since
		f.Problem = ProblemUnknown
	case api.CodeTooMany, api.CodeUnavailable:
		f.Problem, f.Wait = ProblemBusy, wait
	}
	return f
}
