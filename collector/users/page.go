package users

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"communewatch/collector/say"
)

//go:embed page/*.html
var pageFiles embed.FS

// pages are the templates, by language and name.
type pages map[say.Lang]map[string]*template.Template

func readPages(static func(string) string) (pages, error) {
	all := pages{}
	for _, lang := range say.Langs {
		all[lang] = map[string]*template.Template{}
		for _, name := range []string{"sign-in", "sign-out", "message"} {
			t, err := template.New(name).Funcs(template.FuncMap{
				"say":    func(key say.Key, args ...any) string { return lang.Text(key, args...) },
				"static": static,
			}).ParseFS(pageFiles, "page/frame.html", "page/"+name+".html")
			if err != nil {
				return nil, fmt.Errorf("read page %s: %w", name, err)
			}
			all[lang][name] = t
		}
	}
	return all, nil
}

// page is what a template shows.
type page struct {
	Title, Hint string
	Problem     string // why the last try failed
	Name        string // that was typed, to be seen again
	To          string // where to go on to
	Token       string

	Lang, Other say.Lang
	Query       string // that keeps the language
	OtherHref   string
}

func langOf(r *http.Request) say.Lang {
	lang, _ := say.ParseLang(r.URL.Query().Get("lang")) // what is neither of the two is the default
	return lang
}

func queryOf(lang say.Lang) string {
	if lang == say.Langs[0] {
		return ""
	}
	return "?lang=" + string(lang)
}

// otherHref is this very page in the other language; after a form, the one to sign in.
func otherHref(r *http.Request, to string, lang say.Lang) string {
	query := url.Values{"lang": {string(lang)}}
	if to != "" && to != "/" {
		query.Set("to", to)
	}
	if writes(r) || r.URL.Path == signInPath || r.URL.Path == signOutPath {
		path := signInPath
		if !writes(r) {
			path = r.URL.Path
		}
		return path + "?" + query.Encode()
	}
	u, err := url.Parse(ownPath(r.URL.RequestURI()))
	if err != nil {
		return "/?" + query.Encode()
	}
	here := u.Query()
	here.Set("lang", string(lang))
	u.RawQuery = here.Encode()
	return u.String()
}

// write sends the whole page.
func (d *Door) write(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Lang, p.Other = langOf(r), say.Langs[0]
	if p.Lang == p.Other {
		p.Other = say.Langs[1]
	}
	p.Query, p.OtherHref = queryOf(p.Lang), otherHref(r, p.To, p.Other)
	var out bytes.Buffer
	if err := d.pages[p.Lang][name].ExecuteTemplate(&out, "frame", p); err != nil {
		d.deps.Log.Error("page cannot be made", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(p.Lang))
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // a reader who has gone away is no longer ours to tell
}

func (d *Door) message(w http.ResponseWriter, r *http.Request, status int, title, hint say.Key) {
	lang := langOf(r)
	d.write(w, r, status, "message", page{Title: lang.Text(title), Hint: lang.Text(hint)})
}
