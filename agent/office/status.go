package office

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// statusFile in the state folder is for whoever is at the machine: it may be read by
// all, and holds no secret.
const statusFile = "status.json"

// Status is how the agent stands after a round: what it writes, and what command status
// shows. Durations are in seconds, times by this PC's clock.
type Status struct {
	Written  time.Time `json:"written"`
	Uptime   float64   `json:"machine_uptime_seconds"` // at that moment: tells the file's age whatever is done to the clock
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Stopped  bool      `json:"stopped,omitempty"`
	Version  string    `json:"version"`
	Session  string    `json:"session"`
	Interval float64   `json:"interval_seconds"`

	Site      string        `json:"site,omitempty"` // of the certificate
	Agent     string        `json:"agent,omitempty"`
	Label     string        `json:"label,omitempty"`
	Collector string        `json:"collector"`
	Copied    *CopiedStatus `json:"copied,omitempty"`

	Origin   Origin         `json:"targets_of"`
	Targets  []TargetStatus `json:"targets"`
	Line     LineStatus     `json:"line"`
	Clock    *ClockStatus   `json:"clock,omitempty"` // absent: the collector was not met in this run
	Until    *time.Time     `json:"certificate_until,omitempty"`
	Left     *float64       `json:"certificate_left_seconds,omitempty"` // by the collector's clock; absent: not known
	Document DocumentStatus `json:"document"`
	Spool    SpoolStatus    `json:"spool"`

	Untrusted int      `json:"icmp_untrusted,omitempty"`
	RSS       int64    `json:"rss_bytes"`
	CPU       *float64 `json:"cpu_percent,omitempty"` // of one core, since the last round
	WireBytes int64    `json:"wire_bytes"`            // since the start
}

// CopiedStatus: nothing is sent, since the identity is another machine's.
type CopiedStatus struct {
	Host     string    `json:"host"`
	Enrolled time.Time `json:"enrolled"`
}

// TargetStatus is a target and its newest round.
type TargetStatus struct {
	Name        string   `json:"name"`
	Address     string   `json:"address"`
	Role        api.Role `json:"role"`
	Measured    bool     `json:"measured"` // at least once; then the rest says something
	Result      string   `json:"result,omitempty"`
	Sent        int64    `json:"sent"`
	Received    int64    `json:"received"`
	MedianMs    *float64 `json:"rtt_median_ms,omitempty"`
	SNMP        bool     `json:"snmp,omitempty"`
	DeviceUp    *bool    `json:"device_up,omitempty"`
	DeviceError string   `json:"device_error,omitempty"`
}

// Fails tells whether the newest round found nothing. Where none could be made, nothing
// is known.
func (t *TargetStatus) Fails() bool {
	silent := t.Measured && t.Received == 0 && t.Result != api.ResultNotProbed
	return silent || t.DeviceUp != nil && !*t.DeviceUp
}

// LineStatus is how sending goes.
type LineStatus struct {
	Stored  *time.Time      `json:"last_stored,omitempty"` // in this run
	Waiting int             `json:"waiting_batches"`
	Tried   bool            `json:"tried"`
	Trouble upstream.Reason `json:"trouble,omitempty"`
	Enrol   bool            `json:"must_enrol,omitempty"`    // only a person can mend the trouble
	Every   float64         `json:"every_seconds,omitempty"` // of a metered line
}

// ClockStatus is how far this PC's clock, as it was at the start, is behind the collector's.
type ClockStatus struct {
	OffsetMs float64 `json:"offset_ms"`
	DoubtMs  float64 `json:"uncertainty_ms"`
}

// DocumentStatus is the centre's document.
type DocumentStatus struct {
	ETag    string `json:"etag,omitempty"` // in force; empty: none
	Trial   bool   `json:"on_trial,omitempty"`
	Problem string `json:"problem,omitempty"` // why a newer one is not in force
}

// SpoolStatus is what waits on disk.
type SpoolStatus struct {
	Batches int    `json:"batches"`
	Bytes   int64  `json:"bytes"`
	Most    int64  `json:"most_bytes"`
	Memory  int    `json:"memory_batches,omitempty"`
	Aside   int    `json:"aside_batches,omitempty"`
	Dropped uint64 `json:"dropped_batches,omitempty"`
}

// ReadStatus reads what the agent of a state folder wrote last.
func ReadStatus(folder string) (Status, error) {
	var s Status
	data, err := readState(folder, statusFile)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", statusFile, err)
	}
	return s, nil
}

// writeStatus is called when a plan begins and after each batch.
func (o *Office) writeStatus() { o.leaveStatus(false) }

// leaveStatus writes it; stopped is the last word.
func (o *Office) leaveStatus(stopped bool) {
	if o.cfg.Folder == "" {
		return
	}
	o.telling.Lock()
	defer o.telling.Unlock()
	s := o.status()
	s.Stopped = stopped
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = writeState(o.cfg.Folder, statusFile, append(data, '\n'), 0o644)
	}
	if err != nil {
		o.log.Debug("status is not written", "error", err)
	}
}

func (o *Office) status() Status {
	p, spool := o.current.Load(), o.spool.Stats()
	now := time.Now()
	s := Status{
		Written: now.Truncate(time.Millisecond), Uptime: uptime().Seconds(), PID: os.Getpid(),
		Started: o.started.Round(0).Truncate(time.Second), Version: o.cfg.Version, Session: o.session.ID(), Interval: p.doc.Interval.Seconds(),
		Collector: o.cfg.URL, Origin: p.origin, Targets: o.results.of(p.targets), Line: o.lineStatus(p, now),
		Document: DocumentStatus{ETag: p.etag, Trial: p.onTrial.Load(), Problem: o.documentProblem()},
		Spool:    SpoolStatus{spool.Batches, spool.Bytes, o.cfg.SpoolBytes, spool.Memory, spool.Aside, spool.Dropped},
		RSS:      residentBytes(), CPU: o.process.latest(), WireBytes: o.sender.WireBytes(),
	}
	if o.copied != nil {
		s.Copied = &CopiedStatus{o.copied.Host, o.copied.Enrolled}
	}
	if p.untrusted != nil {
		s.Untrusted = p.untrusted()
	}
	if offset, known := o.session.Offset(); known {
		value, doubt := offset.Estimate()
		s.Clock = &ClockStatus{milliseconds(value), milliseconds(doubt)}
	}
	o.addIdentity(&s)
	return s
}

func (o *Office) lineStatus(p *plan, now time.Time) LineStatus {
	stats := o.sender.Stats()
	l := LineStatus{Waiting: o.spool.Stats().Batches, Tried: stats.Attempts > 0, Trouble: stats.Trouble, Enrol: stats.MustEnrol, Every: p.line(o.cfg).every.Seconds()}
	if stored, ever := o.queue.LastStored(); ever {
		at := now.Add(-o.session.Now().Sub(stored)).Truncate(time.Second)
		l.Stored = &at
	}
	return l
}

func (o *Office) addIdentity(s *Status) {
	if known := o.certificate.now(); known.ends != (time.Time{}) {
		s.Until = &known.ends
		s.Site, s.Agent, _ = strings.Cut(known.name, " ")
	}
	if left, known := o.certificateLeft(); known {
		seconds := left.Seconds()
		s.Left = &seconds
	}
	if known, err := readMachine(o.cfg.Folder); err == nil && o.copied == nil {
		s.Label = known.Label
	}
}

// Running tells whether the agent that wrote a status still runs: its process is there,
// and the file no older than two rounds. Its age is by the machine's uptime.
func (s *Status) Running() bool {
	return !s.Stopped && s.Age() >= 0 && s.Age() <= 2*s.interval()+30*time.Second && processRuns(s.PID)
}

func (s *Status) interval() time.Duration { return time.Duration(s.Interval * float64(time.Second)) }

// Age of the status; less than nothing when the machine was started anew since.
func (s *Status) Age() time.Duration {
	return uptime() - time.Duration(s.Uptime*float64(time.Second))
}

// Problems are what keeps the agent from its work, the worst first; targets that do not
// answer are what it is there to find.
func (s *Status) Problems() []Problem {
	var out []Problem
	add := func(is bool, what Problem) {
		if is {
			out = append(out, what)
		}
	}
	add(!s.Running(), NotRunning)
	add(s.Copied != nil, Copied)
	add(s.Left != nil && *s.Left <= 0, CertificateOver)
	add(s.Line.Trouble != "" && s.Copied == nil, NotSending)
	add(s.Document.Problem != "", DocumentRefused)
	add(s.cannotProbe(), CannotProbe)
	add(s.Untrusted > 0, PingsUntrusted)
	add(s.Spool.Memory > 0, DiskFails)
	add(s.Spool.Dropped > 0, Dropped)
	return out
}

// Problem is one of these, and the ending of its sentence's key.
type Problem string

// Problems of an agent.
const (
	NotRunning      Problem = "not_running"
	Copied          Problem = "copied"
	CertificateOver Problem = "certificate_over"
	NotSending      Problem = "not_sending"
	DocumentRefused Problem = "document_refused"
	CannotProbe     Problem = "cannot_probe"
	PingsUntrusted  Problem = "pings_untrusted"
	DiskFails       Problem = "disk_fails"
	Dropped         Problem = "dropped"
)

func (s *Status) cannotProbe() bool {
	tried, able := false, false
	for _, t := range s.Targets {
		tried = tried || t.Measured
		able = able || t.Measured && t.Result != api.ResultNotProbed
	}
	return tried && !able
}
