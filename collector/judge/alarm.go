package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Alarms are what people shall be told of now, and, as 0, what they were told of and is
// over since less than a quarter of an hour: from the open outages, the states, and what is stored
// of UPSes, disks, certificates, versions and clocks.
func Alarms(ctx context.Context, s Store, inv *inventory.Inventory, p *Policies, outages []Outage, incidents []Incident, now time.Time) ([]*api.Point, error) {
	return nil, nil
}
