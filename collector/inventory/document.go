package inventory

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"communewatch/collector/api"
)

// Document is what the agents of a site are told: the site's targets with the secrets
// of these and no others, and the NOC's profiles where something is asked over SNMP.
// The same folder gives the same document, byte for byte. A site that is not in the
// inventory has none.
func (inv *Inventory) Document(site string) (api.Document, error) {
	if _, known := inv.byID[site]; !known {
		return api.Document{}, fmt.Errorf("no site %q in the inventory", site)
	}
	p := inv.plans[site]
	d := api.Document{
		Interval: cmp.Or(p.interval, inv.interval, api.DefaultInterval),
		Packets:  cmp.Or(p.packets, api.DefaultPackets),
		Metered:  p.metered,
		Targets:  make([]api.Target, len(p.targets)), // not nil: it is a list in JSON too
	}
	for i, t := range p.targets {
		if t.SNMP != nil {
			own := *t.SNMP
			t.SNMP = &own
		}
		d.Targets[i] = t
	}
	if hasSNMP(p.targets) {
		d.Profiles = slices.Clone(inv.profiles)
	}
	return d, nil
}

// WithInterval is the same inventory with another interval where no template says one.
func (inv *Inventory) WithInterval(d time.Duration) *Inventory {
	other := *inv
	other.interval = d
	return &other
}

// encode gives a document as it goes over the line, and its strong ETag.
func encode(d api.Document) (data []byte, etag string, err error) {
	data, err = json.Marshal(d)
	if err != nil {
		return nil, "", fmt.Errorf("encode document: %w", err)
	}
	sum := sha256.Sum256(data)
	return data, `"` + hex.EncodeToString(sum[:8]) + `"`, nil
}
