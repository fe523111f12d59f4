package goal

import (
	"slices"

	"communewatch/collector/inventory"
)

// verdicts are a site's, month by month, the oldest first; that of the report's own
// month is known already.
func (k *known) verdicts(site *inventory.Site, last Verdict) []MonthVerdict {
	all := make([]MonthVerdict, 0, k.months)
	for n := k.months - 1; n > 0; n-- {
		month := k.month.Add(-n)
		all = append(all, MonthVerdict{month, k.goal.Evaluate(k.evidence(k.goal, site, month)).Verdict})
	}
	return append(all, MonthVerdict{k.month, last})
}

// history tells when the target was met first, and each month that fell back behind one
// that met it: what is not shown to be met any more counts as what is not.
func (l *SiteLine) history(all []MonthVerdict) {
	l.History = all
	met := slices.IndexFunc(all, func(m MonthVerdict) bool { return m.Verdict == Met })
	if met < 0 {
		return
	}
	first := all[met].Month
	l.FirstMet = &first
	for _, m := range all[met:] {
		if m.Verdict != Met {
			l.Relapses = append(l.Relapses, m.Month)
		}
	}
}
