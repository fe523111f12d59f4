package enrol

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pinned is how an agent verifies: the chain must end in the key that it was given.
func pinned(pin, host string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         host,
		InsecureSkipVerify: true, // replaced by what stands below
		VerifyConnection: func(state tls.ConnectionState) error {
			roots := x509.NewCertPool()
			for _, c := range state.PeerCertificates {
				if sum := sha256.Sum256(c.RawSubjectPublicKeyInfo); pin == "sha256:"+hex.EncodeToString(sum[:]) {
					roots.AddCert(c)
				}
			}
			_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
			return err
		},
	}
}

// dial connects to a server with that certificate and says "hi".
func dial(t *testing.T, certificate tls.Certificate, client *tls.Config) error {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err == nil {
			io.WriteString(conn, "hi")
			conn.Close()
		}
	}()
	defer func() { listener.Close(); <-done }()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", listener.Addr().String(), client)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.ReadAll(conn)
	return err
}

func TestAnAgentThatKnowsThePinConnectsByEveryNameAndNoOther(t *testing.T) {
	a := open(t, filepath.Join(t.TempDir(), "keys"))
	certificate := serverOf(t, a, append(loopback, "Collector.Example.", "10.0.0.7", "fe80::1%eth0", "::ffff:10.0.0.8")...)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "collector.example", "10.0.0.7", "fe80::1", "10.0.0.8"} {
		if err := dial(t, certificate, pinned(a.Pin(), host)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"other.example", "10.0.0.9"} {
		if err := dial(t, certificate, pinned(a.Pin(), host)); err == nil {
			t.Errorf("%s: connected", host)
		}
	}
}

func TestAnAgentPinnedToAnotherAuthorityDoesNotConnect(t *testing.T) {
	ours, theirs := open(t, filepath.Join(t.TempDir(), "keys")), open(t, filepath.Join(t.TempDir(), "keys"))
	if err := dial(t, serverOf(t, ours, loopback...), pinned(theirs.Pin(), "localhost")); err == nil {
		t.Error("connected")
	}
}

func TestAHostThatNobodyCanAskForIsLeftOut(t *testing.T) {
	a := open(t, filepath.Join(t.TempDir(), "keys"))
	certificate := serverOf(t, a, "máy chủ", "", "localhost", "a b", "localhost", "LOCALHOST")
	if d := cmp.Diff([]string{"localhost"}, certificate.Leaf.DNSNames); d != "" {
		t.Error(d)
	}
	if _, err := a.ServerCertificate([]string{"máy chủ", ""}); err == nil {
		t.Error("a certificate for nobody")
	}
}

func TestTheServersCertificateLastsAndIsRenewedInTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(26 * 365 * 24 * time.Hour) // the bubble begins in 2000
		first := serverOf(t, open(t, dir), loopback...)
		leaf := first.Leaf
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*24*time.Hour {
			t.Errorf("it lives %s", life)
		}
		if back := time.Since(leaf.NotBefore); back < 48*time.Hour {
			t.Errorf("a PC whose clock is two days behind is refused: it begins %s ago", back)
		}
		again := func(hosts ...string) bool {
			return serverOf(t, open(t, dir), hosts...).Leaf.SerialNumber.Cmp(leaf.SerialNumber) != 0
		}
		if again("::1", "127.0.0.1", "localhost") {
			t.Error("the order of hosts made a new one")
		}
		time.Sleep(250 * 24 * time.Hour)
		if again(loopback...) {
			t.Error("renewed with more than a third left")
		}
		time.Sleep(10 * 24 * time.Hour)
		if !again(loopback...) {
			t.Error("not renewed with less than a third left")
		}
		leaf = serverOf(t, open(t, dir), loopback...).Leaf
		if !again("localhost") {
			t.Error("kept though hosts changed")
		}
		leaf = serverOf(t, open(t, dir), loopback...).Leaf
		if err := os.WriteFile(filepath.Join(dir, serverFile), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !again(loopback...) {
			t.Error("a damaged one was kept")
		}
	})
}

func TestAClockThatWasWrongWhenTheAuthorityWasMadeDoesNotEndIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	var a *Authority
	synctest.Test(t, func(t *testing.T) { // in the year 2000
		a = open(t, dir)
		serverOf(t, a, loopback...)
	})
	if err := dial(t, serverOf(t, a, loopback...), pinned(a.Pin(), "localhost")); err != nil {
		t.Error(err)
	}
}
