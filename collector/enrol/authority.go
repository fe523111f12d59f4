package enrol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// Files of the authority's folder.
const (
	keyFile         = "ca.key"     // PKCS #8, the one thing that must be kept and backed up
	certificateFile = "ca.crt"     // can be made again from the key
	serverFile      = "server.pem" // key and chain of the server; made again as needed
)

// maxPEMBytes bounds what is read of such a file.
const maxPEMBytes = 64 << 10

// The authority's life does not hang on the clock of the day when it was made,
// which may have been wrong.
var (
	caNotBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	caNotAfter  = time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Authority is the collector's own certificate authority. Agents are given its pin
// and trust no other.
type Authority struct {
	dir         string
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

// OpenAuthority loads the authority of a folder, or makes one if the folder is new.
// It refuses files that others can read, a key that does not fit its certificate,
// and a certificate without its key: a new authority in its place would lock out
// every agent.
func OpenAuthority(dir string) (*Authority, error) {
	if err := privateFolder(dir); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	defer unlock()
	a := &Authority{dir: dir}
	if err := a.load(); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	return a, nil
}

// Pin is how an agent knows this authority: "sha256:" and the hexadecimal SHA-256
// of its SubjectPublicKeyInfo (RFC 7469 §2.4), which is the key's and not the
// certificate's.
func (a *Authority) Pin() string {
	sum := sha256.Sum256(a.certificate.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// load reads key and certificate, key first; what is missing is made, in that
// order, so that a power cut between the two leaves a state that goes on.
func (a *Authority) load() error {
	keyPath, certificatePath := filepath.Join(a.dir, keyFile), filepath.Join(a.dir, certificateFile)
	keyPEM, _, keyErr := private(keyPath, maxPEMBytes)
	certificatePEM, _, certificateErr := private(certificatePath, maxPEMBytes)
	hasCertificate := !errors.Is(certificateErr, fs.ErrNotExist)
	if hasCertificate && certificateErr != nil {
		return certificateErr
	}
	switch {
	case errors.Is(keyErr, fs.ErrNotExist) && hasCertificate:
		return fmt.Errorf("%s is missing though %s is there: restore it from a backup; "+
			"without one, move %s away too, and give every agent the new pin", keyPath, certificatePath, certificatePath)
	case errors.Is(keyErr, fs.ErrNotExist):
		if keyPEM, keyErr = makeKey(keyPath); keyErr != nil {
			return keyErr
		}
	case keyErr != nil:
		return keyErr
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return fmt.Errorf("%s: %w; restore it from a backup", keyPath, err)
	}
	a.key = key
	if !hasCertificate {
		if certificatePEM, err = a.makeCertificate(certificatePath); err != nil {
			return err
		}
	}
	return a.take(certificatePath, certificatePEM)
}

// take checks the authority's certificate against its key.
func (a *Authority) take(path string, data []byte) error {
	certificate, err := parseCertificate(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || !public.Equal(a.key.Public()) {
		return fmt.Errorf("%s does not belong to the key in %s: restore the two that agents are pinned to, "+
			"or move the certificate away and it is made again from the key", path, filepath.Join(a.dir, keyFile))
	}
	if !certificate.IsCA {
		return fmt.Errorf("%s is not the certificate of an authority", path)
	}
	a.certificate = certificate
	return nil
}

func makeKey(path string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	data, err := encodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return data, replace(path, data)
}

func (a *Authority) makeCertificate(path string) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "CommuneWatch CA"},
		NotBefore:             caNotBefore,
		NotAfter:              caNotAfter,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return data, replace(path, data)
}

// ServerCertificate is the certificate, with its chain up to and with the authority,
// for the names and addresses by which agents reach the server. The one on disk is
// used as long as it has those names and more than a third of its life; call it
// again now and then. A host that is neither a name nor an address is left out: no
// agent could ask for it.
func (a *Authority) ServerCertificate(hosts []string) (tls.Certificate, error) {
	names, addresses := sortHosts(hosts)
	if len(names)+len(addresses) == 0 {
		return tls.Certificate{}, errors.New("make server certificate: no name and no address to make it for")
	}
	unlock, err := lock(a.dir)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make server certificate: %w", err)
	}
	defer unlock()
	path := filepath.Join(a.dir, serverFile)
	// Whatever is wrong with the old one, a new one mends it.
	if data, _, err := private(path, maxPEMBytes); err == nil {
		if old, err := tls.X509KeyPair(data, data); err == nil && a.stillGood(old, names, addresses) {
			return old, nil
		}
	}
	return a.makeServer(path, names, addresses)
}
