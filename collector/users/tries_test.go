package users

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/say"
)

func TestWhoTriesTooOftenFromOneAddressWaitsAndOthersDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		eve := h.browser("192.0.2.66")
		for i := range addressBurst {
			if r, _ := eve.try(fmt.Sprintf("nobody %d", i), "wrong password", "/"); r.StatusCode != http.StatusUnauthorized {
				t.Fatalf("try %d: %d", i, r.StatusCode)
			}
		}
		work := h.worker.done.Load()
		r, body := eve.try("lan", lansPassword, "/")
		if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" || !strings.Contains(body, say.Vietnamese.Text("users.hurried", 30)) {
			t.Errorf("%d %s", r.StatusCode, body)
		}
		if h.worker.done.Load() != work {
			t.Error("who is turned away costs a hash")
		}
		if r, _ := h.browser("192.0.2.67").try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
			t.Errorf("from another address: %d", r.StatusCode)
		}
		time.Sleep(2 * addressEvery)
		if r, _ := eve.try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
			t.Errorf("later: %d", r.StatusCode)
		}
	})
}

func TestANameIsTriedFromManyAddressesInVainAndItsHolderStillComesIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		if r, _ := h.browser("192.0.2.7").try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode)
		}
		hurried := map[string]int{}
		for i := range 2 * nameBurst {
			for _, name := range []string{"LAN", "nobody"} { // a name that is nobody's is held alike
				r, _ := h.browser(fmt.Sprintf("198.51.100.%d", i)).try(name, "wrong password", "/")
				if r.StatusCode == http.StatusTooManyRequests {
					hurried[name]++
				}
			}
		}
		if hurried["LAN"] != hurried["nobody"]+1 && hurried["LAN"] != hurried["nobody"] || hurried["nobody"] != nameBurst {
			t.Errorf("turned away: %v", hurried)
		}
		if r, _ := h.browser("192.0.2.7").try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
			t.Errorf("its holder, from where they were before: %d", r.StatusCode)
		}
		if r, _ := h.browser("192.0.2.8").try("lan", lansPassword, "/"); r.StatusCode != http.StatusTooManyRequests {
			t.Errorf("from elsewhere: %d", r.StatusCode)
		}
		time.Sleep(nameEvery + time.Second)
		if r, _ := h.browser("192.0.2.8").try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
			t.Errorf("later: %d", r.StatusCode)
		}
	})
}

func TestAHundredWhoTryAtOnceHaveOnePlaceAndAFriendHasAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newWorker()
		for range strangersAtOnce {
			k.strangers <- struct{}{} // who takes for ever
		}
		d := digest{leastCost, make([]byte, saltBytes), make([]byte, sumBytes)}
		var turned, all sync.WaitGroup
		busy := make(chan time.Duration, 100)
		for range 100 {
			all.Go(func() {
				began := time.Now()
				if _, done := k.check(t.Context(), d, "x", false); !done {
					busy <- time.Since(began)
				}
			})
		}
		turned.Go(func() {
			if _, done := k.check(t.Context(), d, "x", true); !done {
				t.Error("a friend found no place")
			}
		})
		turned.Wait()
		all.Wait()
		close(busy)
		atOnce, later := 0, 0
		for waited := range busy {
			if waited == 0 {
				atOnce++
			} else if waited <= hashWait {
				later++
			}
		}
		if atOnce != 100-maxWaiting || later != maxWaiting || k.done.Load() != 1 {
			t.Errorf("%d at once, %d later, %d hashes", atOnce, later, k.done.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, done := k.check(ctx, d, "x", false); done {
			t.Error("who has gone away is worked for")
		}
	})
}

func TestWhoIsBusyIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		for range strangersAtOnce {
			h.worker.strangers <- struct{}{}
		}
		r, body := h.browser("192.0.2.1").try("lan", lansPassword, "/")
		if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, say.Vietnamese.Text("users.busy")) {
			t.Errorf("%d %s", r.StatusCode, body)
		}
	})
}

func TestWhatIsRememberedOfStrangersIsBounded(t *testing.T) {
	tries := newTries(time.Now)
	for i := range maxAddresses + 100 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		tries.allow(from, fmt.Sprint("name ", i))
		tries.succeeded(from, fmt.Sprint("name ", i))
	}
	if len(tries.of) > maxAddresses || len(tries.friends) > maxAddresses {
		t.Errorf("%d addresses, %d friends", len(tries.of), len(tries.friends))
	}
}

func BenchmarkSignIn(b *testing.B) {
	digest, w := parseHash(hashOf("con trâu đi trước", ours))
	if w != nil {
		b.Fatal(w)
	}
	for b.Loop() {
		if !digest.is("con trâu đi trước") {
			b.Fatal("wrong")
		}
	}
	b.ReportAllocs()
}
