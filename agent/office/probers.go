package office

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"communewatch/agent/icmp"
	"communewatch/agent/snmp"
	"communewatch/collector/api"
)

// probe makes one round of one target.
type probe = func(context.Context) []*api.Point

// Probers make a target's probe. now is the session's clock.
type Probers struct {
	ICMP func(api.Target) func(context.Context) []*api.Point
	SNMP func(api.Target) func(context.Context) []*api.Point
	// Trust finds out, now and then, whether ICMP can be believed here; Untrusted has what
	// it found. Both nil: nobody asks.
	Trust     func(context.Context)
	Untrusted func() int
}

// realProbers are those for a document. An error is the document's fault.
func (o *Office) realProbers(doc api.Document, now func() time.Time, log *slog.Logger) (Probers, error) {
	pings, err := icmp.New(icmp.Config{
		Packets: doc.Packets, Spacing: spacing(doc), Timeout: echoTimeout(doc), Targets: len(doc.Targets), Pace: pace(doc), Now: now, Log: log,
	})
	if err != nil {
		return Probers{}, err
	}
	profiles, err := o.profiles.of(o.cfg.Profiles, doc.Profiles, log)
	if err != nil {
		return Probers{}, err
	}
	asks, err := snmp.New(snmp.Config{Timeout: 2 * time.Second, Retries: 1, Now: now, Profiles: profiles, Log: log})
	if err != nil {
		return Probers{}, err
	}
	return Probers{ICMP: pings.Target, SNMP: asks.Target, Trust: pings.Trust, Untrusted: pings.Untrusted}, nil
}

// profiles are read once for a document, not again when only the network changes: they
// are some forty files, 30 ms and 1.7 MB of garbage each time. A file of the folder that is
// changed is read with the next document, or at the next start.
type profiles struct {
	given []api.Profile
	read  *snmp.Profiles
}

func (p *profiles) of(folder string, given []api.Profile, log *slog.Logger) (*snmp.Profiles, error) {
	if p.read != nil && slices.Equal(p.given, given) {
		return p.read, nil
	}
	read, passedOver, err := snmp.LoadGiven(folder, given)
	if err != nil {
		return nil, err
	}
	if passedOver != nil { // one bad file must not take the others down
		log.Error("snmp profiles are left out", "error", passedOver)
	}
	p.given, p.read = given, read
	return read, nil
}

// A round's echoes take at most half the interval, and the last of them has a
// quarter to come back, so that a round always ends before the next begins. At 60 s
// this is fping's and SmokePing's order: 200 ms apart, 3 s to answer.
func spacing(doc api.Document) time.Duration {
	return min(200*time.Millisecond, doc.Interval/2/time.Duration(doc.Packets))
}

func echoTimeout(doc api.Document) time.Duration { return min(3*time.Second, doc.Interval/4) }

// pace is the time between any two echoes where there are many targets: twice as fast
// as all of them need, and no slower than fping's 1 ms. 10,000 a second is the most; a document
// that asks for more (1,000 targets each second) gets fewer echoes a round.
func pace(doc api.Document) time.Duration {
	needed := doc.Interval / 2 / time.Duration(max(1, len(doc.Targets)*doc.Packets))
	return min(time.Millisecond, max(100*time.Microsecond, needed))
}
