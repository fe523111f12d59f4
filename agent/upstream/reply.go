package upstream

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"communewatch/collector/api"
)

// requestBody is what is sent to be given a certificate for a key.
func requestBody(id *identity, token string, who api.EnrolRequest) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{SignatureAlgorithm: x509.ECDSAWithSHA256}, id.key)
	if err != nil {
		return nil, fmt.Errorf("ask for a certificate: %w", err)
	}
	who.Token = token
	who.CSR = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	who.OS, who.Arch = runtime.GOOS, runtime.GOARCH
	who.Host = api.CleanText(who.Host)
	if len(who.Machine) > api.MaxMachine {
		return nil, fmt.Errorf("the machine's mark has %d bytes, at most %d", len(who.Machine), api.MaxMachine)
	}
	return json.Marshal(who)
}

// decideReply reads the answer to such a request: the reply, or the collector's
// refusal, or neither, when it is not the collector's at all.
func decideReply(a answer) (*api.EnrolReply, *api.Error) {
	if a.err != nil {
		return nil, nil
	}
	if a.status == http.StatusOK && timed(a.header) {
		var reply api.EnrolReply
		if err := json.Unmarshal(a.body, &reply); err != nil || reply.Certificate == "" {
			return nil, nil
		}
		return &reply, nil
	}
	if e, ok := contractError(a); ok && a.status >= http.StatusBadRequest {
		return nil, &e
	}
	return nil, nil
}

// take holds a reply against what was asked for, at the collector's time, and makes the
// identity whole with it.
func (i *identity) take(reply *api.EnrolReply, t *trust, now time.Time) error {
	chain, err := parsePEM([]byte(reply.Certificate))
	if err != nil {
		return fmt.Errorf("certificate of the reply: %w", err)
	}
	leaf := chain[0]
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(i.key.Public()) {
		return errors.New("certificate of the reply is for another key")
	}
	if err := t.verifyOwn(chain, now); err != nil {
		return fmt.Errorf("certificate of the reply: %w", err)
	}
	i.chain = nil
	for _, c := range chain {
		i.chain = append(i.chain, bytes.Clone(c.Raw))
	}
	i.leaf, i.renewAfter = leaf, renewalTime(leaf, reply.RenewAfter)
	return nil
}

// verifyOwn checks a certificate that was made for us.
func (t *trust) verifyOwn(chain []*x509.Certificate, now time.Time) error {
	roots := t.roots
	if t.pin != nil {
		roots = t.pinned(chain)
	}
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	// It was made this moment, and we know the collector's time to half a round trip only.
	if early := chain[0].NotBefore.Sub(now); early > 0 && early < time.Minute {
		options.CurrentTime = chain[0].NotBefore
	}
	for _, c := range roots {
		options.Roots.AddCert(c)
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(options)
	return err
}
