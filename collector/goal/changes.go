package goal

// ChangesSince tells what a later report says otherwise than a published one, whose hash
// is given: sites and criteria that are judged otherwise, and of what is known which parts
// are another, so that "the data came late" and "the standard was changed" are told apart.
// Sites are in the later report's order; those that it does not have follow.
func ChangesSince(published *Report, hash string, now *Report) *Changes {
	c := &Changes{
		Since:   published.Made,
		Hash:    hash,
		Sites:   []SiteChange{},
		Goal:    published.Goal.Hash != now.Goal.Hash,
		Invent:  published.Known.Inventory != now.Known.Inventory,
		Declare: published.Known.Declarations != now.Known.Declarations,
		Days:    published.Known.Days != now.Known.Days,
	}
	before, after := sitesByID(published), sitesByID(now)
	for i := range now.Sites {
		is := &now.Sites[i]
		c.add(is.ID, before[is.ID], is)
	}
	for i := range published.Sites {
		if was := &published.Sites[i]; after[was.ID] == nil {
			c.add(was.ID, was, nil)
		}
	}
	return c
}

func sitesByID(r *Report) map[string]*SiteLine {
	by := make(map[string]*SiteLine, len(r.Sites))
	for i := range r.Sites {
		by[r.Sites[i].ID] = &r.Sites[i]
	}
	return by
}

// add notes a site, either side of which may be nil, if anything of it is judged otherwise.
func (c *Changes) add(id string, was, is *SiteLine) {
	change := SiteChange{Site: id}
	switch {
	case was == nil:
		change.Is = is.Verdict
	case is == nil:
		change.Was = was.Verdict
	default:
		change.Was, change.Is = was.Verdict, is.Verdict
		change.Criteria = criteriaChanges(was.Findings, is.Findings)
	}
	if change.Was != change.Is || len(change.Criteria) > 0 {
		c.Sites = append(c.Sites, change)
	}
}

// criteriaChanges are in the order of the later findings; criteria that these do not have
// follow. A verdict that is empty: it was not asked, or is no more.
func criteriaChanges(was, is []Finding) []CriterionChange {
	before, after := verdictsOf(was), verdictsOf(is)
	var changes []CriterionChange
	for _, f := range is {
		if before[f.Criterion] != f.Verdict {
			changes = append(changes, CriterionChange{f.Criterion, before[f.Criterion], f.Verdict})
		}
	}
	for _, f := range was {
		if _, asked := after[f.Criterion]; !asked {
			changes = append(changes, CriterionChange{f.Criterion, f.Verdict, ""})
		}
	}
	return changes
}

func verdictsOf(findings []Finding) map[string]Verdict {
	by := make(map[string]Verdict, len(findings))
	for _, f := range findings {
		by[f.Criterion] = f.Verdict
	}
	return by
}
