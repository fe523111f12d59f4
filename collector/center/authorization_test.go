package center

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"communewatch/collector/api"
	"communewatch/collector/board"
	"communewatch/collector/say"
)

// row is what is meant for a route: an address of it, and the least role. It stands here
// a second time on purpose: who gives a route to others changes both.
type row struct {
	path string
	need api.UserRole
}

var rows = map[string]row{
	"GET /{$}":                 {"/", api.RoleViewer},
	"GET /":                    {"/no-such", api.RoleViewer},
	"GET /site/{id}":           {"/site/bd-21997", api.RoleViewer},
	"GET /incidents":           {"/incidents", api.RoleViewer},
	"GET /incident/{id}":       {"/incident/i1", api.RoleViewer},
	"POST /incidents/note":     {"/incidents/note", api.RoleOperator},
	"POST /incident/{id}/note": {"/incident/i1/note", api.RoleOperator},
	"GET /static/{file}":       {"/static/board.css", ""},
	"GET /events":              {"/events", api.RoleViewer},
	"GET /favicon.ico":         {"/favicon.ico", api.RoleViewer},

	"GET /target":             {"/target", api.RoleViewer},
	"GET /target.xlsx":        {"/target.xlsx", api.RoleViewer},
	"GET /target.csv":         {"/target.csv", api.RoleViewer},
	"GET /target.json":        {"/target.json", api.RoleViewer},
	"GET /target.html":        {"/target.html", api.RoleViewer},
	"GET /target/site/{id}":   {"/target/site/bd-21997", api.RoleViewer},
	"GET /target/area/{code}": {"/target/area/551", api.RoleViewer},
	"POST /target/publish":    {"/target/publish", api.RolePlanner},
	"GET /published":          {"/published", api.RoleViewer},
	"GET /published/{id}":     {"/published/x", api.RoleViewer},
	"GET /rollout":            {"/rollout", api.RoleViewer},
	"GET /rollout.csv":        {"/rollout.csv", api.RoleViewer},
	"GET /import":             {"/import", api.RoleViewer},
	"POST /import":            {"/import", api.RolePlanner},
	"GET /import.xlsx":        {"/import.xlsx", api.RoleViewer},
	"GET /import.csv":         {"/import.csv", api.RoleViewer},
}

func TestEachRouteIsAnsweredToItsRolesAndToNobodyElse(t *testing.T) {
	o := guarded(t, "127.0.0.1:0")
	people := map[api.UserRole]*browser{"": o.browser()}
	for role := range strings.FieldsSeq(api.UserRoles) {
		people[api.UserRole(role)] = o.browser().signIn(role)
	}
	routes := board.Routes()
	for pattern := range rows {
		if !slices.ContainsFunc(routes, func(r board.Route) bool { return r.Pattern == pattern }) {
			t.Errorf("%s is no route", pattern)
		}
	}
	for _, route := range routes {
		want, has := rows[route.Pattern]
		if !has {
			t.Errorf("%s (%s) has no row in this table", route.Pattern, route.Need)
			continue
		}
		if want.need != route.Need {
			t.Errorf("%s: needs %q, meant for %q", route.Pattern, route.Need, want.need)
		}
		method, _, _ := strings.Cut(route.Pattern, " ")
		for role, who := range people {
			var form url.Values
			if method != http.MethodGet {
				form = url.Values{"csrf": {who.token}}
			}
			a := who.ask(method, want.path, form)
			if got := verdict(a); got != expected(role, want.need) {
				t.Errorf("%s for %q: %d, %s: %.200s", route.Pattern, role, a.status, got, a.body)
			}
			if method == http.MethodGet || role == "" {
				continue
			}
			for what, token := range map[string]string{"no token": "", "a wrong token": people[otherThan(role)].token} {
				a := who.ask(method, want.path, url.Values{"csrf": {token}})
				if a.status != http.StatusForbidden || !strings.Contains(a.body, say.Vietnamese.Text("users.stale_hint")) {
					t.Errorf("%s for %q with %s: %d %.200s", route.Pattern, role, what, a.status, a.body)
				}
			}
		}
	}
}

// verdict is what an answer comes to. What is let in may still not be there, or lack a
// database.
func verdict(a answer) string {
	switch {
	case a.status == http.StatusUnauthorized && strings.Contains(a.body, `name="password"`):
		return "sign in"
	case a.status == http.StatusForbidden && strings.Contains(a.body, say.Vietnamese.Text("users.not_yours")):
		return "refused"
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusMethodNotAllowed, a.status == http.StatusInternalServerError:
		return "wrong"
	}
	return "let in"
}

func expected(role, need api.UserRole) string {
	switch {
	case need == "":
		return "let in"
	case role == "":
		return "sign in"
	case !role.May(need):
		return "refused"
	}
	return "let in"
}

func otherThan(role api.UserRole) api.UserRole {
	if role == api.RoleViewer {
		return api.RoleOperator
	}
	return api.RoleViewer
}

func TestARoleMayWhatThoseBelowItMay(t *testing.T) {
	roles := strings.Fields(api.UserRoles)
	for i, role := range roles {
		for k, need := range roles {
			if got := api.UserRole(role).May(api.UserRole(need)); got != (i >= k) {
				t.Errorf("%s may what %s may: %t", role, need, got)
			}
		}
		if api.UserRole(role).May("") || api.UserRole("").May(api.UserRole(role)) || api.UserRole("root").May(api.UserRole(role)) {
			t.Errorf("%s and a role that is none", role)
		}
	}
}
