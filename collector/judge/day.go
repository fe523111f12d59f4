package judge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

const oneDay = 24 * time.Hour

// Days computes site_day for the days of Vietnam that touch from..to. What adds up is
// the sum of the hours that are stored, so these are to be written before; one that is
// missing is computed. Quantiles, devices and interfaces are of the day's own points.
func (f *Figures) Days(ctx context.Context, from, to, now time.Time) ([]*api.Point, error) {
	var all []*Period
	for some := range slices.Chunk(f.Sites, sitesAtOnce) {
		for day := dayOf(from); day.Before(to) && day.Before(now); day = day.Add(oneDay) {
			periods, err := f.day(ctx, some, day, now)
			if err != nil {
				return nil, fmt.Errorf("day %s: %w", day.In(zone).Format(time.DateOnly), err)
			}
			all = append(all, periods...)
		}
	}
	return pointsOf(siteDay, all), nil
}

// dayOf is when the day of Vietnam began in which t is. The database's own days are UTC's.
func dayOf(t time.Time) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone).UTC()
}

func (f *Figures) day(ctx context.Context, sites []inventory.Site, day, now time.Time) ([]*Period, error) {
	end := day.Add(oneDay)
	s := f.sumsOf(sites, day, end, oneInterval(day, end))
	s.whole = true
	joined, err := s.readJoined(ctx)
	if err != nil {
		return nil, err
	}
	hours, err := f.storedHours(ctx, sites, day, end)
	if err != nil {
		return nil, err
	}
	if err := f.missing(ctx, sites, joined, hours, day, now); err != nil {
		return nil, err
	}
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	var all []*Period
	for i := range sites {
		if id := sites[i].ID; len(hours[id]) > 0 {
			all = append(all, s.sumUp(id, hours[id]))
		}
	}
	return all, nil
}

// oneInterval is an interval of the database's, which are counted from 1970 in UTC, that
// holds all of from..to.
func oneInterval(from, to time.Time) time.Duration {
	first, last := from.Unix(), to.Unix()-1
	for hours := int64(1); ; hours++ {
		if every := hours * 3600; first/every == last/every {
			return time.Duration(every) * time.Second
		}
	}
}

// byHour are the hours of a site, by their beginning.
type byHour map[int64]*Period

func (f *Figures) storedHours(ctx context.Context, sites []inventory.Site, from, to time.Time) (map[string]byHour, error) {
	series, err := f.Store.Select(ctx, store.Query{
		Measurement: siteHour, Select: PeriodColumns(), Where: []store.Match{sitesOf(sites)}, From: from, To: to, By: []string{api.TagSite},
	})
	if err != nil {
		return nil, err
	}
	all := make(map[string]byHour, len(sites))
	for _, one := range series {
		site := one.Tags[api.TagSite]
		all[site] = make(byHour, len(one.Rows))
		for _, row := range one.Rows {
			p := PeriodOf(site, row)
			all[site][row.Time.Unix()] = &p
		}
	}
	return all, nil
}

// missing computes the hours that are not stored of sites that had joined.
func (f *Figures) missing(ctx context.Context, sites []inventory.Site, joined map[string]time.Time, hours map[string]byHour, day, now time.Time) error {
	var lacking []inventory.Site
	from, to := day.Add(oneDay), day
	for i := range sites {
		first, ok := joined[sites[i].ID]
		if !ok {
			continue
		}
		lacks := false
		for at := later(day, first.Truncate(time.Hour)); at.Before(day.Add(oneDay)) && at.Before(now); at = at.Add(time.Hour) {
			if hours[sites[i].ID][at.Unix()] == nil {
				lacks, from, to = true, earlier(from, at), later(to, at.Add(time.Hour))
			}
		}
		if lacks {
			lacking = append(lacking, sites[i])
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	computed, err := f.hours(ctx, lacking, from, to, now)
	for _, p := range computed {
		if hours[p.Site] == nil {
			hours[p.Site] = byHour{}
		}
		if hours[p.Site][p.From.Unix()] == nil {
			hours[p.Site][p.From.Unix()] = p
		}
	}
	return err
}

// sumUp makes a day of its hours and of what was read of the whole of it.
func (s *sums) sumUp(site string, hours byHour) *Period {
	of := s.period(site, s.from)
	day := &Period{Site: site, From: s.from, RTT: of.RTT, Delay: of.Delay, Devices: of.Devices, Interfaces: of.Interfaces, Unnamed: of.Unnamed}
	for _, hour := range hours {
		day.add(hour)
	}
	if day.Due > 0 {
		day.DevicesDue = int64(len(s.office[site]))
	} else {
		day.Devices = 0
	}
	return day
}
