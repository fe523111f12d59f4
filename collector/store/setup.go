package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Setup makes what is missing of the database and its retention policies. What is
// there stays as it is, an operator's other duration included. A credential that
// may not make them is enough where all are there.
func (s *Store) Setup(ctx context.Context) error {
	if err := s.ping(ctx); err != nil {
		return err
	}
	refusal := s.make(ctx)
	if refusal != nil && !isMisconfigured(refusal) {
		return refusal
	}
	there, err := s.policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		kept, ok := there[p.name]
		if !ok {
			return s.missing(p.name, refusal)
		}
		if kept != p.duration {
			s.log.Warn("retention policy has another duration than ours and is left so", "policy", p.name, "duration", kept, "ours", p.duration)
		}
	}
	return nil
}

// make asks for the database and each policy that is not there.
func (s *Store) make(ctx context.Context) error {
	there, err := s.policies(ctx)
	if isMisconfigured(err) {
		if _, err = s.ask(ctx, question{statement: s.create(0)}); err != nil {
			return err
		}
		there, err = s.policies(ctx)
	}
	if err != nil {
		return err
	}
	for i, p := range policies {
		if _, ok := there[p.name]; ok {
			continue
		}
		if _, err := s.ask(ctx, question{statement: s.create(i + 1)}); err != nil {
			return err
		}
		s.log.Info("retention policy made", "database", s.cfg.Database, "policy", p.name, "duration", p.duration)
	}
	return nil
}

// create is the statement that makes the database with its default policy (0) or
// the policy of that number, from 1.
func (s *Store) create(number int) string {
	database := identifier(s.cfg.Database)
	p := policies[max(number-1, 0)]
	terms := fmt.Sprintf("DURATION %s REPLICATION %d SHARD DURATION %s", hours(p.duration), s.cfg.Replication, hours(p.shard))
	if number == 0 {
		return fmt.Sprintf("CREATE DATABASE %s WITH %s NAME %s", database, terms, identifier(string(p.name)))
	}
	statement := fmt.Sprintf("CREATE RETENTION POLICY %s ON %s %s", identifier(string(p.name)), database, terms)
	if number == 1 {
		statement += " DEFAULT"
	}
	return statement
}

func hours(d time.Duration) string { return fmt.Sprintf("%dh", int64(d/time.Hour)) }

func (s *Store) missing(policy api.Retention, refusal error) error {
	reason := fmt.Sprintf("no retention policy %s on database %s, and it cannot be made", policy, s.cfg.Database)
	if refusal != nil {
		reason += " (" + refusal.Error() + ")"
	}
	return &Misconfigured{Reason: reason + fmt.Sprintf("; make it by hand; on InfluxDB 2 a bucket named %s/%s", s.cfg.Database, policy)}
}

// policies gives the durations of the policies that are there.
func (s *Store) policies(ctx context.Context) (map[api.Retention]time.Duration, error) {
	series, err := s.ask(ctx, question{statement: "SHOW RETENTION POLICIES ON " + identifier(s.cfg.Database)})
	if err != nil {
		return nil, err
	}
	there := map[api.Retention]time.Duration{}
	for _, one := range series {
		for _, row := range one.Values {
			var name, duration string
			for i, column := range one.Columns { // by name: engines order columns as they like
				if text, ok := cell(row, i).(string); ok && column == "name" {
					name = text
				} else if ok && column == "duration" {
					duration = text
				}
			}
			length, err := time.ParseDuration(strings.TrimSpace(duration))
			if err != nil {
				return nil, fmt.Errorf("read retention policy %s: %w", name, err)
			}
			there[api.Retention(name)] = length
		}
	}
	return there, nil
}

func cell(row []any, i int) any {
	if i < len(row) {
		return row[i]
	}
	return nil
}

func isMisconfigured(err error) bool {
	var m *Misconfigured
	return errors.As(err, &m)
}
