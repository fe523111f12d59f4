//go:build integration

package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"communewatch/collector/board"
	"communewatch/collector/goal"
)

// firstLoad bounds what opening a page costs on a line of 2G (bytes, headers included).
const firstLoad = 100_000

// addresses are where a route with a wildcard is looked at; empty: it is no page.
var addresses = map[string]string{
	"GET /{$}":           "/",
	"GET /site/{id}":     "/site/" + cutSite,
	"GET /incident/{id}": "/incident/" + openIncident,
	"GET /static/{file}": "",
	"GET /events":        "",
	"GET /":              "/no-such-page",

	"GET /target/site/{id}":   "/target/site/" + cutSite,
	"GET /target/area/{code}": "/target/area/551",
	"GET /published/{id}":     published,
}

// published stands for the address of a report that the test publishes first.
const published = "published"

// pagesOf are the addresses of a world's pages, one of a published report among them.
func pagesOf(w *world) []string {
	w.t.Helper()
	all := pages(w.t)
	if i := slices.Index(all, published); i >= 0 {
		all[i] = w.publish()
	}
	return all
}

// publish keeps the report of last month, and says where it is.
func (w *world) publish() string {
	w.t.Helper()
	client := http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	r, err := client.PostForm(w.home+"/target/publish", url.Values{"by": {"Hạnh"}, "month": {goal.MonthOf(time.Now()).Add(-1).String()}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/published/") {
		w.t.Fatalf("publish: %s to %s", r.Status, to)
	}
	return to
}

// pages are the addresses of all that a person may open.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, route := range board.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" || strings.Contains(path, ".") { // a file to be saved
			continue
		}
		address, named := addresses[route.Pattern]
		if !named && strings.Contains(path, "{") {
			t.Errorf("%s has no address in this test: give it one", route.Pattern)
			continue
		}
		if !named {
			address = path
		}
		if address != "" {
			out = append(out, address)
		}
	}
	return out
}

func in(lang, path string) string {
	if lang == "vi" {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&lang=" + lang
	}
	return path + "?lang=" + lang
}

// looks are the pairs in which every page is looked at: each language, each scheme and
// each width once. All eight would take four times as long.
var looks = []struct {
	name, lang string
	look       Look
}{
	{"light-360", "vi", Look{Width: 360, Height: 740}},
	{"dark-1280", "en", Look{Width: 1280, Height: 900, Dark: true}},
}

func name(path string) string {
	if path == "/" {
		return "province"
	}
	if strings.HasPrefix(path, "/published/") {
		return "published_report"
	}
	return strings.NewReplacer("/", "_", "?", "_").Replace(strings.TrimPrefix(path, "/"))
}

// TestEveryPage opens each page once for each look, since opening is what takes time.
func TestEveryPageKeepsTheRulesOfWCAGFitsItsScreenIsLightAndIsWalkedByKeyboard(t *testing.T) {
	w := commonWorld(t)
	for _, path := range pagesOf(w) {
		for _, l := range looks {
			t.Run(l.name+"_"+name(path), func(t *testing.T) {
				tab := Open(t, w.home, l.look)
				tab.Go(in(l.lang, path))
				tab.Forget("the server responded with a status of 404") // where that is the page
				if n := tab.Bytes(); n > firstLoad || n < 1000 {
					t.Errorf("%d bytes at the first load", n)
				}
				for _, v := range tab.Violations() {
					t.Error(v)
				}
				tab.Picture(l.name + "_" + name(path))
				walked(t, tab)
				for _, width := range []int64{l.look.Width, 320} {
					tab.Do(chromedp.EmulateViewport(width, l.look.Height))
					if wide := tab.Overflow(); len(wide) > 0 {
						t.Errorf("wider than a screen of %d px: %q", width, wide)
					}
				}
				if !l.look.Dark { // paper is the same for both
					printed(t, tab, name(path))
				}
			})
		}
	}
}
