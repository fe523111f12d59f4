package snmp

import (
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// acquaintance is what a device was last known as.
type acquaintance struct {
	identity identity
	chosenAt time.Time // when its profile was chosen, zero = is to be chosen
	asking   *asking   // nil = never chosen
	model    string
	modelAt  time.Time // when it was asked for, zero = is to be asked for
	said     description
	saidAt   time.Time // when it was last written
}

// description is what a device point says of the device as such.
type description struct{ profile, model, name string }

// recognise sees that the profile is the right one: another device may have been put
// in the place of the one before, or a device may have started before all its parts
// did, and then not have told by which it is known.
func (d *device) recognise(r *round) {
	k := &d.known
	if r.scalars == nil && k.asking != nil {
		return
	}
	id, another := identityOf(r.scalars), false
	switch {
	case id != k.identity:
		another = id.object != k.identity.object || id.engine != k.identity.engine
		k.identity, k.chosenAt = id, time.Time{}
	case !k.chosenAt.IsZero() && r.at.Sub(k.chosenAt) < chosenFor:
		return
	}
	if another {
		d.meet()
	}
	asked := sysObjectID
	chosen, err := d.cfg.Profiles.choose(id, func(oids []string) (map[string]bool, error) {
		asked = oids[0]
		values, err := r.talk.get(oids...)
		there := make(map[string]bool, len(oids))
		for oid, v := range values {
			there[oid] = v.Value != nil && !none(v)
		}
		return there, ignoreRefusal(err)
	})
	if err != nil {
		r.failed("get", asked, err)
	}
	if k.asking == nil || err == nil && (k.asking.profile != chosen || k.chosenAt.IsZero()) {
		if k.asking == nil || k.asking.profile != chosen || another { // some have the time in their sysDescr
			d.cfg.Log.Info("device recognised", "target", d.target.Name, "profile", chosen.name, "object", id.object)
		}
		k.asking, k.modelAt = newAsking(chosen), time.Time{}
	}
	if err == nil {
		k.chosenAt = r.at
	}
}

// meet forgets what was another device's: its counters, what it lacks, and how it
// answers for several subtrees.
func (d *device) meet() {
	d.uptime = uptime{}
	clear(d.lacking)
	d.habits.proven, d.habits.single = false, false
}

// askModel asks once a day what the device is called by its maker.
func (d *device) askModel(r *round) {
	k := &d.known
	if !k.modelAt.IsZero() && r.at.Sub(k.modelAt) < aliasEvery {
		return
	}
	var oids []string
	for _, m := range k.asking.profile.models {
		if m.oid != sysDescr {
			oids = append(oids, m.oid)
		}
	}
	values := map[string]gosnmp.SnmpPDU{}
	if len(oids) > 0 {
		var err error
		if values, err = r.talk.get(oids...); ignoreRefusal(err) != nil {
			r.failed("get", oids[0], err)
			return
		}
	}
	k.model, k.modelAt = k.asking.profile.model(values, text(r.scalars[sysDescr])), r.at
}

// model is the first that a device says, else its sysDescr.
func (p *profile) model(values map[string]gosnmp.SnmpPDU, descr string) string {
	for _, m := range p.models {
		said := text(values[m.oid])
		if m.oid == sysDescr {
			said = descr
		}
		if m.like != nil {
			found := m.like.FindStringSubmatch(said)
			if found == nil {
				continue
			}
			said = found[1]
		}
		if said = api.CleanText(said); said != "" {
			return said
		}
	}
	return api.CleanText(descr)
}

// describe adds profile, model and name if one of them is new, and once a day.
func (d *device) describe(p *api.Point, r *round) {
	k := &d.known
	if k.asking == nil {
		return
	}
	now := description{k.asking.profile.name, k.model, api.CleanText(text(r.scalars[sysName]))}
	if now == k.said && r.at.Sub(k.saidAt) < aliasEvery {
		return
	}
	p.Text("profile", now.profile).Text("model", now.model).Text("name", now.name)
	k.said, k.saidAt = now, r.at
}
