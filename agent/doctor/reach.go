package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"communewatch/collector/api"
)

// stepLimit bounds each of name, connection and TLS.
const stepLimit = 5 * time.Second

// way is what a look found.
type way struct {
	address           netip.Addr // invalid: none is known
	dns, connect, tls step
	trace             trace
	mtu               mtu
}

// step is one thing that sending needs. Neither done nor failed: it was not tried.
type step struct {
	took    time.Duration
	done    bool
	failure string
}

// timed does a step and names its failure.
func timed(ctx context.Context, name func(error) string, do func(context.Context) error) step {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	began := time.Now()
	if err := do(ctx); err != nil {
		return step{failure: name(err)}
	}
	return step{took: time.Since(began), done: true}
}

// reach does what sending does, up to the first request. A name that does not resolve now
// may have done so before: the way to that address is looked at all the same.
func (d *Doctor) reach(ctx context.Context) *way {
	w := &way{}
	if literal, err := netip.ParseAddr(d.host); err == nil {
		w.address = literal.Unmap()
	} else {
		w.dns = timed(ctx, dnsFailure, func(ctx context.Context) (err error) {
			w.address, err = d.resolve(ctx, d.host)
			return err
		})
		if w.dns.done {
			d.known = w.address
		}
		w.address = d.known
	}
	if !w.address.IsValid() {
		return w
	}
	var conn net.Conn
	w.connect = timed(ctx, connectFailure, func(ctx context.Context) (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(w.address.String(), d.port))
		return err
	})
	if conn != nil {
		defer conn.Close()
		w.tls = d.shake(ctx, conn)
	}
	return w
}

// wayTo only finds the address.
func (d *Doctor) wayTo(ctx context.Context, address string) *way {
	limited, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	found, _ := d.resolve(limited, address) // without one, the trace says that no address is known
	return &way{address: found}
}

func (d *Doctor) resolve(ctx context.Context, host string) (netip.Addr, error) {
	if literal, err := netip.ParseAddr(host); err == nil {
		return literal.Unmap(), nil
	}
	found, err := d.deps.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(found) == 0 {
		return netip.Addr{}, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return found[0].Unmap(), nil
}

// shake does TLS and ends the connection: nothing is asked, no token is sent.
func (d *Doctor) shake(ctx context.Context, conn net.Conn) step {
	cfg := d.cfg.TLS.Clone()
	cfg.ServerName = d.host
	refused := false
	if judge := cfg.VerifyConnection; judge != nil {
		cfg.VerifyConnection = func(state tls.ConnectionState) error {
			err := judge(state)
			refused = err != nil
			return err
		}
	}
	return timed(ctx, func(err error) string {
		var unverified *tls.CertificateVerificationError
		if refused || errors.As(err, &unverified) {
			return api.PathCertificate
		}
		return tlsFailure(err)
	}, tls.Client(conn, cfg).HandshakeContext)
}

// dnsFailure: why resolvers could not be asked, Go's own does not pass on.
func dnsFailure(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return api.PathNoName
	case timedOut(err):
		return api.PathTimeout
	}
	return api.PathOther
}

func connectFailure(err error) string {
	switch {
	case timedOut(err):
		return api.PathTimeout
	case saidNo(err):
		return api.PathRefused
	case brokeOff(err):
		return api.PathReset
	case noRoute(err):
		return api.PathNoRoute
	}
	return api.PathOther
}

func tlsFailure(err error) string {
	var notTLS tls.RecordHeaderError
	switch {
	case timedOut(err):
		return api.PathTimeout
	case errors.As(err, &notTLS):
		return api.PathNotTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), brokeOff(err):
		return api.PathReset
	}
	return api.PathOther
}

func timedOut(err error) bool {
	var late net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &late) && late.Timeout()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
