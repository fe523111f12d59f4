package board

import (
	"net/http"

	"communewatch/collector/api"
	"communewatch/collector/say"
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
	return append(b.targetRoutes(), []route{
		{Route{"GET /{$}", api.RoleViewer}, b.serveProvince},
		{Route{"GET /site/{id}", api.RoleViewer}, b.serveSite},
		{Route{"GET /incidents", api.RoleViewer}, b.serveIncidents},
		{Route{"POST /incidents/note", api.RoleOperator}, b.serveHandOver},
		{Route{"GET /incident/{id}", api.RoleViewer}, b.serveIncident},
		{Route{"POST /incident/{id}/note", api.RoleOperator}, b.serveNote},
		{Route{"GET /events", api.RoleViewer}, b.serveEvents},
		{Route{"GET /static/{file}", ""}, static.ServeHTTP},
		{Route{"GET /favicon.ico", api.RoleViewer}, b.serveIcon},
		{Route{"GET /", api.RoleViewer}, func(w http.ResponseWriter, r *http.Request) {
			b.message(w, r, http.StatusNotFound, "board.no_page", "board.no_page_hint")
		}},
	}...)
}

// Routes are the patterns of [New]'s handler, for whoever checks who may what.
func Routes() []Route {
	var all []Route
	for _, r := range new(board).routes(http.NotFoundHandler()) {
		all = append(all, r.Route)
	}
	return all
}

// held answers a route only to whom it is for. Who the visitor is was proven before
// ([api.WithVisitor]); where nobody was, what stands before the pages is missing.
func (b *board) held(r route) http.HandlerFunc {
	if r.Need == "" {
		return r.handle
	}
	return func(w http.ResponseWriter, req *http.Request) {
		visitor, known := api.VisitorFrom(req.Context())
		if !known {
			b.message(w, req, http.StatusUnauthorized, "users.nobody", "users.nobody_hint")
			return
		}
		if !visitor.Role.May(r.Need) {
			lang := langOf(req)
			b.sentence(w, req, http.StatusForbidden, lang.Text("users.not_yours"),
				lang.Text("users.not_yours_hint", lang.Text(say.Key("users.role_"+string(visitor.Role))), lang.Text(say.Key("users.role_"+string(r.Need)))))
			return
		}
		r.handle(w, req)
	}
}

// ownForms takes nothing that the page of another site sent.
func (b *board) ownForms(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.message(w, r, http.StatusForbidden, "users.foreign", "users.foreign_hint")
	}))
	return own.Handler(next)
}
