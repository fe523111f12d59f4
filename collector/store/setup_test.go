//go:build integration

package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

func TestSetupMakesWhatIsMissingOnceAndKeepsWhatIsThere(t *testing.T) {
	server := storetest.Start(t)
	order(t, server, `CREATE DATABASE "kept" WITH DURATION 400d NAME "raw"`)
	s := storetest.OpenNamed(t, server, "kept")
	failures := make(chan error, 4)
	for range cap(failures) {
		go func() { failures <- s.Setup(t.Context()) }()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	want := []string{"events 87600h0m0s 2016h0m0s false", "hourly 26280h0m0s 672h0m0s false", "raw 9600h0m0s 168h0m0s true"}
	if got := policies(t, server, "kept"); !cmp.Equal(got, want) {
		t.Errorf("policies are %q, want %q", got, want)
	}
	storetest.OpenNamed(t, server, "fresh")
	want[2] = "raw 2160h0m0s 168h0m0s true"
	if got := policies(t, server, "fresh"); !cmp.Equal(got, want) {
		t.Errorf("policies are %q, want %q", got, want)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// Rule W1: making buckets is optional.
func TestACredentialThatMayMakeNothingIsEnoughWhereAllIsThere(t *testing.T) {
	server := storetest.Start(t)
	storetest.OpenNamed(t, server, "communewatch")
	order(t, server, `CREATE USER "plain" WITH PASSWORD 'p'`)
	order(t, server, `GRANT ALL ON "communewatch" TO "plain"`)
	open := func(database string) *store.Store {
		s, err := store.New(store.Config{URL: server.URL(), Token: "plain:p", Database: database}, store.Deps{Log: storetest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	s := open("communewatch")
	if err := s.Setup(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Write(t.Context(), api.Raw, line(t, nil, ping("bd-1", "a", now))); err != nil {
		t.Error(err)
	}
	if err := open("another").Setup(t.Context()); kindOf(err) != "misconfigured" {
		t.Errorf("without the database: %v", err)
	}
}
