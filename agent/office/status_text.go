package office

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

const (
	signGood = "✔"
	signBad  = "✘"
	// dateForm is how a day and an hour are written in Vietnam.
	dateForm = "02/01/2006 15:04"
	dayForm  = "02/01/2006"
)

// statusText writes a status for people.
type statusText struct {
	strings.Builder
	Status
	lang say.Lang
}

// WriteJSON writes a status for machines: as it was written, and whether it still holds.
func (s *Status) WriteJSON(w io.Writer) error {
	problems := s.Problems()
	if problems == nil {
		problems = []Problem{}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(struct {
		Running  bool      `json:"running"`
		Age      float64   `json:"age_seconds"`
		Problems []Problem `json:"problems"`
		Status
	}{s.Running(), s.Age().Seconds(), problems, *s})
}

// WriteText writes a status for people: how it stands, what was found, and at the end
// what is wrong and what to do.
func (s *Status) WriteText(w io.Writer, lang say.Lang) error {
	t := &statusText{Status: *s, lang: lang}
	t.head()
	t.targets()
	t.sending()
	t.machine()
	t.todo()
	_, err := io.WriteString(w, t.String())
	return err
}

func (t *statusText) line(sign, text string) { fmt.Fprintln(t, cmp.Or(sign, " ")+" "+text) }

func (t *statusText) say(key say.Key, args ...any) string { return t.lang.Text(key, args...) }

func (t *statusText) head() {
	switch {
	case t.Stopped:
		t.line(signBad, t.say("status.stopped", t.date(t.Written)))
	case t.Running():
		t.line(signGood, t.say("status.running", t.date(t.Started), t.Version, t.PID))
	case t.Age() < 0:
		t.line(signBad, t.say("status.rebooted", t.date(t.Written)))
	default:
		t.line(signBad, t.say("status.not_running", t.span(t.Age())))
	}
	if t.Site != "" {
		t.line("", t.say("status.site", strings.Join(nonEmpty(t.Label, t.Site, t.Agent), " · ")))
	}
	t.line("", t.say("status.collector", t.Collector))
	t.line("", t.say(say.Key("status.of_"+t.Origin), len(t.Targets), t.span(t.interval())))
}

func (t *statusText) targets() {
	rows := [][]string{{" ", t.say("status.target"), t.say("status.address"), t.say("status.role"), t.say("status.rtt"), t.say("status.loss"), t.say("status.result")}}
	up, down := 0, 0
	for i := range t.Status.Targets {
		target := &t.Status.Targets[i]
		rows = append(rows, t.row(target))
		if target.DeviceUp != nil && *target.DeviceUp {
			up++
		} else if target.DeviceUp != nil {
			down++
		}
	}
	t.WriteByte('\n')
	writeColumns(t, rows)
	t.WriteByte('\n')
	if up+down > 0 {
		t.line(sign(down == 0), t.say("status.devices", up, down))
	}
}

func (t *statusText) row(target *TargetStatus) []string {
	row := []string{sign(!target.Fails()), target.Name, target.Address, t.say(say.Key("role." + target.Role)), "–", "–", t.say("status.not_yet")}
	if !target.Measured {
		row[0] = " "
		return row
	}
	if target.MedianMs != nil {
		digits := 1
		if *target.MedianMs < 1 {
			digits = 2
		}
		row[4] = t.say("status.ms", t.number(*target.MedianMs, digits))
	}
	if target.Sent > 0 {
		row[5] = t.number(100*float64(max(0, target.Sent-target.Received))/float64(target.Sent), 0) + "%"
	}
	row[6] = t.say(say.Key("result." + target.Result))
	if target.Result == api.ResultNotProbed {
		row[0] = " " // neither good nor bad is known
	}
	if up := target.DeviceUp; up != nil {
		key := say.Key("status.snmp_down")
		if *up {
			key = "status.snmp_up"
		}
		row[6] += "; " + t.say("status.snmp") + ": " + t.say(key)
	}
	return row
}

func (t *statusText) sending() {
	sends := sign(t.Line.Trouble == "" && t.Copied == nil)
	switch {
	case t.Line.Stored != nil:
		t.line(sends, t.say("status.stored", t.span(t.Written.Sub(*t.Line.Stored)), t.Line.Waiting))
	case t.Line.Tried:
		t.line(sends, t.say("status.never_stored", t.Line.Waiting))
	default:
		t.line(" ", t.say("status.not_tried", t.Line.Waiting))
	}
	if t.Line.Every > 0 {
		t.line("", t.say("status.metered", t.span(seconds(t.Line.Every))))
	}
	t.clock()
	if t.Until != nil {
		t.line(sign(t.Left == nil || *t.Left > 0), t.say("status.certificate", t.date(*t.Until)))
	}
	if t.Document.ETag != "" && t.Document.Trial {
		t.line("", t.say("status.trial", strings.Trim(t.Document.ETag, `"`)))
	} else if t.Document.ETag != "" {
		t.line(signGood, t.say("status.document", strings.Trim(t.Document.ETag, `"`)))
	}
}

// clock: an offset smaller than its doubt is none.
func (t *statusText) clock() {
	if t.Clock == nil {
		t.line("", t.say("status.clock_none"))
		return
	}
	offset, doubt := seconds(t.Clock.OffsetMs/1000), seconds(t.Clock.DoubtMs/1000)
	key := say.Key("status.clock_slow")
	switch {
	case offset.Abs() <= max(doubt, time.Second):
		t.line(signGood, t.say("status.clock_right", t.span(max(doubt, offset.Abs()))))
		return
	case offset < 0:
		key = "status.clock_fast"
	}
	t.line(signGood, t.say(key, t.span(offset.Abs()), t.span(doubt)))
}

func (t *statusText) machine() {
	t.line(sign(t.Spool.Memory == 0), t.say("status.spool", t.Spool.Batches, t.bytes(t.Spool.Bytes), t.bytes(t.Spool.Most)))
	if t.Spool.Aside > 0 {
		t.line("", t.say("status.aside", t.Spool.Aside))
	}
	cpu := "–"
	if t.CPU != nil {
		cpu = t.number(*t.CPU, 1)
	}
	t.line("", t.say("status.uses", t.bytes(t.RSS), cpu, t.bytes(t.WireBytes)))
}

// todo says what is wrong, each with what to do.
func (t *statusText) todo() {
	problems := t.Problems()
	t.WriteByte('\n')
	failing := 0
	for i := range t.Status.Targets {
		if t.Status.Targets[i].Fails() {
			failing++
		}
	}
	switch {
	case len(problems) == 0 && failing == 0:
		t.line(signGood, t.say("status.fine"))
		return
	case len(problems) == 0:
		t.line(signGood, t.say("status.fine_but", failing))
		return
	}
	t.line("", t.say("status.todo"))
	for _, p := range problems {
		what, do := t.sentences(p)
		t.line(signBad, what)
		t.line("", "→ "+do)
	}
}

func (t *statusText) sentences(p Problem) (what, do string) {
	key := say.Key("status.problem." + string(p))
	do = t.say(say.Key("status.do." + string(p)))
	switch p {
	case NotSending:
		reason := string(t.Line.Trouble)
		if t.Line.Enrol {
			return t.say(key, t.say(say.Key("status.trouble."+reason))), t.say("status.must_enrol")
		}
		return t.say(key, t.say(say.Key("status.trouble."+reason))), t.say(say.Key("status.trouble_do." + reason))
	case Copied:
		return t.say(key, t.Status.Copied.Host, t.Status.Copied.Enrolled.Local().Format(dayForm)), do
	case DocumentRefused:
		return t.say(key, t.Document.Problem), do
	case Dropped:
		return t.say(key, t.Spool.Dropped), do
	}
	return t.say(key), do
}

func sign(is bool) string {
	if is {
		return signGood
	}
	return signBad
}

func nonEmpty(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
