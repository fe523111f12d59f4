package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Action is what an agent does with the batches of a request, given its answer.
type Action uint8

const (
	Delete   Action = iota + 1 // all stored: forget them
	SetAside                   // the named lines never will be stored, the others are: keep these readable, forget the rest
	Split                      // too large: send less at once
	Keep                       // not now: send the same bytes later
	KeepAsk                    // not known here: keep, and say what to do
)

// Code is the machine's word for an answer.
type Code string

const (
	CodeStored       Code = "stored"
	CodeInvalid      Code = "invalid"      // some lines are rejected; all others are stored
	CodeUnreadable   Code = "unreadable"   // the request itself is broken: bad gzip, bad header
	CodeUnauthorized Code = "unauthorized" // no token, or one that is not known
	CodeForbidden    Code = "forbidden"    // known, and not allowed
	CodeTokenUsed    Code = "token_used"   // the invitation was used, by another key
	CodeTokenExpired Code = "token_expired"
	CodeExpired      Code = "certificate_expired" // renew it; after too long, enrol again
	CodeRevoked      Code = "revoked"             // enrol again
	CodeTwin         Code = "twin"                // two machines report under this identity: enrol the copy by itself
	CodeTooLarge     Code = "too_large"           // body, decompressed size, lines or batches
	CodeTooMany      Code = "too_many"            // concurrent requests, of this agent or of all
	CodeUnavailable  Code = "unavailable"         // InfluxDB is down, slow or full
	CodeNotFound     Code = "not_found"           // no such path
	CodeMethod       Code = "wrong_method"        // not POST
	CodeMedia        Code = "wrong_coding"        // a Content-Encoding other than gzip
)

// Answers is the table: code → HTTP status and what the agent does.
var Answers = map[Code]struct {
	Status int
	Action Action
}{
	CodeStored:       {http.StatusNoContent, Delete},
	CodeInvalid:      {http.StatusBadRequest, SetAside},
	CodeUnreadable:   {http.StatusBadRequest, Keep},
	CodeUnauthorized: {http.StatusUnauthorized, KeepAsk},
	CodeForbidden:    {http.StatusForbidden, KeepAsk},
	CodeTokenUsed:    {http.StatusForbidden, KeepAsk},
	CodeTokenExpired: {http.StatusForbidden, KeepAsk},
	CodeExpired:      {http.StatusForbidden, KeepAsk},
	CodeRevoked:      {http.StatusForbidden, KeepAsk},
	CodeTwin:         {http.StatusForbidden, KeepAsk},
	CodeTooLarge:     {http.StatusRequestEntityTooLarge, Split},
	CodeTooMany:      {http.StatusTooManyRequests, Keep},
	CodeUnavailable:  {http.StatusServiceUnavailable, Keep},
	CodeNotFound:     {http.StatusNotFound, KeepAsk},
	CodeMethod:       {http.StatusMethodNotAllowed, KeepAsk},
	CodeMedia:        {http.StatusUnsupportedMediaType, KeepAsk},
}

// Error is an answer other than 204, and its JSON body.
type Error struct {
	Code       Code           `json:"code"`
	Message    string         `json:"message"`
	Lines      []RejectedLine `json:"lines,omitempty"`
	RetryAfter time.Duration  `json:"-"` // with Keep: how long to wait at least
}

// RejectedLine is a line that never will be stored.
type RejectedLine struct {
	Line   int    `json:"line"` // from 1, in the body as sent
	Reason string `json:"reason"`
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// WriteTo answers with the error's status, Retry-After and JSON.
func (e *Error) WriteTo(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	w.WriteHeader(Answers[e.Code].Status)
	// The status is out: a caller who has gone away is no longer ours to tell.
	_ = json.NewEncoder(w).Encode(e)
}
