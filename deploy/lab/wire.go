package lab

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/center"
	"communewatch/collector/enrol"
)

// Day is the rounds of a day at the default interval.
const Day = 24 * 60

// WireDay is how many bytes a standard office's day costs over the line to a
// collector: so many rounds are really sent, together in requests of perRequest; more
// than one as on a metered line. TLS is in it, TCP's and IP's own bytes are not.
func WireDay(ctx context.Context, c *Collector, site, dir string, rounds, perRequest int) (int64, error) {
	line, err := NewLine(c.Agents)
	if err != nil {
		return 0, err
	}
	session, err := clock.Start(nil)
	if err != nil {
		return 0, err
	}
	discard := slog.New(slog.DiscardHandler)
	queued, err := spool.Open(spool.Config{Dir: filepath.Join(dir, "wire"), MaxBytes: 1 << 30, Log: discard})
	if err != nil {
		return 0, err
	}
	m := &member{site: site, spool: queued, queue: &timed{Queue: office.NewQueue(queued, session, discard), loaded: map[uint64]time.Time{}}}
	cfg := upstream.Config{URL: line.URL(), Pin: c.Pin, Token: c.Tokens[site]}
	if perRequest > 1 {
		cfg.Every = time.Second // ten minutes in earnest: what matters here is that the line is left in between
	}
	if m.sender, err = upstream.New(cfg, upstream.Deps{Queue: m.queue, Clock: session, Log: discard}); err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return line.Run(running) })
	group.Go(func() error { return m.sender.Run(running) })
	err = m.send(ctx, rounds, perRequest)
	up, down := line.Bytes()
	stop()
	return (up + down) * Day / int64(rounds), errors.Join(err, group.Wait(), queued.Close())
}

func (m *member) send(ctx context.Context, rounds, perRequest int) error {
	for range rounds / perRequest {
		if err := m.put(perRequest); err != nil {
			return err
		}
		for len(m.queue.Sequences()) > 0 {
			if !pause(ctx, time.Millisecond) {
				return ctx.Err()
			}
		}
	}
	return nil
}

// TelegrafWireDay is what the same rounds cost in Telegraf's documented format and
// with the documented defaults of outputs.influxdb_v2 (gzip, one kept connection), sent
// once a minute to a server that answers as InfluxDB does. It is not Telegraf itself.
func TelegrafWireDay(ctx context.Context, c *Collector, rounds int) (int64, error) {
	server, err := influxLike(c)
	if err != nil {
		return 0, err
	}
	line, err := NewLine(server.Addr)
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return line.Run(running) })
	// It is a peer's traffic that is counted, to ourselves on loopback: nothing to verify.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for n := range rounds {
		if err = postLikeTelegraf(ctx, client, line.URL(), telegrafRound(0, n, time.Now())); err != nil {
			break
		}
	}
	up, down := line.Bytes()
	client.CloseIdleConnections()
	stop()
	return (up + down) * Day / int64(rounds), errors.Join(err, group.Wait(), server.Close())
}

func postLikeTelegraf(ctx context.Context, client *http.Client, url string, lines []byte) error {
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	if _, err := zip.Write(lines); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v2/write?bucket=communewatch&org=communewatch", &body)
	if err != nil {
		return err
	}
	// An InfluxDB token has 88 characters.
	request.Header.Set("Authorization", "Token "+string(bytes.Repeat([]byte("x"), 88)))
	request.Header.Set("User-Agent", "Telegraf/1.37.2")
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	request.Header.Set("Content-Encoding", "gzip")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("answered %s", response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// influxLike answers every write as InfluxDB 2 does, under the collector's certificate,
// so that both sides' handshakes weigh the same.
func influxLike(c *Collector) (*http.Server, error) {
	authority, err := enrol.OpenAuthority(center.KeysDir(c.Data))
	if err != nil {
		return nil, err
	}
	certificate, err := authority.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Addr:     listener.Addr().(*net.TCPAddr).String(),
		ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("X-Influxdb-Build", "OSS")
			w.Header().Set("X-Influxdb-Version", "v2.7.12")
			w.WriteHeader(http.StatusNoContent)
		}),
	}
	go server.Serve(listener)
	return server, nil
}
