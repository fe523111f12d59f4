package paper

import (
	"strings"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
)

var (
	october = goal.Month{Year: 2026, Month: time.October}
	made    = time.Date(2026, 11, 5, 10, 15, 0, 0, inventory.Zone())
)

func ptr[T any](v T) *T { return &v }

func words(vi, en string) goal.Words { return goal.Words{VI: vi, EN: en} }

// sampleStandard is a small target with a criterion of each kind.
func sampleStandard() goal.Standard {
	return goal.Standard{
		ID:     "may-2023",
		Name:   words("Mục tiêu hạ tầng số tháng 5/2023", "The May 2023 target of digital infrastructure"),
		Note:   words("Tiêu chuẩn do tỉnh đề ra, ngưỡng do nhóm thực hiện đặt.", "A standard of the province's; thresholds are the makers'."),
		Source: words("Chỉ đạo của tỉnh năm 2023", "The province's decision of 2023"),
		Criteria: []goal.Criterion{
			{ID: "availability", Group: goal.GroupLine, Name: words("Tỷ lệ sẵn sàng của đường truyền", "Availability of the line"), Measure: "availability_percent", AtLeast: ptr(95.0), Evidence: goal.ByMeasured},
			{ID: "speed", Group: goal.GroupLine, Name: words("Tốc độ tải xuống", "Download speed"), Measure: "down_mbps", AtLeast: ptr(50.0), Evidence: goal.ByEither},
			{ID: "lan_loss", Group: goal.GroupNetwork, Name: words("Mất gói trong mạng nội bộ", "Loss on the LAN"), Measure: "lan_loss_percent", AtMost: ptr(1.0), Evidence: goal.ByMeasured},
			{ID: "pcs", Group: goal.GroupEquipment, Name: words("Máy tính", "PCs"), Measure: "pcs", AtLeast: ptr(10.0), Evidence: goal.ByDeclared},
			{ID: "ups", Group: goal.GroupEquipment, Name: words("Bộ lưu điện nơi hay mất điện", "UPS where power fails"), Measure: "upses", AtLeast: ptr(1.0), Evidence: goal.ByEither, Exempt: "power_steady"},
			{ID: "live", Group: goal.GroupData, Name: words("Dữ liệu sống", "Live data"), Measure: "live_percent", AtLeast: ptr(90.0), Evidence: goal.ByMeasured},
		},
		Works: map[string]goal.Work{
			"call_provider":      {Name: words("Yêu cầu nhà cung cấp khắc phục đường truyền theo hợp đồng", "Have the provider repair the line as the contract says"), Responsible: goal.Provider, Rule: words("Hợp đồng cung cấp dịch vụ đã ký", "The signed contract"), Free: true, PriceSource: words("theo hợp đồng", "by contract")},
			"buy_ups":            {Name: words("Mua bộ lưu điện 1000 VA", "Buy a UPS of 1,000 VA"), Responsible: goal.Locality, Rule: words("Định mức trang thiết bị của cơ quan; mua sắm thường xuyên", "The office's equipment norm; regular purchase"), Price: 3_500_000, PriceSource: words("giá bán lẻ 10/2026", "retail, 2026-10")},
			"buy_pcs":            {Name: words("Bổ sung máy tính", "Buy PCs"), Responsible: goal.Locality, Rule: words("Định mức trang thiết bị của cơ quan; mua sắm thường xuyên", "The office's equipment norm; regular purchase"), Price: 45_000_000},
			"fix_lan":            {Name: words("Kiểm tra, thay dây và bộ chuyển mạch", "Check the LAN, replace cables and switch"), Responsible: goal.Locality, Rule: words("Kinh phí sửa chữa thường xuyên", "The budget for repairs")},
			goal.WorkInstall:     {Name: words("Cài phần mềm đo", "Install the agent"), Responsible: goal.Province, Rule: words("Hướng dẫn của tỉnh", "The province's guide"), Free: true},
			goal.WorkDeclare:     {Name: words("Kê khai lại", "Declare again"), Responsible: goal.Locality, Free: true},
			"never_needed_by_us": {Name: words("Việc không ai cần", "What nobody needs"), Rule: words("Không dẫn", "Not cited")},
		},
	}
}

// sampleSite is one with findings on the standard's criteria in order, by letter: m met,
// n not met, d no data, e exempt, . not asked.
type sampleSite struct {
	id, name, kind, area, code, terrain string
	unit, unitName                      string
	marks                               string
	todo                                []string
}

var sampleSites = []sampleSite{
	{"bd-21786", "Vĩnh Sơn", "commune", "Vĩnh Thạnh", "544", "highland", "21786", "Vĩnh Sơn", "nnnnnn", []string{"call_provider", "fix_lan", "buy_pcs", "buy_ups"}},
	{"bd-21787", "Vĩnh Kim", "commune", "Vĩnh Thạnh", "544", "highland", "21786", "Vĩnh Sơn", "dddddd", []string{goal.WorkInstall, goal.WorkDeclare}},
	{"bd-21800", "Đắk Drô", "commune", "Vĩnh Thạnh", "544", "mountain", "00123", "Đắk Drô", "mnmmnm", []string{"call_provider", "buy_ups"}},
	{"bd-21801", "Tie\u0302\u0301ng", "commune", "Vân Canh", "551", "mountain", "21994", "Vân Canh", "mmmdmm", []string{goal.WorkDeclare}}, // NFD
	{"bd-21802", "An Toàn", "commune", "An Lão", "542", "unknown", "21628", "An Toàn", "mmmmem", nil},
	{"bd-21803", "An Nghĩa", "commune", "An Lão", "542", "mountain", "21609", "An Lão", "mmmmnm", []string{"buy_ups"}},
	{"bd-21550", "Nhơn Bình", "ward", "Quy Nhơn", "540", "plain", "21601", "Quy Nhơn Đông", "nm.mem", []string{"call_provider"}},
	{"bd-21553", "Nhơn Phú", "ward", "Quy Nhơn", "540", "plain", "21553", "Quy Nhơn Bắc", "mm.nem", []string{"buy_pcs"}},
	{"bd-21556", "Đống Đa", "ward", "Quy Nhơn", "540", "plain", "21583", "Quy Nhơn", "mm.mdd", []string{goal.WorkInstall}},
	{"bd-21559", "Trần Quang Diệu", "ward", "Quy Nhơn", "540", "plain", "21553", "Quy Nhơn Bắc", "mm.mem", nil},
	{"bd-21601", "=1+1", "township", "Phù Mỹ", "545", "plain", "21730", "+84 901", "mmmmmm", nil},
	{"bd-21602", "Ea \x1b[31mRed", "commune", "Phù Mỹ", "545", "plain", "", "", "mmmmmm", nil},
}

// sample is a report with all verdicts, a merger, a plan, changes and a second standard.
func sample() *goal.Report {
	standard := sampleStandard()
	r := &goal.Report{
		Goal:     goal.GoalStamp{Standard: standard, Hash: "5ca1ab1e" + zeros(56)},
		Compared: &goal.GoalStamp{Standard: goal.Standard{ID: "mild", Name: words("Mục tiêu tối thiểu", "The least target")}, Hash: zeros(64)},
		Month:    october, Over: true, Made: made, Judged: made.Add(-75 * time.Minute), Version: "v1.2.3",
		Known:   goal.Known{Inventory: "1a2b3c4d5e6f" + zeros(52), Declarations: "2b3c4d5e6f70" + zeros(52), Days: "3c4d5e6f7081" + zeros(52)},
		UnitsOn: october.Until().AddDate(0, 0, -1),
		Rollout: goal.Rollout{Sites: 12, NotInstalled: 2, Installed: 1, Reporting: 9, Declared: 10},
	}
	for i, s := range sampleSites {
		r.Sites = append(r.Sites, s.line(&standard, i))
	}
	r.Groups = sampleGroups(r)
	r.Plan = &goal.Plan{
		Budget: 50_000_000, Spent: 7_000_000,
		Steps:   []goal.PlanStep{{Site: "bd-21803", Cost: 3_500_000, Total: 3_500_000}, {Site: "bd-21800", Cost: 3_500_000, Total: 7_000_000}},
		Beyond:  []goal.PlanStep{{Site: "bd-21553", Cost: 45_000_000, Total: 52_000_000}},
		Unknown: []string{"bd-21786"},
	}
	r.Changes = &goal.Changes{Since: made.AddDate(0, 0, -2), Hash: "9f8e7d6c5b4a" + zeros(52), Days: true, Declare: true, Sites: []goal.SiteChange{
		{Site: "bd-21803", Was: goal.Met, Is: goal.NotMet, Criteria: []goal.CriterionChange{{Criterion: "ups", Was: goal.Exempt, Is: goal.NotMet}}},
		{Site: "bd-21602", Was: "", Is: goal.Met},
		{Site: "bd-29999", Was: goal.NoData, Is: ""},
	}}
	return r
}

func zeros(n int) string { return strings.Repeat("0", n) }

func (s sampleSite) line(standard *goal.Standard, i int) goal.SiteLine {
	l := goal.SiteLine{
		ID: s.id, Name: s.name, Kind: s.kind, Area: s.area, AreaCode: s.code, Terrain: s.terrain, Verified: s.terrain == "highland" || i == 6,
		Mountain: s.terrain != "plain", Unit: s.unit, UnitName: s.unitName, UnitKind: "commune", Split: s.id == "bd-21787",
		Responsible: "Nguyễn Văn A", Rollout: goal.Reporting, Result: goal.Result{Verdict: goal.Met},
		Compared: &goal.Result{Verdict: goal.Met},
	}
	for j, mark := range s.marks {
		f, asked := sampleFinding(&standard.Criteria[j], mark)
		if !asked {
			continue
		}
		l.Findings = append(l.Findings, f)
		switch f.Verdict {
		case goal.NotMet:
			l.Verdict, l.Distance = goal.NotMet, l.Distance+0.45
		case goal.NoData:
			if l.Distance++; l.Verdict == goal.Met {
				l.Verdict = goal.NoData
			}
		}
	}
	for _, name := range s.todo {
		w := standard.Works[name]
		l.Todo = append(l.Todo, goal.Task{Work: name, Criteria: []string{"availability", "ups"}, Price: w.Price})
		l.Cost += w.Price
		l.CostUnknown = l.CostUnknown || w.Price == 0 && !w.Free
	}
	for m := -3; m <= 0; m++ {
		v := l.Verdict
		if m == -2 && i%3 == 0 {
			v = goal.Met
		}
		l.History = append(l.History, goal.MonthVerdict{Month: october.Add(m), Verdict: v})
	}
	if i%3 == 0 {
		l.FirstMet = ptr(october.Add(-2))
		if l.Verdict != goal.Met {
			l.Relapses = []goal.Month{october.Add(-1), october}
		}
	}
	return l
}

func sampleFinding(c *goal.Criterion, mark rune) (goal.Finding, bool) {
	f := goal.Finding{Criterion: c.ID, Group: c.Group, Measure: c.Measure, AtLeast: c.AtLeast, AtMost: c.AtMost, Unit: unitOf(c.Measure)}
	days := goal.Measured{From: october.From(), Until: october.Until(), Due: 22, Needed: 20}
	said := &goal.Declared{Value: ptr(1234.5), Date: october.From().AddDate(0, -3, 4), Source: "Công văn 12/UBND"}
	switch mark {
	case 'm':
		days.Good, days.Bad, days.Observations, days.Value = 21, 1, 31_234, ptr(97.126)
		f.Verdict, f.Why, f.By, f.Measured = goal.Met, "met", goal.ByMeasured, &days
	case 'n':
		days.Good, days.Bad, days.Missing, days.Observations, days.Value = 9, 11, 2, 20_111, ptr(18.0)
		f.Verdict, f.Why, f.By, f.Measured, f.Declared, f.Differ, f.Work = goal.NotMet, "not_met", goal.ByMeasured, &days, said, true, "call_provider"
	case 'd':
		days.Missing = 22
		f.Verdict, f.Why, f.Measured, f.Work = goal.NoData, "few_days", &days, goal.WorkInstall
		f.Declared = &goal.Declared{Text: "=HYPERLINK(\"http://x\")", Date: said.Date, Source: "@ai"}
	case 'e':
		days.Good = 22
		f.Verdict, f.Why, f.By, f.Measured = goal.Exempt, "exempt", goal.ByMeasured, &days
	default:
		return f, false
	}
	return f, true
}

// sampleGroups are as the desk makes them: province, terrains, areas, units.
func sampleGroups(r *goal.Report) []goal.Group {
	kinds := map[string]string{"540": "city", "545": "district", "542": "district", "544": "district", "551": "district"}
	groups := []*goal.Group{{Kind: goal.OfProvince}}
	into := func(g goal.Group, l *goal.SiteLine) {
		for _, known := range groups {
			if known.Kind == g.Kind && known.Code == g.Code {
				fill(known, l)
				return
			}
		}
		groups = append(groups, &g)
		fill(&g, l)
	}
	for _, kind := range []string{goal.OfProvince, goal.OfTerrain, goal.OfArea, goal.OfUnit} {
		for i := range r.Sites {
			l := &r.Sites[i]
			into(map[string]goal.Group{
				goal.OfProvince: {Kind: kind},
				goal.OfTerrain:  {Kind: kind, Code: l.Terrain},
				goal.OfArea:     {Kind: kind, Code: l.AreaCode, Name: l.Area, UnitOf: kinds[l.AreaCode]},
				goal.OfUnit:     {Kind: kind, Code: l.Unit, Name: l.UnitName, UnitOf: l.UnitKind},
			}[kind], l)
		}
	}
	all := make([]goal.Group, len(groups))
	for i, g := range groups {
		all[i] = *g
	}
	return all
}

func fill(g *goal.Group, l *goal.SiteLine) {
	g.Sites = append(g.Sites, l.ID)
	g.Split = g.Split || l.Split
	switch l.Verdict {
	case goal.Met:
		g.Met++
	case goal.NotMet:
		g.NotMet++
	default:
		g.NoData++
	}
	switch {
	case g.NotMet > 0:
		g.Verdict = goal.NotMet
	case g.NoData > 0:
		g.Verdict = goal.NoData
	default:
		g.Verdict = goal.Met
	}
}
