package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Figures computes the hours and days of sites, from what is stored and from their
// outages. It keeps nothing: the same store and outages give the same figures.
type Figures struct {
	Store       Store
	Sites       []inventory.Site
	Policy      func(*inventory.Site) Policy
	Outages     []Outage                                                    // of these sites; others, of devices, and withdrawn ones are passed over
	Maintenance func(site string, from, until time.Time) []inventory.Window // nil: there is none
	Document    func(site string) (api.Document, error)                     // nil: nobody wrote down what an office has
}

// NewFigures takes maintenance and documents from an inventory.
func NewFigures(s Store, inv *inventory.Inventory, sites []inventory.Site, policy func(*inventory.Site) Policy, outages []Outage) *Figures {
	return &Figures{Store: s, Sites: sites, Policy: policy, Outages: outages, Maintenance: inv.Maintenance, Document: inv.Document}
}

// Hours computes site_hour for the whole hours from..to. A site that was not yet
// installed has none.
func (f *Figures) Hours(ctx context.Context, from, to, now time.Time) ([]*api.Point, error) {
	return nil, nil
}

// Days computes site_day likewise, for whole days in Vietnam: sums from the hours that
// are stored, so these are to be written before.
func (f *Figures) Days(ctx context.Context, from, to, now time.Time) ([]*api.Point, error) {
	return nil, nil
}
