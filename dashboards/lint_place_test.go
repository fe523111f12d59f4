package dashboards

import "fmt"

// lintSources wants the data source to be what the variable names, everywhere.
func lintSources(b boardJSON) []string {
	var complaints []string
	check := func(where string, d datasourceJSON) {
		if d.Type != "influxdb" || d.UID != "${datasource}" {
			complaints = append(complaints, fmt.Sprintf("%s asks %+v, not the data source of the variable", where, d))
		}
	}
	ours := 0
	for _, v := range b.Templating.List {
		if v.Type == "datasource" {
			if v.Name == "datasource" && v.Query == "influxdb" && v.Current.Value == DatasourceUID {
				ours++
			}
			continue
		}
		check("variable "+v.Name, v.Datasource)
	}
	if ours != 1 {
		complaints = append(complaints, fmt.Sprintf("%d variables name our data source, want 1", ours))
	}
	for _, a := range b.Annotations.List {
		check("annotation "+a.Name, a.Datasource)
		check("annotation "+a.Name, a.Target.Datasource)
		if !a.Enable {
			complaints = append(complaints, "annotation "+a.Name+" is off")
		}
	}
	for _, p := range b.panels() {
		check(fmt.Sprintf("panel %d", p.ID), p.Datasource)
		for _, q := range p.Targets {
			check(fmt.Sprintf("panel %d query %s", p.ID, q.RefID), q.Datasource)
		}
	}
	return complaints
}

// lintGrid wants panels within 24 columns, none upon another, each with its own number.
func lintGrid(b boardJSON) []string {
	var complaints []string
	ids, taken := map[uint32]bool{}, map[[2]int]uint32{}
	for _, p := range b.Panels {
		if p.ID == 0 || ids[p.ID] {
			complaints = append(complaints, fmt.Sprintf("number %d of %q is not its own", p.ID, p.Title))
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.X < 0 || g.X+g.W > 24 || g.W <= 0 || g.H <= 0 {
			complaints = append(complaints, fmt.Sprintf("panel %d is at %+v, the grid has 24 columns", p.ID, g))
		}
		upon := uint32(0)
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != 0 {
					upon = other
				}
				taken[[2]int{x, y}] = p.ID
			}
		}
		if upon != 0 {
			complaints = append(complaints, fmt.Sprintf("panels %d and %d overlap", upon, p.ID))
		}
	}
	return complaints
}
