package goal

// read is what a declaration says of a criterion. One that is too old, or of a time after
// the month, is shown but decides nothing.
func (c *Criterion) read(m *Measure, e *Evidence) (*Declared, opinion) {
	d := e.Declared
	if d == nil {
		return nil, opinion{NoData, whyUnsaid}
	}
	said := &Declared{Date: d.Date, Source: d.Source}
	said.Value, said.Text = m.said(d)
	end := e.Month.Until()
	switch {
	case said.Value == nil:
		return said, opinion{NoData, whySilent}
	case !d.Date.Before(end):
		return said, opinion{NoData, whyLate}
	case d.Date.Before(end.AddDate(0, -c.DeclaredMonths, 0)):
		return said, opinion{NoData, whyOld}
	case c.holds(e.Site, *said.Value):
		return said, opinion{Met, whySaid}
	}
	return said, opinion{NotMet, whySaidShort}
}
