package board

import (
	"net/http"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// places are what the top of every page leads to, in this order: those of them that have
// a route which the visitor may take.
var places = []struct {
	pattern, path string
	name          say.Key
	below         []string // beginnings of the addresses of what is reached from there
}{
	{"GET /{$}", "/", "board.home", []string{"/site/"}},
	{"GET /incidents", "/incidents", "note.incidents", []string{"/incident/"}},
	{"GET /target", "/target", "browse.target", []string{"/target/", "/published"}},
	{"GET /rollout", "/rollout", "browse.rollout", nil},
	{"GET /import", "/import", "browse.import", []string{"/import/"}},
}

// place is one as the frame shows it.
type place struct {
	Href, Text string
	Here       string // value of aria-current: "page" is this very page, "true" one below it
}

func (b *board) places(r *http.Request, lang say.Lang) []place {
	var all []place
	for _, p := range places {
		need, has := b.needs[p.pattern]
		if !has || !may(r, need) {
			continue
		}
		one := place{Href: link(lang, p.path), Text: lang.Text(p.name)}
		if r.URL.Path == p.path {
			one.Here = "page"
		}
		for _, beginning := range p.below {
			if strings.HasPrefix(r.URL.Path, beginning) {
				one.Here = "true"
			}
		}
		all = append(all, one)
	}
	return all
}

// may tells whether who asks holds a role. Nobody holds any.
func may(r *http.Request, need api.UserRole) bool {
	visitor, known := api.VisitorFrom(r.Context())
	return known && visitor.Role.May(need)
}

// needs is the role of each pattern.
func needs(all []route) map[string]api.UserRole {
	out := make(map[string]api.UserRole, len(all))
	for _, r := range all {
		out[r.Pattern] = r.Need
	}
	return out
}
