package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Hours computes site_hour of these sites for the hours from..to (whole hours), from what
// is stored and these outages of theirs.
func Hours(ctx context.Context, s Store, sites []inventory.Site, policy func(*inventory.Site) Policy, outages []Outage, from, to, now time.Time) ([]*api.Point, error) {
	return nil, nil
}

// Days computes site_day likewise, for whole days in Vietnam.
func Days(ctx context.Context, s Store, sites []inventory.Site, policy func(*inventory.Site) Policy, outages []Outage, from, to, now time.Time) ([]*api.Point, error) {
	return nil, nil
}
