//go:build integration

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"

	"communewatch/collector/api"
)

// authority signs servers' certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(name pkix.Name) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

func (a *authority) pin() string {
	sum := sha256.Sum256(a.cert.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (a *authority) server(host string, until time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "collector"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, err
}

// options are words "name=value" of a command.
func options(args []string) map[string]string {
	o := map[string]string{}
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		o[name] = value
	}
	return o
}

func (p *place) listen(at, network, address string) (l net.Listener, err error) {
	err = p.inside(at, func() error {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

func serve(ts *testscript.TestScript, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	ts.Defer(func() { s.Close(); <-done })
}

// startCollector writes agent.yaml for one at far: collector host=… [clock=+1h] [status=403 code=revoked] [targets=FILE]
func startCollector(ts *testscript.TestScript, _ bool, args []string) {
	o := options(args)
	host, port := o["host"], "8443"
	ca, err := newAuthority(pkix.Name{CommonName: "CommuneWatch CA"})
	ts.Check(err)
	name := host
	if o["name"] != "" {
		name = o["name"]
	}
	certificate, err := ca.server(name, time.Now().Add(time.Hour))
	ts.Check(err)
	if o["listen"] != "no" {
		l, err := placeOf(ts).listen("far", "tcp", "203.0.113.2:"+port)
		ts.Check(err)
		serve(ts, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}), collector(o))
	}
	who := "token: cw_secret_token"
	if o["identity"] == "yes" {
		own, err := ca.server("bd-21997", time.Now().Add(time.Hour))
		ts.Check(err)
		ts.Check(writeIdentity(ts.MkAbs("identity.pem"), own))
		who = "identity: identity.pem"
	}
	yaml := fmt.Sprintf("collector:\n  url: https://%s:%s\n  pin: %s\n  %s\n", host, port, ca.pin(), who)
	if o["targets"] != "" {
		yaml += ts.ReadFile(o["targets"])
	}
	ts.Check(os.WriteFile(ts.MkAbs("agent.yaml"), []byte(yaml), 0o600))
}

func writeIdentity(path string, c tls.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, one := range c.Certificate {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	return os.WriteFile(path, data, 0o600)
}

func collector(o map[string]string) http.Handler {
	off, _ := time.ParseDuration(o["clock"])
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came := time.Now().Add(off)
		w.Header().Set(api.HeaderTime, fmt.Sprintf("%d %d", came.UnixNano(), came.UnixNano()+1))
		if r.URL.Path != api.PathDocument {
			return
		}
		certified := len(r.TLS.PeerCertificates) > 0 && o["identity"] == "yes"
		if r.Header.Get("Authorization") != "Token cw_secret_token" && !certified {
			(&api.Error{Code: api.CodeUnauthorized}).WriteTo(w)
		} else if o["code"] != "" {
			(&api.Error{Code: api.Code(o["code"])}).WriteTo(w)
		} else {
			_ = json.NewEncoder(w).Encode(api.Document{})
		}
	})
}

// startStranger answers in the collector's place: stranger org=…; self=yes signs itself.
func startStranger(ts *testscript.TestScript, _ bool, args []string) {
	o := options(args)
	ca, err := newAuthority(pkix.Name{CommonName: o["cn"], Organization: []string{o["org"]}})
	ts.Check(err)
	certificate, err := ca.server("203.0.113.2", time.Now().Add(time.Hour))
	ts.Check(err)
	if o["self"] == "yes" {
		certificate = tls.Certificate{Certificate: [][]byte{ca.cert.Raw}, PrivateKey: ca.key}
	}
	l, err := placeOf(ts).listen("far", "tcp", "203.0.113.2:8443")
	ts.Check(err)
	serve(ts, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}}), http.NotFoundHandler())
}

// startPortal is a login page at ports of far: portal to=http://… 80 8443
func startPortal(ts *testscript.TestScript, _ bool, args []string) {
	o := options(args)
	for _, port := range args[1:] {
		l, err := placeOf(ts).listen("far", "tcp", "203.0.113.2:"+port)
		ts.Check(err)
		serve(ts, l, http.RedirectHandler(o["to"], http.StatusFound))
	}
}

// startMute takes connections at ports of far and never says a word.
func startMute(ts *testscript.TestScript, _ bool, args []string) {
	for _, port := range args {
		l, err := placeOf(ts).listen("far", "tcp", "203.0.113.2:"+port)
		ts.Check(err)
		ts.Defer(func() { l.Close() })
	}
}

// startProxy takes CONNECT at gw:3128 and answers with a status; open=yes passes on.
func startProxy(ts *testscript.TestScript, _ bool, args []string) {
	o, p := options(args), placeOf(ts)
	l, err := p.listen("gw", "tcp", "192.168.50.1:3128")
	ts.Check(err)
	serve(ts, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o["open"] != "yes" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		var far net.Conn
		if err := p.inside("gw", func() (err error) { far, err = net.Dial("tcp", r.Host); return err }); err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		fmt.Fprint(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(far, near); far.Close() }()
		io.Copy(near, far)
	}))
}

// startDNS answers at an address of a namespace: dns gw 192.168.50.1 name=address *=address
func startDNS(ts *testscript.TestScript, _ bool, args []string) {
	names := options(args[2:])
	var conn net.PacketConn
	ts.Check(placeOf(ts).inside(args[0], func() (err error) {
		conn, err = net.ListenPacket("udp", args[1]+":53")
		return err
	}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var buffer [512]byte
		for {
			n, from, err := conn.ReadFrom(buffer[:])
			if err != nil {
				return
			}
			if answer, err := answerDNS(buffer[:n], names); err == nil {
				conn.WriteTo(answer, from)
			}
		}
	}()
	ts.Defer(func() { conn.Close(); <-done })
}

func answerDNS(question []byte, names map[string]string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		return nil, fmt.Errorf("no question: %w", err)
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	address, known := names[strings.TrimSuffix(q.Name.String(), ".")]
	if !known {
		address, known = names["*"]
	}
	switch {
	case !known:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
		}}
	}
	return m.Pack()
}

// startSNMPD runs net-snmp at device: snmpd community=… [user=… auth=… privacy=…]
func startSNMPD(ts *testscript.TestScript, _ bool, args []string) {
	o := options(args)
	folder := ts.MkAbs("snmpd")
	ts.Check(os.MkdirAll(folder, 0o700))
	lines := []string{"agentaddress udp:192.168.50.30:161", "rocommunity " + o["community"], "sysName office-nas", "sysDescr Test storage"}
	if o["user"] != "" {
		lines = append(lines, fmt.Sprintf("createUser %s SHA-256 %q AES %q\nrouser %s priv", o["user"], o["auth"], o["privacy"], o["user"]))
	}
	conf := filepath.Join(folder, "snmpd.conf")
	ts.Check(os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	cmd := inNamespace(ctx, placeOf(ts).prefix+"device", "snmpd", "-f", "-Lo", "-C", "-c", conf, "-p", filepath.Join(folder, "pid"))
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+filepath.Join(folder, "state"), "MIBS=")
	ts.Check(cmd.Start())
	go func() { ended <- cmd.Wait() }()
	ts.Defer(func() { cancel(); <-ended })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if out, _ := inNamespace(ctx, placeOf(ts).prefix+"device", "ss", "-lun").Output(); strings.Contains(string(out), "192.168.50.30:161") {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("snmpd does not start")
		}
	}
}
