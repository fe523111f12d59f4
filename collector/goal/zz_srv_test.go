//go:build integration

package goal

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/store/storetest"
)

func TestZZServer(t *testing.T) {
	inv, _ := inventory.Embedded()
	dir := t.TempDir()
	srv := storetest.StartIn(t, dir)
	s := storetest.OpenNamed(t, srv, "zz")
	now := time.Date(2026, 11, 5, 3, 0, 0, 0, time.UTC)
	reportSeedYear(t, s, inv, now)
	cpu := func() string {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", storetest.PID(dir)))
		f := strings.Fields(string(b))
		if len(f) < 15 {
			return "?"
		}
		return f[13] + "+" + f[14]
	}
	_ = cpu
	for _, cols := range []string{
		strings.Join(testStandard.columns(), ","), strings.Join(testStandard.columns()[:14], ","), "due_seconds", "*"} {
		for _, format := range []string{"application/json", "application/x-msgpack"} {
			for _, par := range []int{1, 4} {
				start := time.Now()
				c := make(chan int64)
				parts := partsN(Month{2025, 8}.From(), now, par)
				for _, p := range parts {
					go func() {
						q := fmt.Sprintf("SELECT %s FROM site_day WHERE time >= %d AND time < %d GROUP BY site", cols, p[0].UnixNano(), p[1].UnixNano())
						v := url.Values{"epoch": {"ns"}, "chunked": {"true"}, "chunk_size": {"10000"}, "db": {"zz"}, "rp": {"hourly"}}
						req, _ := http.NewRequest("POST", srv.URL()+"/query?"+v.Encode(), strings.NewReader(url.Values{"q": {q}}.Encode()))
						req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
						req.Header.Set("Accept", format)
						req.Header.Set("Authorization", "Token "+srv.Token())
						resp, err := http.DefaultClient.Do(req)
						if err != nil {
							panic(err)
						}
						n, _ := io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
						c <- n
					}()
				}
				var n int64
				for range parts {
					n += <-c
				}
				fmt.Printf("%.20s %s par %d: %v, %d bytes, cpu %s\n", cols, format, par, time.Since(start), n, cpu())
			}
		}
	}
}

func partsN(from, to time.Time, n int) (p [][2]time.Time) {
	d := to.Sub(from) / time.Duration(n)
	for i := range n {
		p = append(p, [2]time.Time{from.Add(d * time.Duration(i)), from.Add(d * time.Duration(i+1))})
	}
	return p
}

func srvDir(any) string { return "x" }
