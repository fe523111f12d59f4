package upstream

// Stand-in until enrolment is merged: signatures only.

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"communewatch/collector/api"
)

// EnrolDeps is what enrolling is given.
type EnrolDeps struct {
	Log   *slog.Logger
	Clock Clock
	Proxy string
}

// Enrol is a stand-in.
func Enrol(context.Context, api.Invitation, api.EnrolRequest, string, EnrolDeps) (api.EnrolReply, error) {
	return api.EnrolReply{}, &Failure{Problem: ProblemStopped, Err: errors.New("enrolment is not built in yet")}
}

// Reached is what is learnt by asking a collector for the time.
type Reached struct {
	Time  time.Time
	Proxy string
}

// Reach is a stand-in.
func Reach(context.Context, string, string, EnrolDeps) (Reached, error) {
	return Reached{}, &Failure{Problem: ProblemStopped, Err: errors.New("not built in yet")}
}

// Problem is why the collector could not be reached, or enrolled with.
type Problem string

// Problems.
const (
	ProblemInvitation  Problem = "invitation"
	ProblemName        Problem = "no_name"
	ProblemNoRoute     Problem = "no_route"
	ProblemClosed      Problem = "refused"
	ProblemTimeout     Problem = "timeout"
	ProblemCut         Problem = "cut"
	ProblemProxyLogin  Problem = "proxy_login"
	ProblemProxy       Problem = "proxy"
	ProblemIntercepted Problem = "intercepted"
	ProblemPin         Problem = "wrong_pin"
	ProblemCertificate Problem = "certificate"
	ProblemStranger    Problem = "stranger"
	ProblemUsed        Problem = "used"
	ProblemExpired     Problem = "expired"
	ProblemUnknown     Problem = "unknown"
	ProblemBusy        Problem = "busy"
	ProblemAnswer      Problem = "answer"
	ProblemReply       Problem = "bad_reply"
	ProblemDisk        Problem = "disk"
	ProblemStopped     Problem = "stopped"
)

// Failure is a [Problem] and what is known of it.
type Failure struct {
	Problem Problem
	Who     string
	Code    api.Code
	Wait    time.Duration
	Err     error
}

func (f *Failure) Error() string { return string(f.Problem) + ": " + f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }
