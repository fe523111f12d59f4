package board

import (
	"net/http"

	"communewatch/collector/api"
)

// Route is one thing that the pages answer, and whom.
type Route struct {
	Pattern string       // as of http.ServeMux, method first
	Need    api.UserRole // the least role; empty: nobody need be known (what the page for signing in needs)
}

type route struct {
	Route
	handle http.HandlerFunc
}

// routes are all of them: nothing is answered that has no row here.
func (b *board) routes(static http.Handler) []route {
	return []route{
		{Route{"GET /{$}", api.RoleViewer}, b.serveProvince},
		{Route{"GET /site/{id}", api.RoleViewer}, b.serveSite},
		{Route{"GET /incidents", api.RoleViewer}, b.serveIncidents},
		{Route{"POST /incidents/note", api.RoleOperator}, b.serveHandOver},
		{Route{"GET /incident/{id}", api.RoleViewer}, b.serveIncident},
		{Route{"POST /incident/{id}/note", api.RoleOperator}, b.serveNote},
		{Route{"GET /events", api.RoleViewer}, b.serveEvents},
		{Route{"GET /static/{file}", ""}, static.ServeHTTP},
		{Route{"GET /", api.RoleViewer}, func(w http.ResponseWriter, r *http.Request) {
			b.message(w, r, http.StatusNotFound, "board.no_page", "board.no_page_hint")
		}},
	}
}

// Routes are the patterns of [New]'s handler, for whoever checks who may what.
func Routes() []Route {
	var all []Route
	for _, r := range new(board).routes(http.NotFoundHandler()) {
		all = append(all, r.Route)
	}
	return all
}
