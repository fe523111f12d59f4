package gate

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestWhoGuessesInvitationsIsHeldUpAndOnlyHe(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.EnrolBurst, c.EnrolEvery = 5, time.Hour })
	token := h.issue("bd-21550")
	invitation := h.invite("bd-21997", false)
	codes := map[api.Code]int{}
	for i := range 200 {
		guess := invitation[:len(invitation)-3] + fmt.Sprintf("%03d", i)
		got := h.post(h.client, api.PathEnrol, "", asks(t, newKey(t), guess))
		codes[got.code(t)]++
		if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 5 {
			t.Fatalf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
		}
	}
	if codes[api.CodeUnauthorized] != 5 || codes[api.CodeTooMany] != 195 {
		t.Errorf("%v", codes)
	}
	if got := h.write("Token "+token, nil); got.status != http.StatusNoContent {
		t.Errorf("an agent at the same address: %d", got.status)
	}
	if !h.counted("communewatch_gate_enrol_hurried_total 195") || strings.Contains(h.log.String(), "guess") || strings.Count(h.log.String(), "\n") > 3 {
		t.Errorf("each try is logged, or none counted: %s", h.log)
	}
	fresh := start(t, nil) // the invitation is as good as before, elsewhere or later
	fresh.enrolled("bd-21997")
}

func TestEachAddressHasItsOwnTriesAndAllTogetherABound(t *testing.T) {
	cfg := DefaultConfiguration()
	cfg.EnrolEvery, cfg.EnrolBurst, cfg.EnrolRate = time.Hour, 2, 5
	try := newTries(cfg)
	let := func(address string) (n int) {
		for range 4 {
			if try.allow(address) {
				n++
			}
		}
		return n
	}
	for _, of := range []struct {
		address string
		want    int
	}{
		{"192.0.2.1:1", 2}, {"192.0.2.1:2", 0}, {"[::ffff:192.0.2.1]:3", 0}, {"192.0.2.2:1", 2},
		{"[2001:db8::1]:1", 2}, {"[2001:db8::ffff:2]:1", 0}, {"[2001:db8:0:1::1]:1", 2},
		{"not an address", 2}, {"nor this", 0}, // 10 of all, 10 are used
		{"192.0.2.3:1", 0},
	} {
		if got := let(of.address); got != of.want {
			t.Errorf("%s: %d, want %d", of.address, got, of.want)
		}
	}
}

func TestAsManyAddressesAsOneLikesAreNotRemembered(t *testing.T) {
	try := newTries(DefaultConfiguration())
	for i := range 3 * maxAddresses {
		try.allow(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
	}
	if n := len(try.of); n != maxAddresses {
		t.Errorf("%d are", n)
	}
}

func TestAStrangersRequestIsBounded(t *testing.T) {
	h := start(t, nil)
	large := bytes.Repeat([]byte("x"), api.MaxEnrolBytes+1)
	for what, of := range map[string]struct {
		body io.Reader
		want api.Code
	}{
		"too large":           {bytes.NewReader(large), api.CodeTooLarge},
		"too large, not said": {io.MultiReader(bytes.NewReader(large)), api.CodeTooLarge},
		"no JSON":             {strings.NewReader("token=x"), api.CodeUnreadable},
		"nothing":             {nil, api.CodeUnreadable},
		"not an object":       {strings.NewReader(`["x"]`), api.CodeUnreadable},
		"deep":                {strings.NewReader(strings.Repeat(`{"a":`, 3000)), api.CodeUnreadable},
		"two":                 {strings.NewReader(`{}{}`), api.CodeUnreadable},
	} {
		request, err := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathEnrol, of.body)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.do(h.client, request); got.code(t) != of.want {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	for path, allow := range map[string]string{api.PathEnrol: "POST", api.PathRenew: "POST", api.PathDocument: "GET, HEAD"} {
		request, err := http.NewRequest(http.MethodPut, "https://"+h.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.do(h.client, request); got.code(t) != api.CodeMethod || got.header.Get("Allow") != allow {
			t.Errorf("%s: %d, %q", path, got.status, got.header.Get("Allow"))
		}
	}
	renewing := h.with(h.enrolled("bd-1"))
	if got := h.post(renewing, api.PathRenew, "", large); got.code(t) != api.CodeTooLarge {
		t.Errorf("renewing: %d", got.status)
	}
}

func TestADoorWithoutARoomIsNone(t *testing.T) {
	h := start(t, func(_ *Config, d *Deps) { d.Enrol, d.Renewal, d.Document, d.Certify = nil, nil, nil, nil })
	for _, path := range []string{api.PathEnrol, api.PathRenew, api.PathDocument} {
		if got := h.post(h.client, path, "", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestNoTokenRenewsWhateverTheRoomBehindWouldSay(t *testing.T) {
	h := start(t, func(_ *Config, d *Deps) { d.Renewal = http.HandlerFunc(document) })
	if got := h.post(h.client, api.PathRenew, "Token "+h.issue("bd-1"), nil); got.code(t) != api.CodeUnauthorized {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.post(h.with(h.enrolled("bd-1")), api.PathRenew, "", nil); got.header.Get("Who") != "bd-1 a1 certificate" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Slow strangers hold neither the places of enrolling nor those of agents.
func TestStrangersWhoSendSlowlyHoldUpNobody(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.EnrolBurst, c.EnrolRate = 100, 100 })
	var slow []*tls.Conn
	defer func() {
		for _, c := range slow {
			c.Close()
		}
	}()
	for range 2 * enrolPlaces {
		c, err := tls.Dial("tcp", h.Addr().String(), pinned(h.authority.Pin()))
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", api.PathEnrol)
	}
	began := time.Now()
	h.enrolled("bd-21997")
	if got := h.write("Token "+h.issue("bd-1"), nil); got.status != http.StatusNoContent || time.Since(began) > 5*time.Second {
		t.Errorf("%d after %s", got.status, time.Since(began))
	}
}

func TestAnOfficesWholeLifeOverTheLine(t *testing.T) {
	h := start(t, nil)
	first := h.enrolled("bd-21997")
	client := h.with(first)
	if got := h.post(client, api.PathWrite, "", []byte("x")); got.header.Get("Who") != "bd-21997 a1 certificate" {
		t.Errorf("%d %s", got.status, got.body)
	}
	key := newKey(t)
	second := h.certificateOf(h.post(client, api.PathRenew, "", asks(t, key, "")), key)
	if got := h.post(h.with(second), api.PathWrite, "", nil); got.status != http.StatusNoContent {
		t.Errorf("renewed: %d", got.status)
	}
	// The old connection is still open: it is judged by each request.
	for range 2 {
		if got := h.post(client, api.PathRenew, "", asks(t, newKey(t), "")); got.code(t) != api.CodeTwin {
			t.Errorf("the old one: %d %s", got.status, got.body)
		}
	}
	if log := h.log.String(); strings.Count(log, "a copied certificate was shown") != 1 || !strings.Contains(log, "refused_host=PC-2") || !strings.Contains(log, "refused_machine=m2") {
		t.Errorf("the copy is not named, or twice: %s", log)
	}
	if !h.counted("communewatch_gate_twins_refused_total 2") {
		t.Error("not counted")
	}
	h.enrolled("bd-21997") // on a new machine
	if got := h.post(h.with(second), api.PathWrite, "", nil); got.code(t) != api.CodeRevoked {
		t.Errorf("replaced: %d %s", got.status, got.body)
	}
}

func TestMoreCertificatesThanAnAgentHasAreNotTaken(t *testing.T) {
	h := start(t, nil)
	c := h.enrolled("bd-1")
	for range maxCertificates {
		c.Certificate = append(c.Certificate, c.Certificate[1])
	}
	response, err := h.with(c).Get("https://" + h.Addr().String() + api.PathHealth)
	if err == nil {
		response.Body.Close()
		t.Error("taken")
	}
}

func TestManyOfficesEnrolAtTheSameHour(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.EnrolBurst, c.EnrolRate = 100, 100 })
	var group sync.WaitGroup
	for i := range 12 {
		token, key := h.invite(fmt.Sprintf("bd-%d", i), false), newKey(t)
		body := asks(t, key, token)
		group.Go(func() {
			if got := h.post(h.client, api.PathEnrol, "", body); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	group.Wait()
	if n := len(h.registry.Agents()); n != 12 {
		t.Errorf("%d agents", n)
	}
}
