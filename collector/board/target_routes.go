package board

import (
	"net/http"

	"communewatch/collector/api"
)

// targetRoutes are the planners' pages: the target, how far the agents have come, what
// communes declared, and what was published.
func (b *board) targetRoutes() []route {
	all := []route{
		{Route{"GET /target", api.RoleViewer}, b.serveTarget},
		{Route{"GET /target/site/{id}", api.RoleViewer}, b.serveSitePaper},
		{Route{"GET /target/area/{code}", api.RoleViewer}, b.serveAreaPaper},
		{Route{"POST /target/publish", api.RolePlanner}, b.servePublish},
		{Route{"GET /published", api.RoleViewer}, b.servePublishedList},
		{Route{"GET /published/{id}", api.RoleViewer}, b.servePublished},
		{Route{"GET /rollout", api.RoleViewer}, b.serveRollout},
		{Route{"GET /rollout.csv", api.RoleViewer}, b.serveRolloutCSV},
		{Route{"GET /import", api.RoleViewer}, b.serveImport},
		{Route{"POST " + api.PathImport, api.RolePlanner}, b.servePostImport},
		{Route{"GET /import.xlsx", api.RoleViewer}, b.serveTemplate},
		{Route{"GET /import.csv", api.RoleViewer}, b.serveTemplate},
	}
	for _, name := range exports {
		all = append(all, route{Route{"GET /target." + name, api.RoleViewer}, b.serveExport})
	}
	for i := range all {
		all[i].handle = b.withDesk(all[i].handle)
	}
	return all
}

// withDesk answers only where there is a desk.
func (b *board) withDesk(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if b.desk == nil {
			b.message(w, r, http.StatusNotFound, "target.no_desk", "target.no_desk_hint")
			return
		}
		serve(w, r)
	}
}
