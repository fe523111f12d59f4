package goal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// report makes one of what is known, without a plan.
func (k *known) report(ctx context.Context, version string) (*Report, error) {
	r := &Report{
		Goal: stampOf(k.goal), Month: k.month, Over: !k.now.Before(k.month.Until()), Made: k.now, Judged: k.judged,
		Version: version, Known: k.hashes, UnitsOn: k.unitsOn, Sites: make([]SiteLine, len(k.sites)),
	}
	if k.compare != nil {
		stamp := stampOf(k.compare)
		r.Compared = &stamp
	}
	err := besides(ctx, len(k.sites), func(ctx context.Context, i int) error {
		r.Sites[i] = k.line(&k.sites[i])
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.Sites, inOrder)
	r.Groups = groupsOf(r.Sites, k.areas)
	r.Rollout = k.rollout()
	return r, nil
}

func stampOf(s *Standard) GoalStamp { return GoalStamp{Standard: *s, Hash: s.Hash} }

// line is one site's.
func (k *known) line(site *inventory.Site) SiteLine {
	l := SiteLine{
		ID: site.ID, Name: site.Name, Kind: site.Kind, Area: site.Area, AreaCode: site.AreaCode,
		Terrain: site.Terrain, Verified: site.Verified, Mountain: site.Mountainous(),
		Responsible: site.Responsible, Lat: site.Lat, Lon: site.Lon, Rollout: k.heard[site.ID],
	}
	l.belongs(site, k.unitsOn)
	l.Result = k.goal.Evaluate(k.evidence(k.goal, site, k.month))
	if k.compare != nil {
		other := k.compare.Evaluate(k.evidence(k.compare, site, k.month))
		l.Compared = &other
	}
	l.history(k.verdicts(site, l.Verdict))
	l.todo(k.goal)
	return l
}

// belongs names the unit of a day.
func (l *SiteLine) belongs(site *inventory.Site, day time.Time) {
	l.Unit, l.UnitName, l.UnitKind, l.Split = "", "", "", false
	for _, b := range site.Units {
		if b.Unit.On(day) {
			l.Unit, l.UnitName, l.UnitKind, l.Split = b.Unit.Code, b.Unit.Name, b.Unit.Kind, b.Split
		}
	}
}

// inOrder: mountain first, then the farthest from the target, then as names sort.
func inOrder(a, b SiteLine) int {
	if a.Mountain != b.Mountain {
		if a.Mountain {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Distance, a.Distance), say.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// hashInventory is over what the report uses of the inventory: sites, and the due days of
// the month's window, which stand for calendars and planned work.
func (k *known) hashInventory(from time.Time) string {
	sum := sha256.New()
	encoder := json.NewEncoder(sum)
	for i := range k.sites {
		s := &k.sites[i]
		// What cannot be encoded does not occur: texts, numbers and times.
		_ = encoder.Encode(struct {
			ID, Name, Kind, Area, AreaCode, Terrain string
			Verified                                bool
			Units                                   []inventory.Belonging
			LAN2023, Responsible                    string
		}{s.ID, s.Name, s.Kind, s.Area, s.AreaCode, s.Terrain, s.Verified, s.Units, k.areas[s.AreaCode].LAN2023, s.Responsible})
		days := within(k.due[s.ID], func(d *DueDay) time.Time { return d.Day }, from, k.month.Until())
		b := make([]byte, 0, 16*len(days))
		for _, d := range days {
			b = binary.BigEndian.AppendUint64(b, uint64(d.Day.Unix()))
			b = binary.BigEndian.AppendUint64(b, uint64(d.Seconds))
		}
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
