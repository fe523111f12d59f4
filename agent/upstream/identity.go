package upstream

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// An identity is kept in up to three files, so that whenever the power goes, one of
// them has a key and a certificate that work:
//
//	identity.pem      the one in use
//	identity.pem.new  the key of the next, from before it is asked for until it is in use:
//	                  should the answer be lost, the same key is asked for again
//	identity.pem.old  the one before, until the collector has taken a write under the new
const (
	nextSuffix  = ".new"
	priorSuffix = ".old"
)

// maxIdentityBytes bounds such a file; one has 2 KB.
const maxIdentityBytes = 64 << 10

// What stands before the first block of PEM, as RFC 7468 §2 allows, so that other
// programs read the file too.
const (
	identityNote = "Who has this file reports in the name of this office: keep it private."
	purposeLine  = "For: "
	renewLine    = "Renew-After: "
)

// ErrNoIdentity: the machine is not enrolled, or was not to the end.
var ErrNoIdentity = errors.New("this machine is not enrolled")

var errDamaged = errors.New("the file cannot be used")

// identity is a key and the certificate that the collector gave for it.
type identity struct {
	purpose    string // what the key was made for: it is used for that only
	key        *ecdsa.PrivateKey
	chain      [][]byte          // DER, the agent's first; none while the answer is not here
	leaf       *x509.Certificate // nil likewise
	renewAfter time.Time         // by the collector's clock
	file       []byte            // as it stands on disk
}

func newIdentity(purpose string) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return &identity{purpose: purpose, key: key}, nil
}

// loadIdentity gives the identity to use: that of the file, or, if it cannot be read,
// the one before. complaint says what was wrong with a file that was passed over.
func loadIdentity(path string) (id *identity, complaint, err error) {
	id, err = readIdentity(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing || errors.Is(err, errDamaged) {
		if prior, priorErr := readIdentity(path + priorSuffix); priorErr == nil {
			return prior, errors.Join(err, prior.save(path)), nil // it works even if it cannot be put back
		}
	}
	if missing {
		err = fmt.Errorf("%w: %w", ErrNoIdentity, err)
	}
	return id, nil, err
}

// readIdentity reads one that can be used: with its certificate.
func readIdentity(path string) (*identity, error) {
	id, err := readKey(path)
	if err == nil && id.leaf == nil {
		return nil, fmt.Errorf("%s holds a key without its certificate: %w, or the file is cut off: %w", path, ErrNoIdentity, errDamaged)
	}
	return id, err
}

// readKey reads one that may still wait for its certificate.
func readKey(path string) (*identity, error) {
	data, err := readPrivate(path, maxIdentityBytes)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w: %w; enrol again", path, err, errDamaged)
	}
	return id, nil
}

func parseIdentity(data []byte) (*identity, error) {
	id := &identity{file: data}
	rest := data
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if err := id.takeBlock(block); err != nil {
			return nil, err
		}
	}
	if bytes.Contains(rest, []byte("-----BEGIN")) {
		return nil, errors.New("is cut off or damaged")
	}
	if id.key == nil {
		return nil, errors.New("holds no private key: it is cut off or damaged")
	}
	if err := id.checkLeaf(); err != nil {
		return nil, err
	}
	id.readNotes(data)
	return id, nil
}

func (i *identity) takeBlock(block *pem.Block) error {
	switch block.Type {
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return fmt.Errorf("holds no readable private key: %w", err)
		}
		ec, ok := key.(*ecdsa.PrivateKey)
		if !ok || ec.Curve != elliptic.P256() || i.key != nil {
			return errors.New("does not hold one key of ECDSA P-256")
		}
		i.key = ec
	case "CERTIFICATE":
		i.chain = append(i.chain, block.Bytes)
	}
	return nil
}

func (i *identity) checkLeaf() error {
	if len(i.chain) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(i.chain[0])
	if err != nil {
		return fmt.Errorf("holds no readable certificate: %w", err)
	}
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(i.key.Public()) {
		return errors.New("holds a certificate of another key")
	}
	i.leaf = leaf
	return nil
}

// readNotes reads the lines before the first block. A time for the renewal that cannot
// be is replaced by the end of the first third of the certificate's life.
func (i *identity) readNotes(data []byte) {
	head, _, _ := bytes.Cut(data, []byte("-----BEGIN"))
	for line := range strings.Lines(string(head)) {
		line = strings.TrimSpace(line)
		if purpose, ok := strings.CutPrefix(line, purposeLine); ok {
			i.purpose = purpose
		}
		if when, ok := strings.CutPrefix(line, renewLine); ok {
			i.renewAfter, _ = time.Parse(time.RFC3339, when)
		}
	}
	if i.leaf != nil {
		i.renewAfter = renewalTime(i.leaf, i.renewAfter)
	}
}

func renewalTime(leaf *x509.Certificate, wanted time.Time) time.Time {
	if wanted.After(leaf.NotBefore) && wanted.Before(leaf.NotAfter) {
		return wanted
	}
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 3)
}

// save writes the identity into a file of its own.
func (i *identity) save(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return fmt.Errorf("encode the key: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s%s\n", identityNote, purposeLine, i.purpose)
	if i.leaf != nil {
		fmt.Fprintf(&b, "%s%s\n", renewLine, i.renewAfter.UTC().Format(time.RFC3339))
	}
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der}) // into memory
	for _, c := range i.chain {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c})
	}
	if err := savePrivate(path, b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	i.file = b.Bytes()
	return nil
}

// pair is what is shown in a TLS handshake. The collector has its CA's certificate:
// sending it along would cost 500 bytes on each new connection.
func (i *identity) pair() *tls.Certificate {
	return &tls.Certificate{Certificate: i.chain[:1], PrivateKey: i.key, Leaf: i.leaf}
}

// nextKey gives the key to ask with for a purpose: the one of an asking whose answer was
// lost, or a new one, which is on disk before anybody hears of it.
func nextKey(path, purpose string) (*identity, error) {
	next := path + nextSuffix
	if id, err := readKey(next); err == nil && id.purpose == purpose {
		return id, nil
	}
	id, err := newIdentity(purpose)
	if err != nil {
		return nil, err
	}
	return id, id.save(next)
}
