package judge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
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

func TestOutagesOfOneCauseAreOneIncidentAndOthersAreTheirOwn(t *testing.T) {
	const up, lan, power, silent = "uplink_down", "lan_down", "power_lost", "silent"
	for name, c := range map[string]struct {
		outages []Outage
		want    []string
	}{
		"a provider's node with lines in three areas": {
			[]Outage{cut(10000, up, "provider", 0, 30), cut(10100, up, "provider", 1, 31), cut(10202, up, "unknown", 2, 32), cut(10204, silent, "unknown", 3, 33)},
			[]string{"uplink_down 09:00-09:33 provider VNPT · 4 xã"},
		},
		"two are two": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10100, up, "unknown", 1, 31)},
			[]string{"uplink_down 09:00-09:30 unknown Xã Số A0", "uplink_down 09:01-09:31 unknown Xã Số B0"},
		},
		"one office three times is not three offices": {
			[]Outage{cut(10000, up, "unknown", 0, 1), cut(10000, silent, "unknown", 2, 3), cut(10000, up, "unknown", 4, 5)},
			[]string{"uplink_down 09:00-09:01 unknown Xã Số A0", "silent 09:02-09:03 unknown Xã Số A0", "uplink_down 09:04-09:05 unknown Xã Số A0"},
		},
		"neighbours with several providers": {
			[]Outage{cut(10000, up, "last_mile", 0, 30), cut(10001, up, "last_mile", 1, 30), cut(10009, up, "provider", 2, 30)},
			[]string{"uplink_down 09:00-09:30 unknown Huyện Khu 0 · 3 xã"},
		},
		"one provider in one area": {
			[]Outage{cut(10000, up, "last_mile", 0, 30), cut(10002, up, "last_mile", 1, 30), cut(10004, up, "unknown", 2, 0)},
			[]string{"uplink_down 09:00-… last_mile VNPT · Huyện Khu 0 · 3 xã"},
		},
		"a LAN and power are not the provider's": {
			[]Outage{cut(10000, lan, "lan", 0, 30), cut(10100, power, "power", 1, 31), cut(10202, silent, "machine_stopped", 2, 32)},
			[]string{"lan_down 09:00-09:30 lan Xã Số A0", "power_lost 09:01-09:31 power Xã Số B0", "silent 09:02-09:32 machine_stopped Xã Số C2"},
		},
		"an area's power, said by one UPS and by nobody contradicted": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, silent, "unknown", 2, 31)},
			[]string{"silent 09:00-09:31 power Huyện Khu 0 · 3 xã"},
		},
		"machines that stopped together, and no UPS": {
			[]Outage{cut(10000, silent, "machine_stopped", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, silent, "unknown", 2, 31)},
			[]string{"silent 09:00-09:31 machine_stopped Huyện Khu 0 · 3 xã"},
		},
		"power here, and one who went on measuring": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, up, "unknown", 2, 31)},
			[]string{"uplink_down 09:00-09:31 unknown Huyện Khu 0 · 3 xã"},
		},
		"a machine that ran on contradicts nothing: it is not of them": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, power, "power", 1, 30), cut(10002, silent, "agent_stopped", 2, 31)},
			[]string{"power_lost 09:00-09:30 power Xã Số A0", "power_lost 09:01-09:30 power Xã Số A1", "silent 09:02-09:31 agent_stopped Xã Số A2"},
		},
		"who falls an hour later is not of them": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10002, up, "unknown", 1, 30), cut(10004, up, "unknown", 2, 30), cut(10006, up, "unknown", 62, 90)},
			[]string{"uplink_down 09:00-09:30 unknown VNPT · Huyện Khu 0 · 3 xã", "uplink_down 10:02-10:30 unknown Xã Số A6"},
		},
		"each within five minutes of the one before": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10002, up, "unknown", 5, 30), cut(10004, up, "unknown", 10, 30)},
			[]string{"uplink_down 09:00-09:30 unknown VNPT · Huyện Khu 0 · 3 xã"},
		},
		"a day of storms: who falls after half an hour is news": {
			[]Outage{cut(10000, up, "unknown", 0, 90), cut(10002, up, "unknown", 5, 90), cut(10004, up, "unknown", 10, 90), cut(10006, up, "unknown", 15, 90), cut(10100, up, "unknown", 20, 90), cut(10102, up, "unknown", 25, 90), cut(10104, up, "unknown", 30, 90), cut(10106, up, "unknown", 35, 90)},
			[]string{"uplink_down 09:00-10:30 unknown VNPT · 7 xã", "uplink_down 09:35-10:30 unknown Xã Số B6"},
		},
		"a coincidence elsewhere, of the same minute": {
			[]Outage{cut(10000, up, "provider", 0, 30), cut(10100, up, "provider", 0, 30), cut(10200, up, "provider", 0, 30), cut(10201, up, "last_mile", 0, 30), cut(10203, lan, "office_router", 0, 30)},
			[]string{"uplink_down 09:00-09:30 provider VNPT · 3 xã", "uplink_down 09:00-09:30 last_mile Xã Số C1", "lan_down 09:00-09:30 office_router Xã Số C3"},
		},
		"near the collector, whoever has the line": {
			[]Outage{cut(10000, up, "province", 0, 30), cut(10101, up, "province", 0, 30), cut(10209, up, "province", 0, 30)},
			[]string{"uplink_down 09:00-09:30 province Mạng của tỉnh · 3 xã"},
		},
		"devices of one office that begin together": {
			[]Outage{lostDevice(10000, "ups", 0, 30), lostDevice(10000, "nvr", 1, 30), lostDevice(10000, "printer", 20, 0), lostDevice(10002, "ups", 0, 30), lostDevice(10004, "ups", 0, 30)},
			[]string{"device_down 09:00-09:30 device Xã Số A0 · 2 thiết bị", "device_down 09:00-09:30 device Xã Số A2 · ups", "device_down 09:00-09:30 device Xã Số A4 · ups", "device_down 09:20-… device Xã Số A0 · printer"},
		},
		"what was none is none": {
			[]Outage{withdrawn(cut(10000, up, "unknown", 0, 30)), cut(10002, up, "unknown", 1, 30), cut(10004, up, "unknown", 2, 30)},
			[]string{"uplink_down 09:01-09:30 unknown Xã Số A2", "uplink_down 09:02-09:30 unknown Xã Số A4"},
		},
		"an office that nobody knows": {
			[]Outage{cut(99999, up, "unknown", 0, 0)},
			[]string{"uplink_down 09:00-… unknown bd-99999"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := run(t, nil, c.outages)
			if d := cmp.Diff(c.want, tell(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A whole province that is silent is more likely our own line than fifty others'.
func TestAProvinceThatFallsSilentAtOnceIsOneIncident(t *testing.T) {
	var all, half []Outage
	for a := range 5 {
		for n := range 10 {
			o := cut(10000+100*a+n, "silent", "unknown", float64(n)/10, 0)
			all = append(all, o)
			if a < 2 {
				half = append(half, o)
			}
		}
	}
	got, _ := run(t, nil, all)
	if d := cmp.Diff([]string{"silent 09:00-… unknown Toàn tỉnh · 50 xã"}, tell(got)); d != "" || got[0].Mountain != 10 || len(got[0].Members) != 50 {
		t.Error(d, got)
	}
	got, _ = run(t, nil, half) // the larger of two providers and two areas, then what is left of each
	if d := cmp.Diff([]string{"silent 09:00-… unknown VNPT · 10 xã", "silent 09:00-… unknown Viettel · 8 xã", "silent 09:00-… unknown Xã Số A9", "silent 09:00-… unknown Xã Số B9"}, tell(got)); d != "" {
		t.Error(d)
	}
}

// One provider's lines all over the province are the provider's, whoever else fell meanwhile.
func TestOneProvidersLinesEverywhereAreNotTheWholeProvince(t *testing.T) {
	all := []Outage{cut(10301, "uplink_down", "unknown", 0, 0)}
	for a := range 5 {
		for n := 0; n < 10; n += 2 {
			all = append(all, cut(10000+100*a+n, "uplink_down", "unknown", float64(n)/10, 0))
		}
	}
	got, _ := run(t, nil, all)
	if d := cmp.Diff([]string{"uplink_down 09:00-… unknown VNPT · 25 xã", "uplink_down 09:00-… unknown Xã Số D1"}, tell(got)); d != "" {
		t.Error(d)
	}
}

func TestAnIncidentListsItsMembersInDisplayOrderAndSaysWhyItsCauseIsWhatItIs(t *testing.T) {
	got, changed := run(t, nil, []Outage{
		cut(10204, "uplink_down", "provider", 2, 30), cut(10100, "uplink_down", "unknown", 1, 31), cut(10000, "uplink_down", "provider", 0, 30), cut(10202, "silent", "unknown", 3, 33),
	})
	want := []Incident{{
		ID: "i-bd-10000-uplink_down-0", At: nine, Kind: "uplink_down", Status: "closed", Started: nine, Ended: past(33), Cause: "provider",
		Members: []string{"bd-10000", "bd-10100", "bd-10202", "bd-10204"}, Mountain: 1, Title: "VNPT · 4 xã", Provider: "vnpt",
		Evidence: "ev-10000; provider 2/4, unknown 2/4", Judged: nine.Add(time.Hour),
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(changed) != 4 {
		t.Errorf("%d outages changed", len(changed))
	}
	for _, o := range changed {
		if o.Incident != want[0].ID {
			t.Errorf("%s is in %q", o.ID, o.Incident)
		}
	}
}

// book is what the store would hold.
type book struct {
	t         testing.TB
	inv       *inventory.Inventory
	policies  Policies
	incidents map[string]Incident
	outages   map[string]Outage
}

func newBook(t testing.TB) *book {
	return &book{t, small(t), DefaultPolicies(), map[string]Incident{}, map[string]Outage{}}
}

// judge takes outages as a judgement finds them, and runs twice: the second time nothing changes.
func (b *book) judge(found ...Outage) []Incident {
	b.t.Helper()
	for _, o := range found {
		o.Incident = b.outages[o.ID].Incident
		b.outages[o.ID] = o
	}
	for range 2 {
		incidents, changed := Incidents(values(b.incidents), values(b.outages), b.inv, &b.policies, nine.Add(time.Hour))
		for _, i := range incidents {
			b.incidents[i.ID] = i
		}
		for _, o := range changed {
			b.outages[o.ID] = o
		}
	}
	incidents, changed := Incidents(values(b.incidents), values(b.outages), b.inv, &b.policies, nine.Add(2*time.Hour))
	if len(incidents)+len(changed) > 0 {
		b.t.Errorf("a second run changed %v and %v", incidents, changed)
	}
	return b.sorted()
}

func (b *book) sorted() []Incident {
	all := values(b.incidents)
	slices.SortFunc(all, func(x, y Incident) int { return strings.Compare(x.ID, y.ID) })
	return all
}

// values are in no order, as a map has none.
func values[V any](m map[string]V) []V {
	var all []V
	for _, v := range m {
		all = append(all, v)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func TestAnIncidentThatGrowsKeepsItsIDAndTakesInWhatWasAlone(t *testing.T) {
	b := newBook(t)
	b.judge(cut(10000, "uplink_down", "unknown", 0, 0))
	b.judge(cut(10100, "uplink_down", "unknown", 1, 0))
	got := b.judge(cut(10200, "uplink_down", "unknown", 2, 0))
	want := []string{"uplink_down 09:00-… unknown VNPT · 3 xã", "uplink_down 09:01-10:00 unknown Xã Số B0 withdrawn"}
	if d := cmp.Diff(want, tell(got)); d != "" {
		t.Error(d)
	}
	if got[0].ID != "i-bd-10000-uplink_down-0" || got[1].Evidence != "→ "+got[0].ID {
		t.Errorf("got %+v", got)
	}
	b.judge(cut(10300, "uplink_down", "unknown", 6, 0))
	if got = b.sorted(); got[0].Title != "VNPT · 4 xã" || len(got) != 2 {
		t.Errorf("got %v", tell(got))
	}
}

// An hour-old backlog shows who fell between two incidents that were thought to be two.
func TestABacklogThatJoinsTwoIncidentsMakesThemTheEarlier(t *testing.T) {
	b := newBook(t)
	for n, at := range []float64{0, 1, 2, 9, 10, 11} {
		b.judge(cut(10000+100*(n%5)+2*(n/5), "uplink_down", "provider", at, 40))
	}
	before := b.sorted()
	if d := cmp.Diff([]string{"uplink_down 09:00-09:40 provider VNPT · 3 xã", "uplink_down 09:09-09:40 provider VNPT · 3 xã"}, tell(living(before))); d != "" {
		t.Fatal(d)
	}
	got := b.judge(cut(10008, "uplink_down", "provider", 5.5, 40))
	if d := cmp.Diff([]string{"uplink_down 09:00-09:40 provider VNPT · 7 xã"}, tell(living(got))); d != "" {
		t.Error(d)
	}
	first, second := living(before)[0], living(before)[1]
	if i := b.incidents[second.ID]; i.Status != api.StatusWithdrawn || i.Evidence != "→ "+first.ID || living(got)[0].ID != first.ID || !i.At.Equal(second.At) {
		t.Errorf("the later one is %+v", i)
	}
}

func living(all []Incident) []Incident {
	return slices.DeleteFunc(slices.Clone(all), func(i Incident) bool { return i.Status == api.StatusWithdrawn })
}

func TestAnIncidentWhoseOutagesWereNoneIsWithdrawnAndComesBackWithThem(t *testing.T) {
	b := newBook(t)
	o := cut(10000, "silent", "unknown", 0, 0)
	id := b.judge(o)[0].ID
	gone := withdrawn(cut(10000, "silent", "province", 0, 20))
	gone.Evidence = "it was only us"
	got := b.judge(gone)
	if d := cmp.Diff([]string{"silent 09:00-09:20 province Xã Số A0 withdrawn"}, tell(got)); d != "" || got[0].Evidence != "it was only us" || got[0].ID != id {
		t.Error(d, got)
	}
	if got = b.judge(o); len(got) != 1 || got[0].ID != id || got[0].Status != api.StatusOpen {
		t.Errorf("got %+v", got)
	}
}

// A later judgement knows that one of them was an agent that stopped: two are left, and the
// incident goes on with the outage that founded it.
func TestAnIncidentThatFallsApartGoesOnAsOneOfItsParts(t *testing.T) {
	b := newBook(t)
	for n, id := range []int{10000, 10100, 10200} {
		b.judge(cut(id, "silent", "unknown", float64(n), 30))
	}
	kept := living(b.sorted())[0]
	got := b.judge(cut(10100, "silent", "agent_stopped", 1, 30))
	want := []string{"silent 09:00-09:30 unknown Xã Số A0", "silent 09:01-09:30 agent_stopped Xã Số B0", "silent 09:02-09:30 unknown Xã Số C0"}
	if d := cmp.Diff(want, tell(living(got))); d != "" {
		t.Error(d)
	}
	if living(got)[0].ID != kept.ID {
		t.Errorf("%s is now %s", kept.ID, living(got)[0].ID)
	}
}

func TestAnIncidentThatLosesItsFirstOutagesStaysWithTheMost(t *testing.T) {
	b := newBook(t)
	for n := range 5 {
		b.judge(cut(10000+100*n, "silent", "unknown", float64(n), 30))
	}
	kept := living(b.sorted())[0]
	b.judge(cut(10000, "silent", "agent_stopped", 0, 30), cut(10100, "silent", "agent_stopped", 1, 30))
	if now := b.incidents[kept.ID]; now.Title != "VNPT · 3 xã" || now.Status == api.StatusWithdrawn {
		t.Errorf("%s is now %s, of %v", kept.ID, now.Title, tell(b.sorted()))
	}
}

// The judge reads what is near a change: of an old incident only the outage that goes on.
func TestAnIncidentOfWhichOnlyAPartIsGivenKeepsTheRest(t *testing.T) {
	b := newBook(t)
	b.judge(cut(10000, "uplink_down", "provider", 0, 20), cut(10100, "uplink_down", "provider", 1, 30), cut(10200, "uplink_down", "provider", 2, 0))
	whole := b.sorted()[0]
	open := b.outages["bd-10200-uplink_down-2"]
	if i, o := Incidents([]Incident{whole}, []Outage{open}, b.inv, &b.policies, nine.Add(3*time.Hour)); len(i)+len(o) > 0 {
		t.Errorf("changed %+v %v", i, o)
	}
	open.Ended, open.Status = past(120), api.StatusClosed
	got, _ := Incidents([]Incident{whole}, []Outage{open}, b.inv, &b.policies, nine.Add(3*time.Hour))
	if d := cmp.Diff([]string{"uplink_down 09:00-11:00 provider VNPT · 3 xã"}, tell(got)); d != "" || len(got[0].Members) != 3 {
		t.Error(d, got)
	}
}

func TestTheCollectorsOwnIncidentIsNobodyElses(t *testing.T) {
	own := Incident{ID: "collector-1", At: nine, Started: nine, Kind: api.KindCollector, Status: api.StatusOpen}
	o := cut(10000, "uplink_down", "unknown", 0, 0)
	o.Incident = own.ID
	got, changed := run(t, []Incident{own}, []Outage{o})
	if len(got) != 1 || got[0].Kind == api.KindCollector || changed[0].Incident == own.ID {
		t.Errorf("got %v", tell(got))
	}
}

func TestAnIncidentIsReadAsItWasWritten(t *testing.T) {
	inv := small(t)
	got, _ := run(t, nil, []Outage{cut(10000, "uplink_down", "last_mile", 0, 30), cut(10002, "uplink_down", "last_mile", 1, 30), cut(10004, "uplink_down", "unknown", 2, 0), cut(10101, "silent", "unknown", 30, 40)})
	for _, i := range append(got, Incident{ID: "collector-1", At: nine, Started: nine, Ended: past(9), Kind: api.KindCollector, Status: api.StatusClosed, Cause: api.CollectorGone}) {
		p := i.Point(inv)
		if _, err := p.AppendLine(nil); err != nil {
			t.Fatal(err)
		}
		row := store.Row{Time: i.At, Values: map[string]api.Value{}}
		for _, c := range IncidentColumns() {
			v, has := p.FieldNamed(c.Field)
			if !has {
				t.Fatalf("no %s", c.Field)
			}
			row.Values[c.Field] = v
		}
		back := IncidentOf(map[string]string{"id": i.ID}, row, inv)
		if !back.same(&i) || !back.Judged.Equal(i.Judged) {
			t.Errorf("wrote %+v\nread %+v", i, back)
		}
	}
}

func TestAnIncidentOfTheWholeProvinceCanBeWritten(t *testing.T) {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	i := Incident{ID: "i-1", At: nine, Started: nine, Kind: "silent", Status: "open", Cause: "unknown", Evidence: strings.Repeat("ế", 1000)}
	for _, site := range inv.Sites() {
		i.Members = append(i.Members, site.ID)
	}
	if _, err := i.Point(inv).AppendLine(nil); err != nil {
		t.Error(err)
	}
}

func TestIncidentsAreRankedOpenFirstThenMountainThenSeverityThenSize(t *testing.T) {
	order := []Incident{
		{Kind: "collector", Status: "open"},
		{Kind: "uplink_down", Status: "open", Mountain: 1, Members: []string{"a", "b"}},
		{Kind: "uplink_down", Status: "open", Mountain: 1, Members: []string{"a"}},
		{Kind: "device_down", Status: "open", Mountain: 1, Members: []string{"a"}},
		{Kind: "uplink_down", Status: "open", Members: make([]string, 2000)},
		{Kind: "device_down", Status: "open"},
		{Kind: "uplink_down", Status: "closed", Mountain: 5, Members: []string{"a"}},
		{Kind: "uplink_down", Status: "withdrawn", Mountain: 5, Members: []string{"a"}},
	}
	for i := 1; i < len(order); i++ {
		if order[i-1].rank() >= order[i].rank() {
			t.Errorf("%d: %d is not before %d", i, order[i-1].rank(), order[i].rank())
		}
	}
}
