//go:build integration

package ingest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

// influx is a real InfluxDB that is made ill, with an ingest in front.
type influx struct {
	t      *testing.T
	dir    string
	server *embedded.Server
	db     *store.Store
	in     running
	stored [][]byte // bodies that were acknowledged
}

func startInflux(t *testing.T, dir string) *influx {
	t.Helper()
	i := &influx{t: t, dir: dir, server: storetest.StartIn(t, dir)}
	i.db = i.open(store.Config{Token: i.server.Token()})
	if err := i.db.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.in = run(t, ingest.DefaultConfiguration(), i.db)
	return i
}

func (i *influx) open(cfg store.Config) *store.Store {
	i.t.Helper()
	cfg.URL = i.server.URL()
	s, err := store.New(cfg, store.Deps{Log: storetest.Log(i.t)})
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(s.Close)
	return s
}

// body is a new one of five lines.
func (i *influx) body() (body []byte) {
	target := time.Now().Format("05.000000000")
	for n := range 5 {
		body = ping(i.t, body, target, time.Duration(n)*time.Minute)
	}
	return body
}

func (i *influx) stores(what string, body []byte) {
	i.t.Helper()
	if a := send(i.t, i.in, post(body)); a.Code != api.CodeStored {
		i.t.Errorf("%s: answered %q %q", what, a.Code, a.Message)
		return
	}
	i.stored = append(i.stored, body)
}

// becomes sends a body until it is stored, for half a minute.
func (i *influx) becomes(what string, body []byte) {
	i.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a := send(i.t, i.in, post(body))
		if a.Code == api.CodeStored {
			i.stored = append(i.stored, body)
			return
		}
		if time.Now().After(end) {
			i.t.Fatalf("%s: answered %q %q", what, a.Code, a.Message)
		}
	}
}

// check reads back everything that was acknowledged.
func (i *influx) check() {
	i.t.Helper()
	there := map[string]bool{}
	for _, series := range find(i.t, i.db, "ping", "sent") {
		for _, row := range series.Rows {
			there[series.Tags["target"]+row.Time.UTC().String()] = true
		}
	}
	for _, body := range i.stored {
		for line := range bytes.Lines(body) {
			var p api.Point
			if err := api.ParseLine(strings.TrimSuffix(string(line), "\n"), &p); err != nil {
				i.t.Fatal(err)
			}
			if !there[p.TagNamed("target")+time.Unix(0, p.Time).UTC().String()] {
				i.t.Errorf("acknowledged and not there: %s", line)
			}
		}
	}
}

func (i *influx) signal(signal syscall.Signal) {
	i.t.Helper()
	pid := storetest.PID(i.dir)
	if pid == 0 {
		i.t.Fatal("no InfluxDB runs")
	}
	if err := syscall.Kill(pid, signal); err != nil {
		i.t.Fatal(err)
	}
}

func TestWithAKilledInfluxDBAgentsKeepAndNothingAcknowledgedIsMissing(t *testing.T) {
	t.Parallel()
	i := startInflux(t, t.TempDir())
	i.stores("before", i.body())
	i.signal(syscall.SIGKILL)
	body := i.body()
	// It is started again at once: what is sent meanwhile is kept, or stored already.
	if a := send(t, i.in, post(body)); a.Code != api.CodeStored {
		notNow.check(t, a)
	}
	i.becomes("when it is back", body)
	i.check()
}

func TestWithAStandingInfluxDBAgentsKeepAndNothingAcknowledgedIsMissing(t *testing.T) {
	t.Parallel()
	i := startInflux(t, t.TempDir())
	i.stores("before", i.body())
	i.signal(syscall.SIGSTOP)
	body := i.body()
	impatient := run(t, ingest.DefaultConfiguration(), i.open(store.Config{Token: i.server.Token(), WriteTime: 300 * time.Millisecond}))
	notNow.check(t, send(t, impatient, post(body)))
	i.signal(syscall.SIGCONT)
	i.becomes("when it goes on", body)
	i.check()
}

func TestWithAnOperatorsMistakeAgentsKeep(t *testing.T) {
	t.Parallel()
	i := startInflux(t, t.TempDir())
	i.stores("before", i.body())
	for name, cfg := range map[string]store.Config{
		"a wrong password":       {Token: "communewatch:wrong"},
		"no credential":          {},
		"one that may only read": {Token: i.server.ReaderToken()},
		"no database":            {Token: i.server.Token(), Database: "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			in := run(t, ingest.DefaultConfiguration(), i.open(cfg))
			notSetUp.check(t, send(t, in, post(i.body())))
		})
	}
	t.Run("no retention policy, which is made later", func(t *testing.T) {
		order(t, i.server, `CREATE DATABASE "bare"`)
		bare := i.open(store.Config{Token: i.server.Token(), Database: "bare"})
		in := run(t, ingest.DefaultConfiguration(), bare)
		body := i.body()
		notSetUp.check(t, send(t, in, post(body)))
		if err := bare.Setup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a := send(t, in, post(body)); a.Code != api.CodeStored {
			t.Errorf("answered %q %q", a.Code, a.Message)
		}
		if n := rows(find(t, bare, "ping", "sent")); n != 5 {
			t.Errorf("%d points, want 5", n)
		}
	})
	i.check()
}

// order gives InfluxDB a statement around the store.
func order(t *testing.T, server *embedded.Server, statement string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, server.URL()+"/query?q="+url.QueryEscape(statement), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Token "+server.Token())
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", statement, response.Status)
	}
}

// The block is larger than InfluxDB's body limit, which answers 413: it is stored in
// parts, and the agent hears nothing of it.
func TestABlockBeyondInfluxDBsBodyLimitIsStoredInPartsAndAcknowledgedAsOne(t *testing.T) {
	t.Parallel()
	i := &influx{t: t, dir: t.TempDir()}
	first := storetest.StartIn(t, i.dir)
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := withBodyLimit(t, filepath.Join(i.dir, "influxd.conf"), 16<<10)
	var err error
	if i.db, err = store.New(store.Config{URL: address, Token: first.Token()}, store.Deps{Log: storetest.Log(t)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.db.Close)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = i.db.Setup(t.Context()); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	i.in = run(t, ingest.DefaultConfiguration(), i.db)
	i.stores("in parts", pings(t, 2_000)) // some 200 KiB
	i.check()
}

// withBodyLimit runs an InfluxDB with a configuration of the embedded one's and another
// body limit until the test ends, and says where.
func withBodyLimit(t *testing.T, configuration string, bytes int) string {
	t.Helper()
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	limit := regexp.MustCompile(`max-body-size = \d+`)
	address := regexp.MustCompile(`bind-address = "(127\.0\.0\.1:[1-9]\d*)"`).FindSubmatch(text)
	if !limit.Match(text) || address == nil {
		t.Fatalf("the configuration is another than awaited:\n%s", text)
	}
	if err := os.WriteFile(configuration, limit.ReplaceAll(text, fmt.Appendf(nil, "max-body-size = %d", bytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	influxd := exec.Command(storetest.Binary(t), "-config", configuration)
	if err := influxd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = influxd.Process.Kill()
		_ = influxd.Wait()
	})
	return "http://" + string(address[1])
}
