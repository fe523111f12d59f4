package upstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// DirectProxy, as Config.Proxy, is none, whatever the machine says.
const DirectProxy = "direct"

var errProxyForm = errors.New("a proxy must be http://host:port or socks5://host:port")

// ProxyFor gives the proxy by which an address is reached from here, nil for none. The
// variables HTTPS_PROXY and NO_PROXY come first (HTTP_PROXY is for addresses that start
// with http:, of which there is none here); then, on Windows, what the user has set, and what
// the machine's administrator has (netsh winhttp). A script that chooses proxies (PAC,
// WPAD) is not run: where there is one, set the proxy that it would choose. The same question may have
// another answer for the service, whose account has no settings of its own: who installs
// it writes down what holds at the keyboard.
func ProxyFor(address string) (*url.URL, error) {
	target, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	return machineProxy(&http.Request{URL: target})
}

// Proxying is how a transport asks for what [Config].Proxy says.
func Proxying(configured string) (func(*http.Request) (*url.URL, error), error) {
	switch configured {
	case "":
		return machineProxy, nil
	case DirectProxy:
		return func(*http.Request) (*url.URL, error) { return nil, nil }, nil
	}
	proxy, err := parseProxy(configured)
	if err != nil {
		return nil, err
	}
	return func(*http.Request) (*url.URL, error) { return proxy, nil }, nil
}

func machineProxy(r *http.Request) (*url.URL, error) {
	if os.Getenv("HTTPS_PROXY") != "" || os.Getenv("https_proxy") != "" {
		proxy, err := http.ProxyFromEnvironment(r)
		if err != nil || proxy != nil && !proxyForm(proxy) {
			return nil, errProxyForm // the error would hold the address, and it a password
		}
		return proxy, nil
	}
	for _, set := range systemProxies() {
		if set.server == "" {
			continue
		}
		if set.bypassed(r.URL.Hostname()) {
			return nil, nil
		}
		return parseProxy(set.server)
	}
	return nil, nil
}

// parseProxy never repeats what it was given: there may be a password in it.
func parseProxy(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !proxyForm(u) {
		return nil, errProxyForm
	}
	if u.Port() == "" && u.Scheme == "http" {
		u.Host = net.JoinHostPort(u.Hostname(), "80")
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}, nil
}

// proxyForm leaves out https: the proxy's own certificate would be held against the
// collector's pin.
func proxyForm(u *url.URL) bool {
	known := u.Scheme == "http" || u.Scheme == "socks5" || u.Scheme == "socks5h"
	return known && u.Hostname() != "" && (u.Path == "" || u.Path == "/")
}

// systemProxy is what Windows is set to.
type systemProxy struct {
	server   string   // host:port, with or without scheme; empty is none
	override []string // what is reached without it
}

// newSystemProxy reads the form that Windows keeps them in: one server for all, or
// "http=a:80;https=b:8080;socks=c:1080"; overrides with ";" or spaces between.
func newSystemProxy(server, override string) systemProxy {
	apart := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ' ' })
	}
	p := systemProxy{override: apart(override)}
	socks := ""
	for _, one := range apart(server) {
		scheme, address, by := strings.Cut(one, "=")
		switch {
		case !by:
			p.server = one
		case strings.EqualFold(scheme, "https"):
			p.server = address
		case strings.EqualFold(scheme, "socks"):
			socks = "socks5://" + address
		}
	}
	if p.server == "" {
		p.server = socks
	}
	return p
}

func (p systemProxy) bypassed(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() {
		return true
	}
	for _, pattern := range p.override {
		pattern = strings.ToLower(pattern)
		if pattern == "<local>" && err != nil && !strings.Contains(host, ".") {
			return true
		}
		_, bare, found := strings.Cut(pattern, "://")
		if !found {
			bare = pattern
		}
		if matches(bare, host) {
			return true
		}
		if name, _, err := net.SplitHostPort(bare); err == nil && matches(name, host) {
			return true
		}
	}
	return false
}

// matches holds a name against a pattern in which * stands for any letters.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return strings.HasSuffix(name, parts[last])
}

// parseWinHTTP reads the machine's setting as "netsh winhttp set proxy" leaves it in the
// registry: a version, a counter and flags of four bytes each, then the server and the
// overrides, each with its length before it, little-endian.
func parseWinHTTP(data []byte) (systemProxy, error) {
	const flagProxy = 2
	if len(data) < 12 {
		return systemProxy{}, errors.New("too short")
	}
	flags, rest := binary.LittleEndian.Uint32(data[8:]), data[12:]
	var texts [2]string
	for i := range texts {
		if len(rest) < 4 {
			return systemProxy{}, fmt.Errorf("ends before text %d", i+1)
		}
		length := uint64(binary.LittleEndian.Uint32(rest))
		if rest = rest[4:]; uint64(len(rest)) < length {
			return systemProxy{}, fmt.Errorf("text %d is cut off", i+1)
		}
		texts[i], rest = string(rest[:length]), rest[length:]
	}
	if flags&flagProxy == 0 {
		return systemProxy{}, nil
	}
	return newSystemProxy(texts[0], texts[1]), nil
}
