package ingest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/gate"
	"communewatch/collector/ingest"
)

// wire opens a connection on which anything can be said.
func (d *door) wire(t *testing.T) *tls.Conn {
	t.Helper()
	address := strings.TrimSuffix(strings.TrimPrefix(d.url, "https://"), api.PathWrite)
	plain, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(plain, &tls.Config{InsecureSkipVerify: true})
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// answers reads that many and then, having said no more, all that comes until the
// connection ends: the status of each, with the code and message where it is ours.
func answers(t *testing.T, conn *tls.Conn, n int) (all []string) {
	t.Helper()
	r := bufio.NewReader(conn)
	for {
		if len(all) == n {
			if err := conn.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Log(err) // the other side was first
			}
		}
		response, err := http.ReadResponse(r, nil)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
			return all
		}
		if err != nil {
			return append(all, err.Error())
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		said := fmt.Sprint(response.StatusCode)
		var e api.Error
		if json.Unmarshal(body, &e) == nil {
			said += " " + string(e.Code) + ": " + e.Message
		} else if stored := response.Header.Get(api.HeaderStored); stored != "" {
			said += " " + stored
		}
		all = append(all, said)
	}
}

// TestWhateverIsSaidOnAConnectionIsAnsweredSo: what stands in the requests besides lies,
// doubles and half sentences is the same everywhere, and what is not named as stored in
// an answer was not stored.
func TestWhateverIsSaidOnAConnectionIsAnsweredSo(t *testing.T) {
	t.Parallel()
	line := strings.TrimSuffix(string(ping(t, nil, "router", 0)), "\n")
	n := len(line)
	const broken = "400 unreadable: the body ended early"
	for _, c := range []struct {
		name string
		said string // %A: the token, %L: the line, %N: its length
		want []string
		rows int // stored
	}{
		{"a request as it should be", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: %N\n\n%L", []string{"204 0123abcd/1"}, 1},
		{"three at once", strings.Repeat("POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: %N\n\n%L", 3), []string{"204 0123abcd/1", "204 0123abcd/1", "204 0123abcd/1"}, 1},
		{"HTTP/1.0", "POST /api/v2/write HTTP/1.0\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: %N\n\n%L", []string{"204 0123abcd/1"}, 1},
		{"an absolute address of elsewhere", "POST https://elsewhere.example/api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: %N\n\n%L", []string{"204 0123abcd/1"}, 1},
		{"an absolute address of another path", "POST https://x/query?x=/api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Length: 0\n\n", []string{"404 not_found: no such path"}, 0},
		{"InfluxDB's own parameters", "POST /api/v2/write?org=other&bucket=judge/events&precision=s HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: %N\n\n%L", []string{"204 0123abcd/1"}, 1},
		{"HTTP/2 without asking", "PRI * HTTP/2.0\n\nSM\n\n", []string{"404 not_found: no such path"}, 0},
		{"HTTP/3", "POST /api/v2/write HTTP/3.0\nHost: x\n\n", []string{"505"}, 0},
		{"no HTTP", "ping\n\n", []string{"400"}, 0},
		{"no host", "POST /api/v2/write HTTP/1.1\nAuthorization: Token %A\nContent-Length: 0\n\n", []string{"400"}, 0},

		{"a length that is too short", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: 9\n\n%L\n\n", []string{"400 invalid: 1 of 1 lines are rejected, all others are stored", "400"}, 0},
		{"a length that is too long", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: 9999\n\n%L", []string{broken}, 0},
		{"a length beyond the limit", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: 1048577\n\n%L", []string{"413 too_large: body too large"}, 0},
		{"a length beyond all numbers", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Length: 99999999999999999999\n\n%L", []string{"400"}, 0},
		{"a length below zero", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Length: -1\n\n%L", []string{"400"}, 0},
		{"two lengths", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Length: %N\nContent-Length: 1\n\n%L", []string{"400"}, 0},
		{"pieces", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nTransfer-Encoding: chunked\n\n%X\n%L\n0\n\n", []string{"204 0123abcd/1"}, 1},
		{"pieces without an end", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nTransfer-Encoding: chunked\n\n%X\n%L\n", []string{broken}, 0},
		{"pieces of no size", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nTransfer-Encoding: chunked\n\nping\n%L\n0\n\n", []string{broken}, 0},
		{"pieces of too large a size", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nTransfer-Encoding: chunked\n\nfffffffffffffffff\n%L\n0\n\n", []string{broken}, 0},
		{"pieces and a length: no second request hides in it", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nContent-Length: 4\nTransfer-Encoding: chunked\n\n%X\n%L\n0\n\n", []string{"204 0123abcd/1"}, 1},
		{"a length and pieces in a cloak", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Length: %N\nTransfer-Encoding: xchunked\n\n%L", []string{"501"}, 0},
		{"pieces of pieces", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n%X\n%L\n0\n\n", []string{"501"}, 0},
		{"a space before the colon", "POST /api/v2/write HTTP/1.1\nHost: x\nContent-Length : %N\nAuthorization: Token %A\n\n%L", []string{"400"}, 0},
		{"a NUL in a header", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\x00\nContent-Length: 0\n\n", []string{"400"}, 0},

		{"leave asked for first", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nExpect: 100-continue\nContent-Length: %N\n\n%L", []string{"100", "204 0123abcd/1"}, 1},
		{"leave asked for by a stranger", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token cw_x\nExpect: 100-continue\nContent-Length: %N\n\n", []string{"401 unauthorized: this token is not known, or was replaced by a newer one"}, 0},
		{"something else expected", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nExpect: 200-ok\nContent-Length: %N\n\n%L", []string{"417"}, 0},

		{"two tokens", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nAuthorization: Token %A\nContent-Length: 0\n\n", []string{"401 unauthorized: want one header Authorization: Token … or Bearer …"}, 0},
		{"two lists of batches", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nCommunewatch-Batches: 0123abcd/1\nCommunewatch-Batches: 0123abcd/2\nContent-Length: %N\n\n%L",
			[]string{`400 unreadable: Communewatch-Batches has " 0123abcd/2", want session/sequence or session/first-last`}, 0},
		{"two codings", "POST /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\nContent-Encoding: gzip\nContent-Encoding: gzip\nContent-Length: %N\n\n%L", []string{`415 wrong_coding: Content-Encoding is "gzip, gzip", want gzip or none`}, 0},
		{"another method", "DELETE /api/v2/write HTTP/1.1\nHost: x\nAuthorization: Token %A\n\n", []string{"405 wrong_method: only POST is served here"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := &ledger{}
			d := openDoor(t, run(t, ingest.DefaultConfiguration(), writer(db.write)))
			said := strings.NewReplacer("\n", "\r\n", "%A", d.sender(t, "bd-1").token, "%L", line, "%N", fmt.Sprint(n), "%X", fmt.Sprintf("%x", n)).Replace(c.said)
			conn := d.wire(t)
			if _, err := io.WriteString(conn, said); err != nil {
				t.Fatal(err)
			}
			await := len(c.want)
			if c.want[0] == broken {
				await = 0 // the server waits for more
			}
			if diff := cmp.Diff(c.want, answers(t, conn, await)); diff != "" {
				t.Error(diff)
			}
			if rows := db.count("ping,"); rows != c.rows {
				t.Errorf("%d rows are stored, want %d", rows, c.rows)
			}
		})
	}
}

// TestFiveHundredSilentConnectionsOnlyDelay: five times as many as are let in at once.
func TestFiveHundredSilentConnectionsOnlyDelay(t *testing.T) {
	t.Parallel()
	in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return nil }))
	d := openDoor(t, in, func(c *gate.Config) { c.Connections, c.HeaderTimeout = 100, 100*time.Millisecond })
	good := d.sender(t, "bd-1")
	address := strings.TrimSuffix(strings.TrimPrefix(d.url, "https://"), api.PathWrite)
	for range 500 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if a := good.send(pings(t, 1)); a.Code != api.CodeStored {
		t.Errorf("answered %d %q", a.status, a.Code)
	}
}
