package enrol

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"communewatch/collector/api"
)

// applicant is who asks for a certificate, of whose words only the key is believed.
type applicant struct {
	key                              *ecdsa.PublicKey
	keyHash                          string
	machine, host, os, arch, version string
	address                          string
}

func readApplicant(r api.EnrolRequest, address string) (applicant, *api.Error) {
	if len(r.Machine) > api.MaxMachine {
		return applicant{}, &api.Error{Code: api.CodeUnreadable, Message: "machine is too long"}
	}
	key, sum, err := keyOfCSR(r.CSR)
	if err != nil {
		return applicant{}, &api.Error{Code: api.CodeUnreadable, Message: err.Error()}
	}
	return applicant{
		key: key, keyHash: sum,
		machine: clean(r.Machine, api.MaxMachine), host: clean(r.Host, maxHost),
		os: clean(r.OS, maxWord), arch: clean(r.Arch, maxWord), version: clean(r.Version, maxWord),
		address: clean(address, maxAddress),
	}, nil
}

// certified is the agent with its next certificate, for the applicant's key.
func (who applicant) certified(a Agent, at time.Time) (Agent, error) {
	serial, err := newSerial()
	if err != nil {
		return Agent{}, err
	}
	a.Number++
	a.Serial, a.Key = serial.Text(16), who.keyHash
	a.Issued, a.NotAfter = at, at.Add(CertificateLife)
	a.Host, a.OS, a.Arch, a.Version, a.Address = who.host, who.os, who.arch, who.version, who.address
	return a, nil
}

// EnrolHandler is the handler of api.PathEnrol.
func (e *Enroller) EnrolHandler() http.Handler {
	return answering(func(r *http.Request, asked api.EnrolRequest) (api.EnrolReply, *api.Error) {
		return e.Enrol(asked, addressOf(r))
	})
}

// RenewHandler is the handler of api.PathRenew, for callers whose certificate was found
// good for it.
func (e *Enroller) RenewHandler() http.Handler {
	return answering(func(r *http.Request, asked api.EnrolRequest) (api.EnrolReply, *api.Error) {
		id, ok := api.IdentityFrom(r.Context())
		if !ok || id.Serial == "" {
			return api.EnrolReply{}, unauthorized("renewing needs the certificate that is to be renewed")
		}
		return e.Renew(id, asked, addressOf(r))
	})
}

// Elsewhere answers both on a machine that does not enrol.
func Elsewhere() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		(&api.Error{Code: api.CodeNotFound, Message: "this machine enrols and renews nobody (its roles lack enrol): another one of the collector's does"}).WriteTo(w)
	})
}

func answering(answer func(*http.Request, api.EnrolRequest) (api.EnrolReply, *api.Error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, problem := readRequest(r.Body)
		if problem != nil {
			problem.WriteTo(w)
			return
		}
		reply, problem := answer(r, asked)
		if problem != nil {
			problem.WriteTo(w)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		// A caller who has gone away asks again, and is given the same.
		_ = json.NewEncoder(w).Encode(reply)
	})
}

func readRequest(body io.Reader) (api.EnrolRequest, *api.Error) {
	data, err := io.ReadAll(io.LimitReader(body, api.MaxEnrolBytes+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(data) > api.MaxEnrolBytes {
		return api.EnrolRequest{}, &api.Error{Code: api.CodeTooLarge, Message: "the request is too large"}
	}
	if err != nil {
		return api.EnrolRequest{}, &api.Error{Code: api.CodeUnreadable, Message: "the request ended early"}
	}
	var asked api.EnrolRequest
	if err := json.Unmarshal(data, &asked); err != nil {
		// What cannot be read may hold a token: its text goes nowhere.
		return api.EnrolRequest{}, &api.Error{Code: api.CodeUnreadable, Message: "the request is not the JSON of an EnrolRequest"}
	}
	return asked, nil
}

func addressOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
