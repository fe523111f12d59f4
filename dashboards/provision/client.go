package provision

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/grafana-tools/sdk"

	"communewatch/dashboards"
)

// grafana is a Grafana we may write to. Calls go through grafana-tools/sdk where
// it has them (health, folders, reading a dashboard, making a data source), else
// through call in rest.go; both through one guard.
type grafana struct {
	url  string
	dry  bool // nothing is written
	http *http.Client
	sdk  *sdk.Client
}

func connect(cfg Config, deps Deps) (*grafana, error) {
	next := http.DefaultTransport
	if deps.HTTPClient != nil && deps.HTTPClient.Transport != nil {
		next = deps.HTTPClient.Transport
	}
	client := &http.Client{
		Transport: &guard{next: next, authorization: authorization(cfg.Token), hide: secretWords(cfg), dry: cfg.DryRun},
		Timeout:   callTimeout,
		// A credential is not carried to where a redirect points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// No credential for the sdk: it would put a password into the address.
	api, err := sdk.NewClient(cfg.GrafanaURL, "", client)
	if err != nil {
		return nil, err
	}
	return &grafana{url: cfg.GrafanaURL, dry: cfg.DryRun, http: client, sdk: api}, nil
}

// authorization is the header for a token or for user:password.
func authorization(token string) string {
	if strings.Contains(token, ":") {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(token))
	}
	return "Bearer " + token
}

// secretWords hides every form in which a secret of ours could come back in what
// the other side says.
func secretWords(cfg Config) *strings.Replacer {
	var pairs []string
	_, encoded, _ := strings.Cut(authorization(cfg.Token), " ")
	words := append([]string{encoded}, cfg.Token, cfg.InfluxCredential)
	for _, s := range []string{cfg.Token, cfg.InfluxCredential} {
		if _, password, ok := strings.Cut(s, ":"); ok {
			words = append(words, password)
		}
	}
	words = append(words, cfg.Contacts.TelegramToken)
	for _, address := range []string{cfg.Contacts.Webhook, cfg.Contacts.Watchdog} {
		words = append(words, address)
		if u, err := url.Parse(address); err == nil && len(u.RequestURI()) > 1 {
			words = append(words, u.RequestURI())
		}
	}
	for _, w := range words {
		if w != "" {
			pairs = append(pairs, w, "…")
		}
	}
	return strings.NewReplacer(pairs...)
}

// refusal is an answer of Grafana other than 2xx.
type refusal struct {
	status  int
	message string // Grafana's own
}

func (r *refusal) Error() string {
	switch r.status {
	case http.StatusUnauthorized:
		return "Grafana does not know this token or password (401): make a service account with the role Admin and give its token"
	case http.StatusForbidden:
		return "the token may not do this (403): the service account needs the role Admin"
	case http.StatusPreconditionFailed:
		return "somebody else changed it in this moment (412), run again: " + r.message
	}
	return fmt.Sprintf("Grafana answers %d: %s", r.status, r.message)
}

func refused(err error, status int) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == status
}

// guard stands between us and Grafana, for the sdk too, which has no limits, drops
// the status of some answers and fails on the HTML of a login page with a riddle:
// it puts in the credential, bounds the answer, and turns everything that is not a
// JSON answer with 2xx into an error that says what to do. In a dry run it lets no
// write through, whoever forgot not to.
type guard struct {
	next          http.RoundTripper
	authorization string
	hide          *strings.Replacer
	dry           bool
}

func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if g.dry && request.Method != http.MethodGet {
		return nil, fmt.Errorf("%s %s in a dry run", request.Method, request.URL.Path)
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", g.authorization)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "communewatch")
	response, err := g.next.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("cannot reach Grafana: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read Grafana's answer: %w", err)
	case len(body) > maxAnswerBytes:
		return nil, fmt.Errorf("the answer is longer than %d bytes, that is not a Grafana", maxAnswerBytes)
	case response.StatusCode == http.StatusNotFound && len(body) == 0: // an alert rule that is not there is answered so
		return nil, &refusal{response.StatusCode, "(without a reason)"}
	case response.StatusCode/100 == 3:
		return nil, fmt.Errorf("it answers with a redirect to %s; give Grafana's own address", g.hide.Replace(place(response)))
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/json" || !json.Valid(body) {
		return nil, fmt.Errorf("it answers %d with %s and not with JSON: that is not a Grafana's API (a login page or a proxy?)", response.StatusCode, describe(kind))
	}
	if response.StatusCode/100 != 2 {
		return nil, &refusal{response.StatusCode, g.hide.Replace(message(body))}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

func describe(kind string) string {
	if kind == "" {
		return "no content type"
	}
	return kind
}

// place is where a redirect leads, without what it may carry along.
func place(response *http.Response) string {
	u, err := response.Location()
	if err != nil {
		return "nowhere"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// message is what Grafana says, cut to a line.
func message(body []byte) string {
	var answer struct{ Message, Status string }
	if json.Unmarshal(body, &answer) != nil || answer.Message == "" {
		return "(without a reason)"
	}
	text := strings.Join(strings.Fields(answer.Message), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	if answer.Status != "" {
		text += " (" + answer.Status + ")"
	}
	return text
}

// version asks whether this is a Grafana, and one that is new enough.
// https://grafana.com/docs/grafana/latest/developers/http_api/other/#health-api
func (g *grafana) version(ctx context.Context) (string, error) {
	health, err := g.sdk.GetHealth(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case health.Database == "":
		return "", errors.New("it answers, but not as a Grafana does: /api/health names no database")
	case health.Version == "": // hidden by hide_version in Grafana's configuration
		return "", nil
	case older(health.Version, dashboards.MinimumGrafana):
		return health.Version, fmt.Errorf("its version %s is too old, these dashboards need Grafana %s or newer", health.Version, dashboards.MinimumGrafana)
	}
	return health.Version, nil
}

// older compares major and minor; a version that cannot be read is not called old.
func older(version, minimum string) bool {
	v, okV := majorMinor(version)
	m, okM := majorMinor(minimum)
	return okV && okM && (v[0] < m[0] || v[0] == m[0] && v[1] < m[1])
}

func majorMinor(version string) (numbers [2]int, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return numbers, false
	}
	for i := range numbers {
		n, err := strconv.Atoi(strings.TrimRight(parts[i], "+-abcdefghijklmnopqrstuvwxyz"))
		if err != nil {
			return numbers, false
		}
		numbers[i] = n
	}
	return numbers, true
}
