package api

import "strings"

// judged are the measurements that the judge writes, and the notes of people. A point
// that is written again has every field every time: InfluxDB merges fields and never
// removes one.
var judged = []Measurement{
	{
		Name: "site_state", By: ByJudge, Retention: Events, Doc: "A site's state, written as a heartbeat so that last() always finds it. No agent tag.",
		Fields: []Field{
			{Name: "state", Kind: Text, Allowed: States, Always: true, Doc: "what the site is in"},
			{Name: "since_ms", Kind: Integer, Unit: "ms", Max: epochMs, Doc: "when it came into it, since 1970; absent = never had another"},
			{Name: "reason", Kind: Text, Doc: "the rule that made it, as a key of the catalogue"},
			{Name: "evidence", Kind: Text, Doc: "targets and figures behind it"},
			{Name: "rank", Kind: Integer, Max: count, Always: true, Doc: "order on a screen: terrain group, severity, name; smallest first"},
			{Name: "label", Kind: Text, Doc: "the site's name as shown"},
			{Name: "unit", Kind: Text, Doc: "code of the unit it belongs to today"},
			{Name: "area", Kind: Text, Doc: "its district of 2023, for grouping"},
			{Name: "terrain", Kind: Text, Allowed: Terrains, Doc: "of the site"},
			{Name: "provider", Kind: Text, Doc: "name of the provider of its line; absent = nobody wrote it down"},
			{Name: "latitude", Kind: Float, Unit: "deg", Min: -90, Max: 90, Doc: "of a point inside the commune (WGS84)"},
			{Name: "longitude", Kind: Float, Unit: "deg", Min: -180, Max: 180, Doc: "likewise"},
			{Name: "maintenance", Kind: Boolean, Doc: "within a maintenance window: measured, shown, not alarmed; absent = not"},
			{Name: "incident", Kind: Text, Doc: "id of the incident that it is in; absent = none"},
		},
	},
	{
		Name: "area_state", By: ByJudge, Retention: Events, Doc: "How the sites of one area are, with each judgement. Our wall draws the state; the counts are for panels of one's own.",
		Tags: []Tag{{Name: TagArea, Doc: "code of the district of 2023"}},
		Fields: []Field{
			{Name: "label", Kind: Text, Doc: "its name as shown"},
			{Name: "state", Kind: Text, Allowed: States, Always: true, Doc: "the gravest of its sites that are installed; not_installed = none is"},
			{Name: "rank", Kind: Integer, Max: count, Always: true, Doc: "order on a screen, smallest first"},
			{Name: "uplink_down", Kind: Integer, Max: count, Always: true, Doc: "sites in that state; likewise all below"},
			{Name: "lan_down", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "power_lost", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "silent", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "degraded", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "not_installed", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "closed", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
			{Name: "ok", Kind: Integer, Max: count, Always: true, Doc: "sites in that state"},
		},
	},
	{
		Name: "directory", By: ByJudge, Retention: Raw, Doc: "What a site is called, for lists to choose from: Grafana takes a text and a value from one string only. At the judge's start, at a change, and once an hour.",
		Fields: []Field{
			{Name: "choice", Kind: Text, Always: true, Doc: "\"label | site\""},
			{Name: "area", Kind: Text, Always: true, Doc: "code of the district of 2023"},
			{Name: "area_choice", Kind: Text, Always: true, Doc: "\"label | area\""},
			{Name: "provider", Kind: Text, Always: true, Doc: "name of the line's provider; \"-\" = nobody wrote it down"},
		},
	},
	{
		Name: "outage", By: ByJudge, Retention: Events, Doc: "One outage of one site, at its first moment as it was first judged; that time and the id never change.",
		Tags: []Tag{{Name: TagID, Doc: "of the outage"}},
		Fields: []Field{
			{Name: "kind", Kind: Text, Allowed: OutageKinds, Always: true, Doc: "what was lost, as it is judged now"},
			{Name: "target", Kind: Text, Always: true, Doc: "of device_down: which; else empty"},
			{Name: "status", Kind: Text, Allowed: OutageStatuses, Always: true, Doc: "withdrawn = later evidence shows that there was none"},
			{Name: "started_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "since 1970, as it is judged now"},
			{Name: "ended_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "since 1970; 0 = it goes on"},
			{Name: "down_seconds", Kind: Integer, Unit: "s", Max: count, Always: true, Doc: "of it really down, until it ended or was judged last"},
			{Name: "interruptions", Kind: Integer, Max: count, Always: true, Doc: "how often it went down in it; more than 1 where short recoveries are joined"},
			{Name: "cause", Kind: Text, Allowed: Causes, Always: true, Doc: "as it is judged now"},
			{Name: "reason", Kind: Text, Always: true, Doc: "the rule that told the cause, as a key of the catalogue"},
			{Name: "evidence", Kind: Text, Always: true, Doc: "figures, times and addresses behind it"},
			{Name: "judged_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "when the judgement last changed"},
			{Name: "first_kind", Kind: Text, Allowed: OutageKinds, Always: true, Doc: "as it was judged first"},
			{Name: "first_cause", Kind: Text, Allowed: Causes, Always: true, Doc: "as it was judged first"},
			{Name: "first_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "when it was judged first"},
			{Name: "incident", Kind: Text, Always: true, Doc: "id of the incident that it belongs to"},
			{Name: "maintenance", Kind: Boolean, Always: true, Doc: "it began within a maintenance window, which is then not counted against the provider"},
			{Name: "label", Kind: Text, Always: true, Doc: "the site's name as shown"},
			{Name: "area", Kind: Text, Always: true, Doc: "its district of 2023"},
			{Name: "terrain", Kind: Text, Allowed: Terrains, Always: true, Doc: "of the site"},
			{Name: "provider", Kind: Text, Always: true, Doc: "name of the line's provider; empty = nobody wrote it down"},
		},
	},
	{
		Name: "incident", By: ByJudge, Retention: Events, Doc: "Outages that are one: sites that fell together and share a provider or an area; or one outage alone; or the collector's own. At its first moment as first judged.",
		Tags: []Tag{{Name: TagID, Doc: "of the incident"}},
		Fields: []Field{
			{Name: "kind", Kind: Text, Allowed: IncidentKinds, Always: true, Doc: "of its outages; collector = we did not listen or could not store, which is no site's outage"},
			{Name: "status", Kind: Text, Allowed: OutageStatuses, Always: true, Doc: "open while one of its outages is"},
			{Name: "started_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "since 1970"},
			{Name: "ended_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "since 1970; 0 = it goes on"},
			{Name: "cause", Kind: Text, Allowed: Causes, Always: true, Doc: "what is common to its outages, or unknown"},
			{Name: "sites", Kind: Integer, Max: count, Always: true, Doc: "how many are in it"},
			{Name: "mountain", Kind: Integer, Max: count, Always: true, Doc: "of these, mountainous"},
			{Name: "members", Kind: Text, Max: 10_000, Always: true, Doc: "their ids, separated by a space, in display order; a whole province fits"},
			{Name: "title", Kind: Text, Always: true, Doc: "what it is called: the site, or what its sites share"},
			{Name: "provider", Kind: Text, Always: true, Doc: "that they share; empty = none"},
			{Name: "area", Kind: Text, Always: true, Doc: "that they share; empty = none"},
			{Name: "evidence", Kind: Text, Always: true, Doc: "of the outage that began it"},
			{Name: "judged_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "when the judgement last changed"},
			{Name: "rank", Kind: Integer, Max: count, Always: true, Doc: "order on a screen: open first, mountain first, then severity"},
		},
	},
	{
		Name: "alarm", By: ByJudge, Retention: Raw, Doc: "What a person shall be told of, with each judgement while it lasts and, as 0, for a while after. Its tags are frozen at its beginning: Grafana makes labels of tags only.",
		Tags: []Tag{
			{Name: TagKind, Allowed: AlarmKinds, Doc: "what it is about"},
			{Name: TagIncident, Doc: "id of the incident, else of the alarm: what is told together"},
			{Name: "mountain", Allowed: "0 1", Doc: "1 = a mountainous site"},
			{Name: "label", Doc: "the site's name as shown"},
			{Name: "since", Doc: "when it began, as people read it in Vietnam"},
			{Name: "evidence", Doc: "as at its beginning; - = none; likewise below"},
			{Name: "office", Doc: "whom to call at the office, with number"},
			{Name: "provider", Doc: "name and hotline"},
		},
		Fields: []Field{
			{Name: "active", Kind: Integer, Max: 1, Always: true, Doc: "1 = it lasts and is to be told; 0 = it is over"},
			{Name: "since_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "when it began, since 1970"},
			{Name: "sites", Kind: Integer, Max: count, Always: true, Doc: "in its incident"},
		},
	},
	{
		Name: "site_hour", By: ByJudge, Retention: Hourly, Doc: "One hour of one site, at its beginning.", Fields: periodFields,
	},
	{
		Name: "site_day", By: ByJudge, Retention: Hourly, Doc: "One day of one site, 00:00 to 24:00 in Vietnam, at its beginning.", Fields: periodFields,
	},
	{
		Name: "judgement", By: ByJudge, Retention: Hourly, Doc: "One pass of the judge over what had come in: how far it got, and what it changed.",
		Fields: []Field{
			{Name: "until_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "receipts before this time are judged"},
			{Name: "took_ms", Kind: Integer, Unit: "ms", Max: epochMs, Always: true, Doc: "how long it took"},
			{Name: "sites", Kind: Integer, Max: count, Always: true, Doc: "of which something had come"},
			{Name: "outages", Kind: Integer, Max: count, Always: true, Doc: "opened, changed, closed or withdrawn"},
			{Name: "hours", Kind: Integer, Max: count, Always: true, Doc: "of sites, computed anew"},
			{Name: "changed", Kind: Text, Doc: "what late data changed, in short; absent = nothing"},
		},
	},
	{
		Name: "note", By: ByBoard, Retention: Events, Doc: "What a person of the operations centre did about an incident, on the collector's page.",
		Tags: []Tag{{Name: TagIncident, Doc: "id of the incident; - = none: a note to all, as at a hand-over"}},
		Fields: []Field{
			{Name: "act", Kind: Text, Allowed: NoteActs, Always: true, Doc: "acknowledge, note or hand-over"},
			{Name: "by", Kind: Text, Always: true, Doc: "who, as they wrote it"},
			{Name: "text", Kind: Text, Always: true, Doc: "what they wrote; may be empty"},
			{Name: "title", Kind: Text, Always: true, Doc: "the incident's, as it was then"},
		},
	},
}

// periodFields are what is said of an hour or a day; collector/judge/QUALITY.md says how
// each is computed. Counts are always written and add up, from sites and hours to
// areas and days. A percent, an age or a delay is absent where the count that it is of
// is 0; since InfluxDB keeps what once stood there, ask for that count too.
var periodFields = []Field{
	{Name: "due_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "in which the office was open; up, down, unknown or maintenance"},
	{Name: "down_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "of these, in an outage of LAN, line or power, and no maintenance"},
	{Name: "unknown_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "of these, of which nothing is known"},
	{Name: "maintenance_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "of these, within a maintenance window"},
	{Name: "known_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "of these, up or down: due less unknown and maintenance"},
	{Name: "availability_percent", Kind: Float, Unit: "%", Max: 100, Doc: "up of what is known; absent = known_seconds is 0"},
	{Name: "sent", Kind: Integer, Max: count, Always: true, Doc: "echoes to uplink targets"},
	{Name: "received", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "loss_percent", Kind: Float, Unit: "%", Max: 100, Doc: "absent = sent is 0"},
	{Name: "lan_sent", Kind: Integer, Max: count, Always: true, Doc: "echoes to the gateway and LAN targets"},
	{Name: "lan_received", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "rtt_p50_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "of the rounds' medians to uplink targets; absent = received is 0; likewise below"},
	{Name: "rtt_p95_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "95th percentile"},
	{Name: "rtt_p99_ms", Kind: Float, Unit: "ms", Max: rttMs, Doc: "99th percentile"},
	{Name: "rounds_due", Kind: Integer, Max: count, Always: true, Doc: "due_seconds by the interval"},
	{Name: "rounds", Kind: Integer, Max: count, Always: true, Doc: "of these, received"},
	{Name: "devices_due", Kind: Integer, Max: count, Always: true, Doc: "targets within the office that it was told to measure, if it was due"},
	{Name: "devices", Kind: Integer, Max: count, Always: true, Doc: "of these, seen to answer"},
	{Name: "clock_told", Kind: Integer, Max: octets, Always: true, Doc: "requests and rounds that said how sure their clock was"},
	{Name: "clock_wrong", Kind: Integer, Max: octets, Always: true, Doc: "of these, not sure enough"},
	{Name: "requests", Kind: Integer, Max: octets, Always: true, Doc: "with points, received in this time"},
	{Name: "late", Kind: Integer, Max: octets, Always: true, Doc: "of these, too long after measuring, or of a backlog"},
	{Name: "points", Kind: Integer, Max: octets, Always: true, Doc: "received in requests of this time"},
	{Name: "rejected", Kind: Integer, Max: octets, Always: true, Doc: "of these, refused"},
	{Name: "batches", Kind: Integer, Max: octets, Always: true, Doc: "received in requests of this time"},
	{Name: "duplicates", Kind: Integer, Max: octets, Always: true, Doc: "of these, received before"},
	{Name: "interfaces", Kind: Integer, Max: count, Always: true, Doc: "that were seen up"},
	{Name: "unnamed", Kind: Integer, Max: count, Always: true, Doc: "of these, without an alias"},
	{Name: "stale_seconds", Kind: Integer, Unit: "s", Max: 86_400, Always: true, Doc: "of due_seconds, in which the newest point was too old"},
	{Name: "newest_age_seconds", Kind: Integer, Unit: "s", Max: count, Doc: "the largest age of the newest point in due time; absent = due_seconds is 0"},
	{Name: "delay_p95_ms", Kind: Integer, Unit: "ms", Max: epochMs, Doc: "from measuring to receipt, 95th percentile of requests; absent = requests is 0"},
	{Name: "router_asked", Kind: Integer, Max: count, Always: true, Doc: "rounds in which a target of role gateway was asked, by echo or SNMP, in due time; likewise below"},
	{Name: "router_answered", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "switch_asked", Kind: Integer, Max: count, Always: true, Doc: "rounds of targets of role lan"},
	{Name: "switch_answered", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "ups_asked", Kind: Integer, Max: count, Always: true, Doc: "rounds of devices that tell of a battery"},
	{Name: "ups_answered", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "printer_asked", Kind: Integer, Max: count, Always: true, Doc: "rounds of devices with a printer's profile"},
	{Name: "printer_answered", Kind: Integer, Max: count, Always: true, Doc: "of these, answered"},
	{Name: "power_cuts", Kind: Integer, Max: count, Always: true, Doc: "outages that began in this time with cause power or machine_stopped, maintenance or not"},
	{Name: "peak_in_bps", Kind: Integer, Unit: "bit/s", Max: octets, Always: true, Doc: "the busiest 5 minutes of the gateway's busiest interface, received; 0 = no counter was read; a lower bound of what the line carries"},
	{Name: "peak_out_bps", Kind: Integer, Unit: "bit/s", Max: octets, Always: true, Doc: "likewise, sent"},
	{Name: "correct_percent", Kind: Float, Unit: "%", Max: 100, Doc: "\"đúng\": clock in bounds and values in range; absent = clock_told is 0"},
	{Name: "complete_percent", Kind: Float, Unit: "%", Max: 100, Doc: "\"đủ\": rounds of due, devices of the standard office; absent = rounds_due is 0"},
	{Name: "clean_percent", Kind: Float, Unit: "%", Max: 100, Doc: "\"sạch\": neither rejected nor sent twice, interfaces named; absent = points is 0"},
	{Name: "live_percent", Kind: Float, Unit: "%", Max: 100, Doc: "\"sống\": due time with a fresh point, requests that came soon after measuring; absent = due_seconds is 0"},
}

// Tags of what is judged.
const (
	TagArea     = "area"
	TagID       = "id"
	TagKind     = "kind"
	TagIncident = "incident"
)

// Terrains of a site.
const Terrains = "highland mountain plain unknown"

// Kinds of an outage: the states in which an office is lost, and a device of it.
const (
	OutageKinds   = "uplink_down lan_down power_lost silent device_down"
	KindDevice    = "device_down"
	KindCollector = "collector"
	IncidentKinds = OutageKinds + " " + KindCollector
)

// Statuses of an outage and an incident.
const (
	OutageStatuses  = "open closed withdrawn"
	StatusOpen      = "open"
	StatusClosed    = "closed"
	StatusWithdrawn = "withdrawn"
)

// Cause is what made an outage, as far as evidence tells it. [Unknown] is an answer.
type Cause string

// Causes. A guess is never one.
const (
	Unknown        Cause = "unknown"         // nothing tells it, or not yet
	OfficeRouter   Cause = "office_router"   // the office's router does not answer, the LAN does
	LANSwitch      Cause = "lan"             // nothing in the office answers
	LastMile       Cause = "last_mile"       // the path ended behind the office router
	ProviderNet    Cause = "provider"        // the path ended within the provider's network
	ProvinceNet    Cause = "province"        // the path ended near the collector, or only the collector was out of reach
	Power          Cause = "power"           // a UPS said so before the machine stopped
	MachineStopped Cause = "machine_stopped" // the machine went off without a goodbye and booted again: power or PC
	AgentStopped   Cause = "agent_stopped"   // the machine ran on, the agent did not
	DeviceGone     Cause = "device"          // a device does not answer while its LAN works
	CollectorGone  Cause = "collector"       // the collector or its database was away
)

// Causes are all of them.
const Causes = "unknown office_router lan last_mile provider province power machine_stopped agent_stopped device collector"

// AlarmKinds are what a person may be told of: outages, lines that are bad, and what
// becomes an outage if nobody acts.
const AlarmKinds = OutageKinds + " loss slow ups_on_battery disk_full certificate agent_outdated clock_wrong data_dropped"

// Acts of a note.
const (
	NoteActs       = "acknowledge note hand_over"
	ActAcknowledge = "acknowledge"
	ActNote        = "note"
	ActHandOver    = "hand_over"
)

// States lists the states of a site, worst first.
const States = "uplink_down lan_down power_lost silent degraded not_installed closed ok"

// State is what a site is in.
type State string

const (
	StateOK           State = "ok"
	StateDegraded     State = "degraded"
	StateLANDown      State = "lan_down"
	StateUplinkDown   State = "uplink_down"
	StatePowerLost    State = "power_lost"
	StateClosed       State = "closed"
	StateSilent       State = "silent"
	StateNotInstalled State = "not_installed"
)

// StatesBySeverity are all states, the worst first.
func StatesBySeverity() []State {
	var all []State
	for name := range strings.FieldsSeq(States) {
		all = append(all, State(name))
	}
	return all
}

// Severity orders states, 0 the worst; an unknown state is the worst of all.
func (s State) Severity() int {
	for i, name := range strings.Fields(States) {
		if name == string(s) {
			return i
		}
	}
	return 0
}
