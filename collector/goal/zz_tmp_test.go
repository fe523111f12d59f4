package goal

func init() {
	testStandard = &Standard{ID: "test"}
	for _, m := range Measures {
		v := 95.0
		testStandard.Criteria = append(testStandard.Criteria, Criterion{ID: m.Name, Measure: m.Name, AtLeast: &v, Evidence: ByEither, Months: 3, Days: 90, DayKnown: 50})
	}
}
