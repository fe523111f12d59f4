package doctor

import (
	"encoding/json"
	"fmt"
	"io"

	"communewatch/collector/say"
)

// State is how a check ended.
type State string

const (
	Good    State = "ok"             // ✔
	Bad     State = "failed"         // ✘, with what to do next
	Skipped State = "not_applicable" // –, with the reason
)

var marks = map[State]string{Good: "✔", Bad: "✘", Skipped: "–"}

// Names of the checks, in the order in which they are said.
const (
	CheckLink     = "link"
	CheckAddress  = "address"
	CheckGateway  = "gateway"
	CheckDNS      = "dns"
	CheckTLS      = "tls"
	CheckIdentity = "identity"
	CheckClock    = "clock"
	CheckMTU      = "mtu"
	CheckPing     = "ping"
	CheckFirewall = "firewall"
	CheckSNMP     = "snmp"
	CheckDisk     = "disk"
)

// Said is a sentence, to be said in the reader's language. Arguments that are sentences
// or keys themselves are said in it too.
type Said struct {
	Key  say.Key
	Args []any
}

func said(key say.Key, args ...any) Said { return Said{"doctor." + key, args} }

// In says it.
func (s Said) In(lang say.Lang) string {
	args := make([]any, len(s.Args))
	for i, a := range s.Args {
		switch a := a.(type) {
		case Said:
			args[i] = a.In(lang)
		case say.Key:
			args[i] = lang.Text(a)
		default:
			args[i] = a
		}
	}
	return lang.Text(s.Key, args...)
}

// Finding is one line of what a check found.
type Finding struct {
	Name   string // of the check
	Of     string // which DNS server or device, where there may be several
	State  State
	Detail Said
	Advice []Said // with Bad: what to do next
}

func good(name string, detail Said) Finding {
	return Finding{Name: name, State: Good, Detail: detail}
}

func bad(name string, detail Said, advice ...Said) Finding {
	return Finding{Name: name, State: Bad, Detail: detail, Advice: advice}
}

func skipped(name string, reason Said) Finding {
	return Finding{Name: name, State: Skipped, Detail: reason}
}

func (f Finding) of(what string) Finding { f.Of = what; return f }

// Failed counts what is ✘.
func Failed(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.State == Bad {
			n++
		}
	}
	return n
}

// Print writes a line for each, and below it what to do next.
func Print(w io.Writer, lang say.Lang, findings []Finding) error {
	for _, f := range findings {
		name := lang.Text(say.Key("doctor.name_" + f.Name))
		if f.Of != "" {
			name += " " + f.Of
		}
		if _, err := fmt.Fprintf(w, "%s %s: %s\n", marks[f.State], name, f.Detail.In(lang)); err != nil {
			return err
		}
		for _, a := range f.Advice {
			if _, err := fmt.Fprintf(w, "    → %s\n", a.In(lang)); err != nil {
				return err
			}
		}
	}
	return nil
}

// PrintJSON writes the same for machines; found is a word that stays the same in all
// languages.
func PrintJSON(w io.Writer, lang say.Lang, findings []Finding) error {
	type line struct {
		Check  string   `json:"check"`
		Of     string   `json:"of,omitempty"`
		State  State    `json:"state"`
		Found  string   `json:"found"`
		Detail string   `json:"detail"`
		Advice []string `json:"advice,omitempty"`
	}
	all := struct {
		OK     bool   `json:"ok"`
		Checks []line `json:"checks"`
	}{OK: Failed(findings) == 0, Checks: []line{}}
	for _, f := range findings {
		l := line{Check: f.Name, Of: f.Of, State: f.State, Found: string(f.Detail.Key[len("doctor."):]), Detail: f.Detail.In(lang)}
		for _, a := range f.Advice {
			l.Advice = append(l.Advice, a.In(lang))
		}
		all.Checks = append(all.Checks, l)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(all)
}
