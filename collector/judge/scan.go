package judge

import (
	"slices"
	"time"

	"communewatch/collector/api"
)

// PeriodScan is [PeriodOf] for rows by the ten thousand, as the store's Scan hands them
// on: of these columns, which may be some of [PeriodColumns] only.
// What stood there before a count became 0 is passed over.
func PeriodScan(columns []string) func(site string, at time.Time, values []api.Value) Period {
	var counts, rtts [][2]int // of a value, and where it belongs
	age, delay := slices.Index(columns, ageField), slices.Index(columns, delayField)
	for i, t := range new(Period).tallies() {
		if at := slices.Index(columns, t.field); at >= 0 {
			counts = append(counts, [2]int{at, i})
		}
	}
	for i, q := range quantiles {
		if at := slices.Index(columns, q.field); at >= 0 {
			rtts = append(rtts, [2]int{at, i})
		}
	}
	return func(site string, from time.Time, values []api.Value) Period {
		p := Period{Site: site, From: from}
		tallies := p.tallies()
		for _, c := range counts {
			*tallies[c[1]].value = values[c[0]].Integer()
		}
		if p.Received > 0 {
			for _, c := range rtts {
				p.RTT[c[1]] = values[c[0]].Float()
			}
		}
		if p.Due > 0 && age >= 0 {
			p.Age = values[age].Integer()
		}
		if p.Requests > 0 && delay >= 0 {
			p.Delay = values[delay].Integer()
		}
		return p
	}
}
