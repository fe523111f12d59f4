// Package api is the contract between agents, collector and dashboards: what is
// measured and how a line of it is written and checked (measurement.go,
// encode.go, check.go), who is calling (identity.go), what a write is answered
// (answer.go), which batches a request carries (batch.go), what an agent is told
// to do (document.go), how it enrols (enrol.go), and here the paths, headers and limits.
//
// In comes nothing, out go types, tables and pure functions. It imports the
// standard library only, knows no store, no network and no file, and must never
// learn of one: every other room depends on it.
package api

import "time"

// Paths the collector serves to agents.
const (
	// PathWrite takes line protocol, as InfluxDB's own /api/v2/write does.
	PathWrite = "/api/v2/write"
	// PathEnrol takes an [EnrolRequest] with an invitation's token: POST, 200 with an [EnrolReply].
	PathEnrol = "/api/v1/enrol"
	// PathRenew takes one with a certificate of ours, valid or expired: likewise.
	PathRenew = "/api/v1/renew"
	// PathDocument gives the caller's [Document] as JSON with an ETag; 304 for If-None-Match.
	PathDocument = "/api/v1/document"
	// PathHealth answers 200 while the process lives.
	PathHealth = "/healthz"
	// PathReady answers 200 while a write could be stored, else 503 with the reason.
	PathReady = "/readyz"
	// PathMetrics is Prometheus text.
	PathMetrics = "/metrics"
	// PathEvents says to open pages that what they show has changed, for as long as they
	// stay open (server-sent events).
	PathEvents = "/events"
	// PathImport takes a sheet of what communes declared, from a browser.
	PathImport = "/import"
)

// MaxSheetBytes bounds such a sheet.
const MaxSheetBytes = 8 << 20

// Headers of a write.
const (
	// HeaderBatches names the batches in the body, as a [BatchList].
	HeaderBatches = "Communewatch-Batches"
	// HeaderStored, in a 204, repeats the names of the batches that are stored. An
	// agent that does not find its own there was answered by a stranger.
	HeaderStored = "Communewatch-Stored"
	// HeaderBacklog is "1" when the body is not the newest that the agent has.
	HeaderBacklog = "Communewatch-Backlog"
	// HeaderGoodbye says why the agent stops sending: a [Goodbye].
	HeaderGoodbye = "Communewatch-Goodbye"
	// HeaderTime, in every answer, is when the request came and when the answer
	// left, by the collector's clock: "<ns> <ns>" since 1970. With the agent's own
	// two it gives offset and uncertainty as NTP does (RFC 5905 §8).
	HeaderTime = "Communewatch-Time"
	// HeaderClock is the [ClockState] under which the batches were stamped.
	HeaderClock = "Communewatch-Clock"
	// HeaderSession is the session of the program that sends, which a batch from before
	// its start has not: two that take turns are two machines with one identity.
	HeaderSession = "Communewatch-Session"
	// HeaderEvery is how often the agent sends, in seconds, 1 to MaxEvery, when that is
	// not after each round: a metered line is not silent between.
	HeaderEvery = "Communewatch-Every"
)

// Goodbye is why an agent stops on purpose; its site is then closed, not silent.
type Goodbye string

const (
	GoodbyeStop     Goodbye = "stop"     // the service or the process was ended cleanly
	GoodbyeShutdown Goodbye = "shutdown" // the machine is being switched off or restarted
	GoodbyeSleep    Goodbye = "sleep"    // the machine goes to sleep; the program goes on when it wakes
)

// Goodbyes lists them.
const Goodbyes = "stop shutdown sleep"

// Known says whether it is one of [Goodbyes].
func (g Goodbye) Known() bool { return listed(Goodbyes, string(g)) }

// ClockState says how far a batch's timestamps can be trusted.
type ClockState string

const (
	ClockSynced    ClockState = "synced"    // the offset was measured and is smaller than its uncertainty
	ClockCorrected ClockState = "corrected" // the offset was measured and applied
	ClockBounded   ClockState = "bounded"   // measured in a session that never met the collector: placed between its neighbours, to a minute
)

// Limits of one write. Beyond them the answer is 413, or the line is rejected.
const (
	MaxBodyBytes    = 1 << 20  // compressed, as received
	MaxInflateBytes = 8 << 20  // after gzip
	MaxLineBytes    = 16 << 10 // one line
	MaxLines        = 20_000   // one request: what one commit to InfluxDB takes (decision: measured, costs a quarter less than 5,000)
	MaxBatches      = 4_096    // named in one HeaderBatches
	MaxStringBytes  = 1_024    // one string field
	MaxTagBytes     = 256      // one tag value
)

// Window of plausible timestamps around the collector's clock. A PC far ahead
// would pin "the latest value" for a year; one in 1970 would be beyond retention.
const (
	MaxAhead  = 10 * time.Minute
	MaxBehind = 90 * 24 * time.Hour // the retention of [Raw]
)

// Defaults of an office.
const (
	DefaultInterval = time.Minute
	MinInterval     = time.Second // between two rounds
	MaxInterval     = time.Hour
	MaxEvery        = time.Hour // between two sends of a metered line
	DefaultPackets  = 10
)
