package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Print writes a table, what is to be said about it, and the targets.
func (o *Office) Print(w io.Writer, lang say.Lang) error {
	heads := []say.Key{"doctor.col_address", "doctor.col_name", "doctor.col_kind", "doctor.col_vendor", "doctor.col_mac", "doctor.col_answers"}
	var rows [][]string
	var head []string
	for _, k := range heads {
		head = append(head, lang.Text(k))
	}
	rows = append(rows, head)
	for _, h := range o.Hosts {
		rows = append(rows, h.row(lang))
	}
	var b strings.Builder
	for _, line := range say.Align(rows, 2) {
		b.WriteString(line + "\n")
	}
	for _, n := range o.Notes {
		b.WriteString("\n" + n.In(lang) + "\n")
	}
	if !o.Complete {
		b.WriteString("\n" + lang.Text("doctor.discover_cut") + "\n")
	}
	if targets := o.Targets(); len(targets) > 0 {
		b.WriteString("\n# " + lang.Text("doctor.discover_review") + "\n" + YAML(targets))
	} else {
		b.WriteString("\n" + lang.Text("doctor.discover_nothing") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (h Host) row(lang say.Lang) []string {
	vendor := h.Vendor.Name
	if h.Vendor.Private {
		vendor = lang.Text("doctor.private_mac")
	}
	name := h.Name
	if h.Self {
		name = strings.TrimSpace(name + " (" + lang.Text("doctor.self") + ")")
	}
	if h.Known != "" && h.Known != name {
		name = strings.TrimSpace(name + " [" + h.Known + "]")
	}
	kind := ""
	if h.Kind != "" {
		kind = lang.Text(say.Key("doctor.kind_" + h.Kind))
	}
	return []string{h.Address.String(), name, kind, vendor, h.MAC.String(), h.answers(lang)}
}

// answers is by what it showed that it is there.
func (h Host) answers(lang say.Lang) string {
	var by []string
	if h.Echoed {
		by = append(by, "ping")
	}
	if h.SNMP != nil {
		by = append(by, "SNMP v"+h.SNMP.Version)
	}
	if len(by) == 0 && h.Fresh {
		by = append(by, "ARP")
	}
	if len(by) == 0 && !h.Self {
		by = append(by, lang.Text("doctor.seen_before"))
	}
	return strings.Join(by, ", ")
}

// PrintJSON writes the same for machines.
func (o *Office) PrintJSON(w io.Writer, lang say.Lang) error {
	type host struct {
		Address string `json:"address"`
		MAC     string `json:"mac,omitempty"`
		Private bool   `json:"private_mac,omitempty"`
		Vendor  string `json:"vendor,omitempty"`
		Kind    string `json:"kind,omitempty"`
		Name    string `json:"name,omitempty"`
		Known   string `json:"configured_as,omitempty"`
		Self    bool   `json:"self,omitempty"`
		Ping    bool   `json:"ping"`
		ARP     bool   `json:"arp"`
		SNMP    string `json:"snmp_version,omitempty"`
		Object  string `json:"sys_object_id,omitempty"`
		Descr   string `json:"sys_descr,omitempty"`
	}
	all := struct {
		Complete bool         `json:"complete"`
		Searched []string     `json:"searched"`
		Notes    []string     `json:"notes"`
		Hosts    []host       `json:"hosts"`
		Targets  []api.Target `json:"targets"`
	}{Complete: o.Complete, Searched: []string{}, Notes: []string{}, Hosts: []host{}, Targets: o.Targets()}
	for _, p := range o.Searched {
		all.Searched = append(all.Searched, p.String())
	}
	for _, n := range o.Notes {
		all.Notes = append(all.Notes, n.In(lang))
	}
	for _, h := range o.Hosts {
		one := host{Address: h.Address.String(), MAC: h.MAC.String(), Private: h.Vendor.Private, Vendor: h.Vendor.Name, Kind: h.Kind,
			Name: h.Name, Known: h.Known, Self: h.Self, Ping: h.Echoed, ARP: h.Fresh, Object: h.Object, Descr: h.Descr}
		if h.SNMP != nil {
			one.SNMP = h.SNMP.Version
		}
		all.Hosts = append(all.Hosts, one)
	}
	if all.Targets == nil {
		all.Targets = []api.Target{}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(all); err != nil {
		return fmt.Errorf("write what was found: %w", err)
	}
	return nil
}
