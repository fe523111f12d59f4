//go:build show

package board

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

func TestShow(t *testing.T) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Config{Dir: t.TempDir(), Binary: "/work/main/bin/communewatch-influxd", Listen: "127.0.0.1:0", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop(ctx)
	s, err := store.New(store.Config{URL: server.URL(), Token: server.Token()}, store.Deps{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Setup(ctx); err != nil {
		t.Fatal(err)
	}
	inv, _ := inventory.Embedded()
	inv = inv.WithCalendar(inventory.CalendarAlways)
	now := time.Now()
	var lines []byte
	add := func(p *api.Point) {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			t.Fatal(err)
		}
		if len(lines) > 2_000_000 {
			if err := s.Write(ctx, api.Raw, lines); err != nil {
				t.Fatal(err)
			}
			lines = lines[:0]
		}
	}
	ping := func(site, target, role string, at time.Time, got int, base float64) {
		p := api.NewPoint("ping", at).Tag("site", site).Tag("agent", "a1").Tag("target", target).Tag("role", role).Int("sent", 10).Int("received", int64(got))
		if got == 0 {
			p.Text("result", "timeout")
		} else {
			q := make([]float64, 5)
			for i := range q {
				q[i] = base * (1 + rand.ExpFloat64()*0.25)
			}
			slices.Sort(q)
			p.Float("rtt_min_ms", q[0]).Float("rtt_p25_ms", q[1]).Float("rtt_median_ms", q[2]).Float("rtt_p75_ms", q[3]).Float("rtt_max_ms", q[4])
		}
		add(p)
	}
	lossy := func(share float64) int {
		n := 0
		for range 10 {
			if rand.Float64() >= share {
				n++
			}
		}
		return n
	}
	for i, site := range inv.Sites() {
		id := site.ID
		story := []string{"ok", "ok", "ok", "ok", "ok", "lossy", "ok", "ok", "uplink", "ok", "ok", "silent", "ok", "never", "ok", "closed", "ok", "lan", "ok", "ok", "ok"}[i*8%21]
		if !site.Mountainous() && story != "ok" && i%3 != 0 {
			story = "ok"
		}
		minutes := 12
		if id == "bd-21697" || site.Name == "Vĩnh Sơn" {
			minutes, story = 7*24*60, "ok"
			t.Log("long", id)
		}
		if story == "never" {
			continue
		}
		end := now
		if story == "silent" || story == "closed" {
			end = now.Add(-time.Duration(5+i%50) * time.Minute)
		}
		base := 6.0
		if site.Mountainous() {
			base = 28
		}
		for m := minutes; m >= 0; m-- {
			at := end.Add(-time.Duration(m)*time.Minute - time.Duration(i*300)*time.Millisecond)
			age := now.Sub(at)
			up, near := 10, 10
			switch {
			case minutes > 100 && (age > 3*time.Hour && age < 4*time.Hour || age > 26*time.Minute && age < 33*time.Minute):
				continue // switched off
			case minutes > 100 && (age > 9*time.Hour && age < 10*time.Hour || age > 12*time.Minute && age < 16*time.Minute):
				up = 0
			case minutes > 100:
				up = lossy(0.01 + 0.3*math.Pow(math.Sin(float64(m)/400), 16))
			case story == "lossy":
				up = lossy(0.5)
			case story == "uplink" && age < 4*time.Minute:
				up = 0
			case story == "lan" && age < 6*time.Minute:
				up, near = 0, 0
			}
			b := base * (1 + 0.5*math.Sin(float64(m)/230)*math.Sin(float64(m)/230))
			ping(id, "router", "gateway", at, near, 0.5)
			ping(id, "switch", "lan", at, near, 0.4)
			ping(id, "provider", "uplink", at, up, b)
			ping(id, "province", "uplink", at, up, b*1.3)
			ping(id, "printer", "device", at, near, 1.5)
			add(api.NewPoint("device", at).Tag("site", id).Tag("agent", "a1").Tag("target", "switch").Int("up", 1).Float("uptime_seconds", 864000).Text("model", "RouterOS CRS326-24G-2S+ 7.14.3 (stable) <b>Apr/17</b>").Text("name", "sw-vinhson"))
			for _, n := range []string{"ether1", "ether2"} {
				p := api.NewPoint("interface", at).Tag("site", id).Tag("agent", "a1").Tag("target", "switch").Tag("interface", n).Int("oper_up", 1).Int("speed_bps", 1e9).Int("in_octets", rand.Int64N(9e7)).Int("out_octets", rand.Int64N(2e7))
				if m == 5 {
					p.Text("alias", "lên VNPT <script>alert(1)</script>")
				}
				add(p)
			}
			add(api.NewPoint("agent_health", at).Tag("site", id).Tag("agent", "a1").Int("spool_batches", 1).Int("spool_bytes", 5300).Int("rss_bytes", 18<<20).Float("clock_offset_ms", -123.4).Float("clock_uncertainty_ms", 3.2).Text("version", "v0.1.0").Text("os", "windows").Text("arch", "amd64"))
			if m < 20 {
				p := api.NewPoint("receipt", at.Add(5*time.Second)).Tag("site", id).Tag("agent", "a1").Int("batches", 1).Int("lines", 10).Int("last_time_ms", at.UnixMilli())
				if m == 0 && story == "closed" {
					p.Text("goodbye", "stop")
				}
				add(p)
			}
		}
	}
	if err := s.Write(ctx, api.Raw, lines); err != nil {
		t.Fatal(err)
	}
	early, _ := judge.New(judge.Config{}, judge.Deps{Store: s, Inventory: inv, Log: log, Now: func() time.Time { return now.Add(-10 * time.Minute) }})
	clock := now.Add(-10 * time.Minute)
	j, err := judge.New(judge.Config{}, judge.Deps{Store: s, Inventory: inv, Log: log, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	_ = early
	began := time.Now()
	if err := j.Once(ctx); err != nil {
		t.Fatal(err)
	}
	t.Log("once", time.Since(began))
	clock = now
	if err := j.Once(ctx); err != nil {
		t.Fatal(err)
	}
	h, err := New(Deps{Store: s, Inventory: inv, Log: log, Now: func() time.Time { return now.Add(20 * time.Second) }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/tmp/w/board.url", []byte("http://"+l.Addr().String()), 0o644)
	srv := &http.Server{Handler: h}
	go srv.Serve(l)
	for {
		time.Sleep(time.Second)
		if _, err := os.Stat("/tmp/w/board.stop"); err == nil {
			os.Remove("/tmp/w/board.stop")
			return
		}
	}
}
