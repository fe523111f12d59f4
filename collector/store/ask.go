package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// chunkRows is how many rows the database sends at a time.
const chunkRows = 10_000

// question is one statement. Database and policy go beside it, never into it.
type question struct {
	statement string
	policy    string // empty: the statement names what it is about
}

// tableOf is one series of an answer as the database wrote it, or a part of one.
type tableOf[V any] struct {
	Tags    map[string]string
	Columns []string
	Values  V
}

type table = tableOf[[][]any]

// chunk is one JSON document of an answer.
type chunk[V any] struct {
	Results []struct {
		Series []tableOf[V]
		Error  string
	}
	Error string
}

// ask sends a statement and reads its whole answer, within the configured limits.
func (s *Store) ask(ctx context.Context, q question) ([]table, error) {
	var tables []table
	err := listen(ctx, s, q, func(t table) (int, error) {
		tables = joined(tables, t)
		return len(t.Values), nil
	})
	return tables, err
}

// listen sends a statement and hands on each table of its answer, or part of one, as it
// comes; take says how many rows it had. What was handed on before an error is void.
func listen[V any](ctx context.Context, s *Store, q question, take func(tableOf[V]) (rows int, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.QueryTime)
	defer cancel()
	request, err := s.request(ctx, q)
	if err != nil {
		return err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return unreachable(err)
	}
	if response.StatusCode != http.StatusOK {
		return s.failed(readAnswer(response))
	}
	defer response.Body.Close()
	return read(s, response.Body, take)
}

func (s *Store) request(ctx context.Context, q question) (*http.Request, error) {
	parameters := url.Values{"epoch": {"ns"}, "chunked": {"true"}, "chunk_size": {fmt.Sprint(chunkRows)}}
	if q.policy != "" {
		parameters.Set("db", s.cfg.Database)
		parameters.Set("rp", q.policy)
	}
	address := s.base.JoinPath("query")
	address.RawQuery = parameters.Encode()
	// POST: a province of sites in one condition does not fit into an address.
	body := strings.NewReader(url.Values{"q": {q.statement}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("ask the database: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if s.cfg.Token != "" {
		request.Header.Set("Authorization", "Token "+s.cfg.Token)
	}
	return request, nil
}

// failed sorts a complaint about a query. What is nobody's outage nor an operator's
// mistake is ours: a plain error.
func (s *Store) failed(a *answer) error {
	switch m := meaningOf(a); {
	case m == misconfigured:
		return &Misconfigured{Reason: "query of " + s.cfg.Database + ": " + a.Error()}
	case m == later && a.status != http.StatusOK:
		return &Unavailable{RetryAfter: a.retryAfter, Err: a}
	}
	return fmt.Errorf("query of %s: %w", s.cfg.Database, a)
}

// read takes chunk after chunk. The 200 went out before the statement ran, so an
// error may stand anywhere, and an answer that ends in mid-document is none.
func read[V any](s *Store, body io.Reader, take func(tableOf[V]) (rows int, err error)) error {
	limited := &io.LimitedReader{R: body, N: s.cfg.MaxAnswer + 1}
	decoder := json.NewDecoder(limited)
	decoder.UseNumber() // nanoseconds do not fit into a float
	for rows, results := 0, 0; ; {
		var c chunk[V]
		err := decoder.Decode(&c)
		switch {
		case limited.N <= 0:
			return fmt.Errorf("query of %s: answer exceeds %d bytes", s.cfg.Database, s.cfg.MaxAnswer)
		case errors.Is(err, io.EOF) && results > 0:
			return nil
		case isSyntax(err), errors.Is(err, io.EOF):
			return &Misconfigured{Reason: "/query at " + s.base.Redacted() + " answers 200 with what is not InfluxDB's JSON"}
		case err != nil:
			return unreachable(fmt.Errorf("read the answer: %w", err))
		case c.Error != "":
			return s.complained(c.Error)
		}
		for _, result := range c.Results {
			results++
			if result.Error != "" {
				return s.complained(result.Error)
			}
			for _, t := range result.Series {
				n, err := take(t)
				if err != nil {
					return err
				}
				if rows += n; rows > s.cfg.MaxRows {
					return fmt.Errorf("query of %s: answer exceeds %d rows", s.cfg.Database, s.cfg.MaxRows)
				}
			}
		}
	}
}

// joined puts a table behind the others, or behind the last one's rows where it goes on with it.
func joined(tables []table, t table) []table {
	if n := len(tables); n > 0 && maps.Equal(tables[n-1].Tags, t.Tags) && len(tables[n-1].Columns) == len(t.Columns) {
		tables[n-1].Values = append(tables[n-1].Values, t.Values...)
		return tables
	}
	return append(tables, t)
}

// complained is an error within a 200. What is known to pass is an outage.
func (s *Store) complained(said string) error {
	a := &answer{status: http.StatusOK, said: said}
	switch lower := strings.ToLower(said); {
	case strings.Contains(lower, "not found") && containsAny(lower, aboutPlaces):
		return &Misconfigured{Reason: "query of " + s.cfg.Database + ": " + short(said)}
	case containsAny(lower, []string{"timeout", "limit exceeded", "query interrupted", "query killed", "engine is closed", "shutdown"}):
		return &Unavailable{Err: a}
	}
	return fmt.Errorf("query of %s: %s", s.cfg.Database, short(said))
}

func isSyntax(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}
