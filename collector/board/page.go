package board

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/say"
)

//go:embed page/*.html
var pageFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// pages are the templates, by language and name.
type pages map[say.Lang]map[string]*template.Template

// readPages parses every page once for each language, so that a template says a
// sentence by its key alone.
func readPages(static *static) (pages, error) {
	all := pages{}
	for _, lang := range say.Langs {
		all[lang] = map[string]*template.Template{}
		for _, name := range []string{"province", "site", "incidents", "incident", "message", "refused", "target", "rollout", "import", "published"} {
			t, err := template.New(name).Funcs(template.FuncMap{
				"say":     func(key say.Key, args ...any) string { return lang.Text(key, args...) },
				"capital": say.Capital,
				"verdict": func(v goal.Verdict) string { return verdictWord(lang, v) },
				"link":    func(path string, query ...string) string { return link(lang, path, query...) },
				"static":  static.address,
			}).ParseFS(pageFiles, "page/frame.html", "page/parts.html", "page/target_parts.html", "page/"+name+".html")
			if err != nil {
				return nil, fmt.Errorf("read page %s: %w", name, err)
			}
			all[lang][name] = t
		}
	}
	return all, nil
}

// link keeps the language: it is part of an address, so that a page can be passed on.
func link(lang say.Lang, path string, query ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			values.Set(query[i], query[i+1])
		}
	}
	if lang != say.Langs[0] {
		values.Set("lang", string(lang))
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// frame is what every page has.
type frame struct {
	Lang  say.Lang
	Title string
	At    string // when it was made, as people read it
	Stamp string // and as machines do
	Every int    // seconds until it is fetched again, at least; 0: never
}

func (b *board) frame(lang say.Lang, title string) frame {
	now := b.deps.Now()
	return frame{Lang: lang, Title: title, At: format{lang, now}.stamp(now), Stamp: now.UTC().Format(time.RFC3339), Every: 5}
}

// still is the frame of a page that is not fetched again.
func (b *board) still(lang say.Lang, title say.Key) frame {
	f := b.frame(lang, lang.Text(title))
	f.Every = 0
	return f
}

// refusedPage is a form that could not be taken, as it was filled in, and why.
type refusedPage struct {
	frame
	Form noteForm
}

func (p refusedPage) framed() frame { return p.frame }

// messagePage says one thing.
type messagePage struct {
	frame
	Hint string
}

// page is what the frame's template needs beside a page's own data.
type page struct {
	Page any
	frame
	Places    []place
	Visitor   api.Visitor
	Other     say.Lang // the language that it may be had in too
	OtherHref string   // empty: it is the answer to a form, and cannot be asked for again
}

func (p messagePage) framed() frame { return p.frame }

// write renders the whole page, or with ?part=live the part that the script
// replaces; nothing is sent before all of it is made.
func (b *board) write(w http.ResponseWriter, r *http.Request, status int, name string, data interface{ framed() frame }) {
	f := data.framed()
	var out bytes.Buffer
	var err error
	if t := b.pages[f.Lang][name]; r.URL.Query().Get("part") == "live" {
		err = t.ExecuteTemplate(&out, "live", data)
	} else {
		err = t.ExecuteTemplate(&out, "frame", b.page(r, f, data))
	}
	if err != nil {
		b.deps.Log.Error("page cannot be made", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(f.Lang))
	h.Set("Cache-Control", "no-store")
	deliver(w, r, status, out.Bytes())
}

func (b *board) page(r *http.Request, f frame, data any) page {
	visitor, _ := api.VisitorFrom(r.Context())
	p := page{Page: data, frame: f, Places: b.places(r, f.Lang), Visitor: visitor, Other: otherLang(f.Lang)}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.OtherHref = otherHref(r, f.Lang)
	}
	return p
}

func otherLang(lang say.Lang) say.Lang {
	if lang == say.Vietnamese {
		return say.English
	}
	return say.Vietnamese
}

// otherHref is this very page in the other language, with whatever else was asked for.
func otherHref(r *http.Request, lang say.Lang) string {
	query := r.URL.Query()
	query.Del("part")
	query.Del("lang")
	var pairs []string
	for key, values := range query {
		pairs = append(pairs, key, values[0])
	}
	return link(otherLang(lang), r.URL.EscapedPath(), pairs...)
}

// serveIcon is for papers, which name none.
func (b *board) serveIcon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/static/icon.svg", http.StatusFound)
}

// static serves style, script and icon.
type static struct {
	files   map[string]file
	version string // changes with their content, so that browsers may keep them
}

type file struct{ plain, zipped []byte }

func readStatic() (*static, error) {
	s := &static{files: map[string]file{}}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	hash := fnv.New64a()
	for _, entry := range entries {
		data, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		s.files[entry.Name()] = file{data, zip(data, "")}
		hash.Write(data)
	}
	s.version = strconv.FormatUint(hash.Sum64(), 16)
	return s, nil
}

// StaticAddress is where a page that is none of these finds their style and icon.
func StaticAddress(file string) string {
	s, err := ownStatic()
	if err != nil { // as it would [New]
		return "/static/" + file
	}
	return s.address(file)
}

var ownStatic = sync.OnceValues(readStatic)

func (s *static) address(file string) string { return "/static/" + file + "?v=" + s.version }

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	file, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Vary", "Accept-Encoding")
	data, tag := file.plain, s.version
	if takesGzip(r) {
		data, tag = file.zipped, s.version+"-gzip"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
