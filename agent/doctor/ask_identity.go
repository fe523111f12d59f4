package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// identityFacts is what stands in the identity's file.
type identityFacts struct {
	path        string
	missing     bool
	err         error // it cannot be read
	keyOnly     bool  // it was asked for, and no answer came
	certificate *tls.Certificate
	leaf        *x509.Certificate
}

const maxIdentity = 64 << 10

func readIdentity(path string) identityFacts {
	f := identityFacts{path: path}
	if path == "" {
		return f
	}
	file, err := os.Open(path)
	if err != nil {
		f.missing, f.err = os.IsNotExist(err), err
		return f
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxIdentity))
	if err != nil {
		f.err = err
		return f
	}
	if !holds(data, "CERTIFICATE") {
		f.keyOnly = holds(data, "")
		f.err = errors.New("no certificate in it")
		return f
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		f.err = fmt.Errorf("key and certificate: %w", err)
		return f
	}
	f.certificate, f.leaf = &pair, pair.Leaf
	return f
}

// holds tells whether a PEM file has a block of a kind, or, with "", any.
func holds(data []byte, kind string) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if kind == "" || block.Type == kind {
			return true
		}
	}
	return false
}
