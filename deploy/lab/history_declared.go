package lab

import (
	"fmt"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
)

// InventedSource is who said what [Declarations] says; it stands beside each of them.
const InventedSource = "Mô phỏng / simulated"

// Declarations are what the offices of a history say of themselves in the month before
// its last one, or long ago: some say nothing, and some what the measurements contradict.
// They are invented too, and each says so as its source.
func Declarations(inv *inventory.Inventory, month goal.Month) map[string]declared.Declaration {
	all := map[string]declared.Declaration{}
	sites := inv.Sites()
	fated := fates(sites)
	for i := range sites {
		fate := fated[sites[i].ID]
		if fate == Undeclared || fate == Unheard {
			continue
		}
		all[sites[i].ID] = declare(&sites[i], fate, i, month)
	}
	return all
}

// Providers of the invented lines, with what they cost a month in đồng.
var inventedProviders = []struct {
	name string
	vnd  int64
}{{"VNPT", 385_000}, {"Viettel", 420_000}, {"FPT", 350_000}}

func declare(site *inventory.Site, fate Fate, i int, month goal.Month) declared.Declaration {
	mountain := site.Mountainous()
	provider := inventedProviders[i%len(inventedProviders)]
	down, up := fate.contract(mountain)
	since := time.Date(2022, time.Month(1+i%12), 1, 0, 0, 0, 0, inventory.Zone())
	d := declared.Declaration{
		Site: site.ID, Date: month.Add(-1).From().AddDate(0, 0, 2+i%20), Source: InventedSource,
		Line: "fiber", Provider: provider.name, Contract: fmt.Sprintf("%02d/2022/HĐ-%s", 1+i%90, provider.name),
		DownMbps: &down, UpMbps: &up, MonthlyVND: &provider.vnd, LineSince: &since,
		Routers: number(1), Switches: number(1 + int64(i%2)), PCs: number(6 + int64(i%9)), UPSes: number(1), Printers: number(1 + int64(i%3)),
	}
	switch fate {
	case Steady, PowerFails:
		d.UPSes = number(0)
	case Contrary:
		d.Line, d.Provider, d.Contract, d.DownMbps, d.UpMbps, d.MonthlyVND, d.LineSince = "none", "", "", nil, nil, nil, nil
		d.Routers = number(0)
	case FarAway:
		d.Line = "satellite"
	case SlowLine:
		d.Line = "copper"
	case OnePC:
		d.PCs = number(1)
	case OldSaying:
		d.Date = month.Add(-14).From().AddDate(0, 0, i%25)
	case HalfOn:
		d.Printers = nil // it does not say
	}
	return d
}

func number(n int64) *int64 { return &n }
