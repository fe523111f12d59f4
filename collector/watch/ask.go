package watch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"
)

const (
	askTimeout = 15 * time.Second
	maxAnswer  = 4 << 10
	ready      = "ok\n" // what the collector says; a login page says something else
)

func clientFor(ca string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read the CA's certificate: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", ca)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Transport: transport, Timeout: askTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// ask gives what is wrong with the collector, nil if nothing is.
func ask(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return bare(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return bare(err)
	case response.Header.Get("Location") != "":
		return fmt.Errorf("%d, which leads to %s; the collector answers itself", response.StatusCode, oneLine([]byte(response.Header.Get("Location"))))
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%d %s", response.StatusCode, oneLine(body))
	case string(body) != ready:
		return errors.New("something else answers there: " + oneLine(body))
	}
	return nil
}

// bare is an error without the address that package http puts before it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// oneLine is what the other side says, cut. What would move a terminal's cursor, or turn
// a text around, does not get into a log or a mail: who answers may be anybody.
func oneLine(body []byte) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(string(body), "?"))
	text := []rune(strings.Join(strings.Fields(plain), " "))
	if len(text) > 200 {
		return string(text[:200]) + "…"
	}
	return string(text)
}
