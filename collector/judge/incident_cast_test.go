package judge

import (
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// small is a province of five areas with ten communes each: bd-10000 to bd-10009 in the first,
// and so on. The even ones have their line from vnpt, the odd ones from viettel, those
// that end in 9 from nobody who was written down. Those of the first area are in the mountains.
func small(t testing.TB) *inventory.Inventory {
	inv, err := readSmall()
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

var readSmall = sync.OnceValues(func() (*inventory.Inventory, error) { return inventory.Read(filesOf(smallFiles())) })

func filesOf(texts map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range texts {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func smallFiles() map[string]string {
	areas, units, members := "area,name,kind,until,lan_2023,latitude,longitude\n", "unit,name,kind,from,until,by\n", "site,unit,from,split\n"
	sites := "site,name,kind,area,terrain,basis,terrain_source,latitude,longitude,address,phone,responsible,provider,contract\n"
	for a := range 5 {
		areas += fmt.Sprintf("55%d,Khu %d,district,2025-07-01,,13.66806,108.96191\n", a, a)
		terrain := "highland,named,a letter"
		if a > 0 {
			terrain = "plain,named,a letter"
		}
		for n := range 10 {
			code := 10000 + 100*a + n
			provider := []string{"vnpt", "viettel"}[n%2]
			if n == 9 {
				provider = ""
			}
			units += fmt.Sprintf("%d,Số %c%d,commune,2021-02-01,,\n", code, 'A'+a, n)
			members += fmt.Sprintf("bd-%d,%d,2021-02-01,\n", code, code)
			sites += fmt.Sprintf("bd-%d,Số %c%d,commune,55%d,%s,13.%d,108.9,,0256 3888 %03d,Ông %c,%s,\n", code, 'A'+a, n, a, terrain, 60000+code, n, 'A'+a, provider)
		}
	}
	return map[string]string{
		"areas.csv": areas, "units.csv": units, "members.csv": members, "sites.csv": sites,
		"providers.csv":  "provider,name,hotline\nvnpt,VNPT,1800 1166\nviettel,Viettel,1800 8098\n",
		"calendars.yaml": "province: always\nareas: {\"554\": office}\n",
	}
}

var nine = time.Date(2026, 11, 25, 9, 0, 0, 0, zone)

// cut is an outage that lasts from one minute after nine to another; 0: it goes on.
func cut(id int, kind string, cause api.Cause, from, to float64) Outage {
	site := fmt.Sprintf("bd-%d", id)
	o := Outage{
		ID: fmt.Sprintf("%s-%s-%v", site, kind, from), Site: site, Kind: kind, Cause: cause, Status: api.StatusOpen,
		Started: past(from), At: past(from), Evidence: fmt.Sprintf("ev-%d", id),
	}
	if to > 0 {
		o.Ended, o.Status = past(to), api.StatusClosed
	}
	return o
}

func past(minutes float64) time.Time {
	return nine.Add(time.Duration(minutes * float64(time.Minute))).Truncate(time.Millisecond)
}

func lostDevice(id int, target string, from, to float64) Outage {
	o := cut(id, api.KindDevice, api.DeviceGone, from, to)
	o.ID, o.Target = o.ID+target, target
	return o
}

func withdrawn(o Outage) Outage { o.Status = api.StatusWithdrawn; return o }

// told writes incidents as people would tell of them.
func tell(all []Incident) []string {
	var out []string
	for _, i := range all {
		to := "…"
		if !i.Ended.IsZero() {
			to = i.Ended.In(zone).Format("15:04")
		}
		line := fmt.Sprintf("%s %s-%s %s %s", i.Kind, i.Started.In(zone).Format("15:04"), to, i.Cause, i.Title)
		if i.Status == api.StatusWithdrawn {
			line += " withdrawn"
		}
		out = append(out, line)
	}
	return out
}

func run(t testing.TB, stored []Incident, outages []Outage) ([]Incident, []Outage) {
	t.Helper()
	inv, p := small(t), DefaultPolicies()
	return Incidents(stored, outages, inv, &p, nine.Add(time.Hour))
}
