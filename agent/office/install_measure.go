package office

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"communewatch/agent/icmp"
	"communewatch/agent/round"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// measureTime bounds the one measurement that install makes by itself.
const measureTime = 15 * time.Second

// measure looks once at the router, the DNS and the collector, so that a person hears
// where it hurts while they still sit there. Only the collector must answer.
func (i *installer) measure(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	deps := upstream.EnrolDeps{Log: i.Log}
	if cfg, err := Load(i.manager.Config()); err == nil {
		deps.Proxy = cfg.Proxy // the service's way, whatever holds at this keyboard
	}
	reached, err := i.Reach(ctx, i.known.URL, i.known.Pin, deps)
	i.gateway(ctx, err == nil)
	i.dns(ctx)
	switch {
	case err != nil:
		text, todo := explained(i.Lang, err, i.known.URL)
		return i.tell(Step{Name: "collector", Text: text, Todo: todo})
	case reached.Proxy != "":
		return i.done("collector", "install.collector_proxy", i.known.URL, reached.Proxy)
	}
	return i.done("collector", "install.collector", i.known.URL)
}

func (i *installer) gateway(ctx context.Context, beyond bool) {
	gateway, ok := i.Gateway()
	if !ok {
		if !beyond { // a proxy or a tunnel needs none
			i.fails("gateway", "install.no_gateway_todo", "install.no_gateway")
		}
		return
	}
	switch answer, tried := pingOnce(ctx, gateway); {
	case !tried:
		i.fails("gateway", "install.no_ping_todo", "install.no_ping")
	case answer == round.Answered:
		i.done("gateway", "install.gateway", gateway)
	case beyond:
		i.done("gateway", "install.gateway_silent", gateway)
	default:
		i.fails("gateway", "install.gateway_dead_todo", "install.gateway_dead", gateway)
	}
}

// pingOnce sends three echoes; not tried means that this machine lets us send none.
func pingOnce(ctx context.Context, to netip.Addr) (answer round.Answer, tried bool) {
	prober, err := icmp.New(icmp.Config{Packets: 3, Timeout: 2 * time.Second})
	if err != nil {
		return round.Unknown, false
	}
	for _, p := range prober.Target(api.Target{Name: "gateway", Address: to.String(), Role: api.RoleGateway})(ctx) {
		answer = pingAnswer(p)
		result, _ := p.FieldNamed("result")
		tried = result.Text() != api.ResultNotProbed
	}
	return answer, tried
}

func (i *installer) dns(ctx context.Context) {
	u, err := url.Parse(i.known.URL)
	if err != nil {
		return
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return // an address needs no DNS
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
		i.fails("dns", "install.todo_dns", "install.dns_failed", u.Hostname())
		return
	}
	i.done("dns", "install.dns", u.Hostname())
}

// refused asks for the document, as the agent will, and gives the code of a refusal of
// who we are. Everything else, also no answer at all, is no refusal.
func refused(ctx context.Context, cfg Config) api.Code {
	ctx, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	client, err := identified(cfg)
	if err != nil {
		return api.CodeUnauthorized // the file holds no identity
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(cfg.URL, "/")+api.PathDocument, nil)
	if err != nil {
		return ""
	}
	if cfg.Token != "" {
		request.Header.Set("Authorization", "Token "+cfg.Token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusForbidden {
		return ""
	}
	var said api.Error
	body, err := io.ReadAll(io.LimitReader(answer.Body, api.MaxEnrolBytes))
	if err != nil || json.Unmarshal(body, &said) != nil { // a stranger's: a proxy, a login page
		return ""
	}
	return said.Code
}

// identified is a client that shows the identity, to the pinned collector only.
func identified(cfg Config) (*http.Client, error) {
	judge, err := upstream.TLS(cfg.URL, cfg.Pin)
	if err != nil {
		return nil, err
	}
	proxy, err := upstream.Proxying(cfg.Proxy)
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" {
		pair, err := tls.LoadX509KeyPair(cfg.Identity, cfg.Identity)
		if err != nil {
			return nil, err
		}
		judge.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{
		Transport:     &http.Transport{Proxy: proxy, TLSClientConfig: judge},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
