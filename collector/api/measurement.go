package api

import (
	"slices"
	"time"
)

// Kind is the type of a field. InfluxDB fixes it with the first write and
// refuses every other from then on, so it is fixed here before any write.
type Kind uint8

const (
	Float Kind = iota + 1
	Integer
	Boolean
	Text
)

func (k Kind) String() string {
	return [...]string{"none", "float", "integer", "boolean", "string"}[k]
}

// Writer is who may write a measurement.
type Writer uint8

const (
	ByAgent Writer = iota + 1
	ByIngest
	ByJudge
	ByBoard // what a person wrote on the collector's page
)

// Retention names how long a measurement is kept; it is also the name of
// InfluxDB's retention policy.
type Retention string

const (
	Raw    Retention = "raw"    // 90 days
	Hourly Retention = "hourly" // 3 years
	Events Retention = "events" // 10 years
)

// Field describes one field of a measurement.
type Field struct {
	Name     string
	Kind     Kind
	Unit     string  // UCUM where there is one ("ms", "By", "%"), else empty
	Min, Max float64 // inclusive range of numbers; of Text, Max is how many bytes it may have if not MaxStringBytes
	Allowed  string  // Text only: the permitted values, separated by a space; empty = any
	Always   bool    // every point of the measurement has it, so that counting it counts points
	Doc      string  // what it says, and what its absence says
}

// Tag describes one tag. A tag identifies and is frozen; what may change is a field.
type Tag struct {
	Name    string
	Allowed string // the permitted values, separated by a space; empty = any
	Doc     string
}

// Measurement is one row of the contract.
type Measurement struct {
	Name      string
	By        Writer
	Retention Retention
	Tags      []Tag // beside site and agent; all of them required
	Fields    []Field
	// Open lets floats of other names in, if the name ends in one of Units: what a
	// device profile gives is not known here.
	Open bool
	Doc  string
}

// Tag names that the collector sets from the caller's [Identity].
const (
	TagSite      = "site"
	TagAgent     = "agent"
	TagTarget    = "target"
	TagRole      = "role"
	TagInterface = "interface"
	TagHop       = "hop"
)

// Values of ping's result. An absent result is ok.
const (
	ResultOK            = "ok"
	ResultTimeout       = "timeout"
	ResultICMPError     = "icmp_error"
	ResultNoRoute       = "no_route"
	ResultNoName        = "no_name"
	ResultSkippedParent = "skipped_parent"
	ResultNotProbed     = "not_probed"
)

// Values of path's cause.
const (
	CauseStart         = "start"          // nothing hurts: what to compare with
	CauseUplinkLoss    = "uplink_loss"    // an uplink target loses too much
	CauseCollectorLost = "collector_lost" // what is measured cannot be sent
	CauseUplinkDown    = "uplink_down"    // no uplink target answers
	CauseRecovered     = "recovered"      // what hurt is over
)

// Values of path's errors.
const (
	PathTimeout     = "timeout"     // no answer in time
	PathRefused     = "refused"     // the other side said no
	PathReset       = "reset"       // the other side broke off
	PathNoRoute     = "no_route"    // this machine has no way there
	PathNoName      = "no_name"     // the name does not exist, or no address is known
	PathCertificate = "certificate" // it is signed by somebody else, or for another name or time
	PathNotTLS      = "not_tls"     // the answer is not TLS
	PathNoAnswer    = "no_answer"   // nothing came back from beyond the last hop
	PathUnreachable = "unreachable" // the last hop said that it has no way on
	PathNotProbed   = "not_probed"  // it cannot be probed on this system
	PathOther       = "other"       // see the agent's log
)

// MaxHops bounds a path; a hop's tag is a number from 1 on.
const MaxHops = 30

const hopNumbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30"

// Ranges. Integers stay within ±2^53, beyond which some engines corrupt them.
const (
	count     = 1 << 32
	octets    = 1 << 53
	epochMs   = 1 << 43 // the year 2248
	rttMs     = 120_000
	sequences = 1 << 53

	maxInteger = 1 << 53 // compared as an integer: as a float 2^53+1 is 2^53
)

// Measurements is the contract. Encoding and checking follow from it: a new
// field is one line here, or in judged.go.
var Measurements = slices.Concat(sent, judged)

// sent are those that agents send, and what ingest adds.
var sent = []Measurement{
	{
		Name: "ping", By: ByAgent, Retention: Raw, Doc: "One round of ICMP echoes to one target (RFC 792, RFC 4443; loss and delay as RFC 7680, RFC 2681).",
		Tags: []Tag{{Name: TagTarget, Doc: "the target's configured name"}, {Name: TagRole, Allowed: Roles, Doc: "what the target stands for"}},
		Fields: []Field{
			{Name: "sent", Kind: Integer, Max: count, Always: true, Doc: "echo requests that left; 0 when not probed"},
			{Name: "received", Kind: Integer, Max: count, Always: true, Doc: "echo requests answered in time"},
			{Name: "rtt_min_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "smallest round trip; absent when nothing came back"},
			{Name: "rtt_p25_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "25th percentile"},
			{Name: "rtt_median_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "median"},
			{Name: "rtt_p75_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "75th percentile"},
			{Name: "rtt_max_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "largest round trip"},
			{Name: "jitter_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "mean absolute difference of consecutive round trips (RFC 3393's IPDV, as a mean)"},
			{Name: "duplicates", Kind: Integer, Max: count, Doc: "replies beyond the first to one request; absent = 0"},
			{Name: "late", Kind: Integer, Max: count, Doc: "replies after their deadline, not in received; absent = 0"},
			{Name: "reordered", Kind: Integer, Max: count, Doc: "requests answered after one that was sent later (RFC 4737); absent = 0"},
			{Name: "forged", Kind: Integer, Max: count, Doc: "replies from another address, or to a request that was never sent; absent = 0"},
			{Name: "icmp_errors", Kind: Integer, Max: count, Doc: "requests given up on the way, as a router or the target wrote back (unreachable, time exceeded ...); absent = 0, or not heard"},
			{Name: "redirects", Kind: Integer, Max: count, Doc: "ICMP redirects for these requests (IPv4); absent = 0, or not heard"},
			{Name: "send_errors", Kind: Integer, Max: count, Doc: "requests the system refused to send, not in sent; absent = 0"},
			{Name: "result", Kind: Text, Allowed: "timeout icmp_error no_route no_name skipped_parent not_probed", Doc: "why the round is not plain; absent = ok"},
		},
	},
	{
		Name: "interface", By: ByAgent, Retention: Raw, Doc: "One interface of one device (RFC 2863). Octets and errors are what passed since the last round.",
		Tags: []Tag{{Name: TagTarget, Doc: "the device's configured name"}, {Name: TagInterface, Doc: "ifName, else ifDescr"}},
		Fields: []Field{
			{Name: "oper_up", Kind: Integer, Max: 1, Always: true, Doc: "1 when ifOperStatus is up(1)"},
			{Name: "speed_bps", Kind: Integer, Unit: "bit/s", Max: octets, Doc: "ifHighSpeed, else ifSpeed; absent = unknown"},
			{Name: "in_octets", Kind: Integer, Unit: "By", Max: octets, Doc: "received since the last round; absent = unknown (first round, reset)"},
			{Name: "out_octets", Kind: Integer, Unit: "By", Max: octets, Doc: "sent since the last round; absent = unknown"},
			{Name: "in_errors", Kind: Integer, Max: octets, Doc: "ifInErrors since the last round; absent = 0, or unknown where the octets are absent too"},
			{Name: "out_errors", Kind: Integer, Max: octets, Doc: "ifOutErrors since the last round; absent = 0, or unknown where the octets are absent too"},
			{Name: "in_discards", Kind: Integer, Max: octets, Doc: "ifInDiscards since the last round; absent = 0, or unknown where the octets are absent too"},
			{Name: "out_discards", Kind: Integer, Max: octets, Doc: "ifOutDiscards since the last round; absent = 0, or unknown where the octets are absent too"},
			{Name: "alias", Kind: Text, Doc: "ifAlias, when it changes and once a day"},
		},
	},
	{
		Name: "device", By: ByAgent, Retention: Raw, Open: true, Doc: "What one device says of itself over SNMP.",
		Tags: []Tag{{Name: TagTarget, Doc: "the device's configured name"}},
		Fields: []Field{
			{Name: "up", Kind: Integer, Max: 1, Always: true, Doc: "1 when it answered SNMP"},
			{Name: "uptime_seconds", Kind: Float, Unit: "s", Max: 1 << 40, Doc: "snmpEngineTime, else hrSystemUptime, else sysUpTime"},
			{Name: "profile", Kind: Text, Doc: "name of the profile that was used, when it changes and once a day"},
			{Name: "model", Kind: Text, Doc: "what its maker calls it, else sysDescr in one line, when it changes and once a day"},
			{Name: "name", Kind: Text, Doc: "sysName, when it changes and once a day"},
			{Name: "error", Kind: Text, Doc: "why it did not answer, or why a table is incomplete, with its OID; absent = none"},
		},
	},
	{
		Name: "agent_health", By: ByAgent, Retention: Raw, Doc: "The agent on itself, once a round.",
		Fields: []Field{
			{Name: "spool_batches", Kind: Integer, Max: count, Always: true, Doc: "batches that wait, not yet acknowledged"},
			{Name: "memory_batches", Kind: Integer, Max: count, Doc: "of these, in memory because the disk does not take them; absent = 0"},
			{Name: "aside_batches", Kind: Integer, Max: count, Doc: "kept aside on the agent's disk: refused, unreadable or of an unknown time; absent = 0"},
			{Name: "spool_bytes", Kind: Integer, Unit: "By", Max: octets, Doc: "their size"},
			{Name: "dropped_batches", Kind: Integer, Max: count, Doc: "dropped since start because the spool was full or they were too old; absent = 0"},
			{Name: "rss_bytes", Kind: Integer, Unit: "By", Max: octets, Doc: "resident memory"},
			{Name: "round_ms", Kind: Integer, Unit: "ms", Max: epochMs, Doc: "the longest probe since the last round"},
			{Name: "wire_bytes", Kind: Integer, Unit: "By", Max: octets, Doc: "sent and received on the line to the collector since start"},
			{Name: "every_seconds", Kind: Integer, Unit: "s", Min: 1, Max: float64(MaxEvery / time.Second), Doc: "how often the agent sends on a metered line; absent = after each round"},
			{Name: "clock_offset_ms", Kind: Float, Unit: "ms", Min: -1e14, Max: 1e14, Doc: "collector's clock less this one; absent = not measured"},
			{Name: "clock_uncertainty_ms", Kind: Float, Unit: "ms", Max: 1e9, Doc: "half the round trip it was measured with"},
			{Name: "cpu_percent", Kind: Float, Unit: "%", Max: 100_000, Doc: "of one core, since the last round"},
			{Name: "icmp_untrusted", Kind: Integer, Max: count, Doc: "addresses that cannot exist (RFC 5737, RFC 3849) and answered an echo: something near the agent answers for everyone, and no reply proves anything; absent = 0"},
			{Name: "version", Kind: Text, Doc: "of the agent"},
			{Name: "os", Kind: Text, Doc: "GOOS"},
			{Name: "arch", Kind: Text, Doc: "GOARCH"},
			{Name: "document", Kind: Text, Doc: "ETag of the document from the centre that is in force; absent = the agent's own file, or none yet"},
			{Name: "document_problem", Kind: Text, Doc: "why the newest document is not in force; absent = it is"},
			{Name: "certificate_left_seconds", Kind: Integer, Unit: "s", Min: -1e9, Max: 1e9, Doc: "until the agent's certificate ends; absent = it has none, or no time is known"},
			{Name: "session", Kind: Text, Doc: "one boot, one process, no suspend"},
			{Name: "machine_up_seconds", Kind: Integer, Unit: "s", Max: octets, Doc: "since the machine booted, sleep included; in a session's first point only"},
		},
	},
	{
		Name: "path", By: ByAgent, Retention: Raw, Doc: "One look at the way to the collector, or to an uplink target that hurts: once at the start, once in an incident, once when it is over.",
		Tags: []Tag{{Name: TagTarget, Doc: "collector, or the uplink target's configured name"}},
		Fields: []Field{
			{Name: "cause", Kind: Text, Allowed: "start uplink_loss collector_lost uplink_down recovered", Always: true, Doc: "why it was looked at"},
			{Name: "address", Kind: Text, Doc: "the IP address that the rest is about; absent = none is known"},
			{Name: "dns_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "until the configured resolvers answered the name; absent = they did not, or there is no name to ask for"},
			{Name: "dns_error", Kind: Text, Allowed: "no_name timeout other", Doc: "why they did not (other = they could not be asked, or failed); absent = they did, or there is no name"},
			{Name: "connect_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "to a TCP connection with the collector; absent = none was made"},
			{Name: "connect_error", Kind: Text, Allowed: "timeout refused reset no_route other", Doc: "why none was made; absent = it was, or it was not tried"},
			{Name: "tls_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "from there through TLS; absent = it was not done"},
			{Name: "tls_error", Kind: Text, Allowed: "timeout reset certificate not_tls other", Doc: "why it was not; absent = it was, or it was not tried"},
			{Name: "reached", Kind: Integer, Max: 1, Doc: "1 when the address itself answered the trace, which no firewall owes us; absent = not probed"},
			{Name: "hops", Kind: Integer, Min: 1, Max: MaxHops, Doc: "the address's own place in the path; absent = not reached"},
			{Name: "last_hop", Kind: Text, Doc: "IP address of the last hop that answered; absent = none did"},
			{Name: "last_hop_number", Kind: Integer, Min: 1, Max: MaxHops, Doc: "its place in the path"},
			{Name: "trace_error", Kind: Text, Allowed: "no_answer unreachable no_route no_name timeout not_probed other", Doc: "why the address was not reached; timeout = the time for it was up; absent = it was"},
			{Name: "mtu_bytes", Kind: Integer, Unit: "By", Min: 68, Max: 1500, Doc: "the largest IP packet that arrives undivided (RFC 1191, RFC 8201), 1500 also where more would; absent = unknown"},
			{Name: "mtu_error", Kind: Text, Allowed: "no_answer no_route timeout not_probed other", Doc: "why it is unknown; absent = it is known, or the address was not reached"},
		},
	},
	{
		Name: "path_hop", By: ByAgent, Retention: Raw, Doc: "One hop that answered, of the path point of the same target and time.",
		Tags: []Tag{{Name: TagTarget, Doc: "as in path"}, {Name: TagHop, Allowed: hopNumbers, Doc: "its place in the path: how many routers on"}},
		Fields: []Field{
			{Name: "address", Kind: Text, Always: true, Doc: "its IP address"},
			{Name: "rtt_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "one round trip to it"},
		},
	},
	{
		Name: "receipt", By: ByIngest, Retention: Raw, Doc: "One request, as the collector took it: the only source for coverage, freshness, duplicates.",
		Fields: []Field{
			{Name: "batches", Kind: Integer, Max: MaxBatches, Always: true, Doc: "named in the request"},
			{Name: "session", Kind: Text, Doc: "the newest batch's session"},
			{Name: "first_sequence", Kind: Integer, Max: sequences, Doc: "smallest of that session"},
			{Name: "last_sequence", Kind: Integer, Max: sequences, Doc: "largest of that session"},
			{Name: "lines", Kind: Integer, Max: count, Always: true, Doc: "received"},
			{Name: "rejected", Kind: Integer, Max: count, Doc: "of these, never stored; absent = 0"},
			{Name: "wire_bytes", Kind: Integer, Unit: "By", Max: octets, Doc: "the body as received"},
			{Name: "backlog", Kind: Boolean, Doc: "not the newest that the agent had"},
			{Name: "first_time_ms", Kind: Integer, Unit: "ms", Min: -epochMs, Max: epochMs, Doc: "oldest point, since 1970"},
			{Name: "last_time_ms", Kind: Integer, Unit: "ms", Min: -epochMs, Max: epochMs, Doc: "newest point, since 1970"},
			{Name: "delay_ms", Kind: Integer, Unit: "ms", Min: -epochMs, Max: epochMs, Doc: "from the newest point to the receipt"},
			{Name: "clock", Kind: Text, Allowed: "synced corrected bounded", Doc: "the ClockState that the agent named"},
			{Name: "every_seconds", Kind: Integer, Unit: "s", Min: 1, Max: float64(MaxEvery / time.Second), Doc: "how often the agent sends; absent = after each round"},
			{Name: "goodbye", Kind: Text, Allowed: Goodbyes, Doc: "the agent stops on purpose; absent = it goes on"},
		},
	},
}

// Lookup finds a measurement by name, nil if the contract has none.
func Lookup(name string) *Measurement {
	return byName[name]
}

// Field finds a field by name; for an open measurement a well-named float is
// found too. nil if the contract has none.
func (m *Measurement) Field(name string) *Field {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i]
		}
	}
	if m.Open {
		return openField(name)
	}
	return nil
}

// Counter is the field by which the measurement's points are counted.
func (m *Measurement) Counter() string {
	for _, f := range m.Fields {
		if f.Always {
			return f.Name
		}
	}
	return ""
}

var byName = func() map[string]*Measurement {
	m := make(map[string]*Measurement, len(Measurements))
	for i := range Measurements {
		m[Measurements[i].Name] = &Measurements[i]
	}
	return m
}()
