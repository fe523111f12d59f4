package enrol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Life of an agent's certificate.
const (
	CertificateLife = 30 * 24 * time.Hour
	RenewAfter      = 10 * 24 * time.Hour // two thirds of its life are left to succeed in
	// certificateBack lets it begin before it was made, for PCs whose clock is some days behind.
	certificateBack = 7 * 24 * time.Hour
	// Grace is for how long an expired certificate may still be renewed, and nothing else.
	Grace = 400 * 24 * time.Hour
)

// scheme is that of the URI by which a certificate names its agent:
// "communewatch:bd-21997/a1?enrolment=2&certificate=7".
const scheme = "communewatch"

// identity is what an agent's certificate says.
type identity struct {
	Holder
	enrolment, number int
	serial            string
	notAfter          time.Time
}

func (id identity) uri() *url.URL {
	return &url.URL{Scheme: scheme, Opaque: id.Site + "/" + id.Agent,
		RawQuery: fmt.Sprintf("enrolment=%d&certificate=%d", id.enrolment, id.number)}
}

// identityOf reads a certificate that is of an authority's and made for an agent.
// Signature and purpose are checked here, dates are not.
func identityOf(certificate, authority *x509.Certificate) (identity, error) {
	if err := certificate.CheckSignatureFrom(authority); err != nil {
		return identity{}, errors.New("it is not of this collector's authority")
	}
	if certificate.IsCA || !slices.Equal(certificate.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) || len(certificate.URIs) != 1 {
		return identity{}, errors.New("it is not an agent's")
	}
	id := identity{serial: certificate.SerialNumber.Text(16), notAfter: certificate.NotAfter}
	uri := certificate.URIs[0]
	site, agent, _ := strings.Cut(uri.Opaque, "/")
	id.Holder = Holder{site, agent}
	query := uri.Query()
	id.enrolment, _ = strconv.Atoi(query.Get("enrolment"))
	id.number, _ = strconv.Atoi(query.Get("certificate"))
	// Written again it must be the same: nothing is read two ways.
	if !plainName.MatchString(site) || !plainName.MatchString(agent) || id.enrolment < 1 || id.number < 1 || id.uri().String() != uri.String() {
		return identity{}, errors.New("its name is not an agent's")
	}
	return id, nil
}

// certify signs an agent's certificate. It is the same to the last byte each time, so
// that an answer that was lost can be given again: the signature takes no chance
// (RFC 6979).
func (a *Authority) certify(agent Agent, key *ecdsa.PublicKey) ([]byte, error) {
	serial, ok := new(big.Int).SetString(agent.Serial, 16)
	if !ok {
		return nil, fmt.Errorf("certify %s: serial %q is no number", agent.Site, agent.Serial)
	}
	id := identity{Holder: agent.Holder, enrolment: agent.Enrolment, number: agent.Number}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: agent.Site + " " + agent.Agent},
		URIs:         []*url.URL{id.uri()},
		NotBefore:    agent.Issued.Add(-certificateBack),
		NotAfter:     agent.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(nil, template, a.certificate, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("certify %s: %w", agent.Site, err)
	}
	var chain []byte
	for _, der := range [][]byte{der, a.certificate.Raw} {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return chain, nil
}

// keyOfCSR takes the one thing that is believed of a request for a certificate: a
// P-256 key, of which the sender has proven that it has the private half; and the
// key's hash.
func keyOfCSR(text string) (*ecdsa.PublicKey, string, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, "", errors.New("csr is not one CERTIFICATE REQUEST in PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, "", fmt.Errorf("csr cannot be read: %w", err)
	}
	key, ok := request.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, "", errors.New("the csr's key is not ECDSA P-256")
	}
	if err := request.CheckSignature(); err != nil {
		return nil, "", errors.New("the csr is not signed by its own key")
	}
	return key, hashOfSPKI(request.RawSubjectPublicKeyInfo), nil
}

func hashOfSPKI(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
