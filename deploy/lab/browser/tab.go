package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Look is how a page is looked at.
type Look struct {
	Width, Height int64 // of the screen in CSS pixels; zero: 1280 × 900
	Dark          bool
	NoScript      bool
}

// Tab is one window with a profile of its own: no cache, no cookies.
type Tab struct {
	tb   testing.TB
	ctx  context.Context
	home string // scheme, host and port of the server

	mu       sync.Mutex
	findings []string
	bytes    float64 // that came in, headers included
	asked    []string
	streams  map[network.RequestID]bool // of events, that are open
}

// Open makes a tab that may ask this server and nobody else; what is found wrong by the
// end of the test fails it.
func Open(tb testing.TB, home string, look Look) *Tab {
	tb.Helper()
	return open(tb, chromium(tb), home, look, chromedp.WithNewBrowserContext())
}

// Beside opens another window with the same profile.
func (t *Tab) Beside() *Tab {
	t.tb.Helper()
	profile := chromedp.FromContext(t.ctx).BrowserContextID
	return open(t.tb, chromium(t.tb), t.home, Look{}, chromedp.WithExistingBrowserContext(profile), chromedp.WithNewWindow(true))
}

func open(tb testing.TB, parent context.Context, home string, look Look, options ...chromedp.ContextOption) *Tab {
	tb.Helper()
	limited, stop := context.WithTimeout(parent, patience)
	ctx, cancel := chromedp.NewContext(limited, options...)
	t := &Tab{tb: tb, ctx: ctx, home: strings.TrimSuffix(home, "/"), streams: map[network.RequestID]bool{}}
	tb.Cleanup(func() {
		cancel()
		stop()
		for _, f := range t.Findings() {
			tb.Error(f)
		}
	})
	t.must(chromedp.Listen(ctx, t.note))
	if look.Width == 0 {
		look.Width, look.Height = 1280, 900
	}
	scheme := "light"
	if look.Dark {
		scheme = "dark"
	}
	t.must(chromedp.Do(ctx, chromedp.EmulateViewport(look.Width, look.Height)))
	call(t, network.Enable, network.EnableParams{})
	call(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if look.NoScript {
		call(t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	return t
}

func call[P, R any](t *Tab, command cdp.Command[P, R], params P) R {
	t.tb.Helper()
	r, err := chromedp.Call(t.ctx, command, params)
	t.must(err)
	return r
}

func (t *Tab) must(err error) {
	t.tb.Helper()
	if err != nil {
		t.tb.Fatal(err)
	}
}

// note sees every event of the tab.
func (t *Tab) note(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	find := func(format string, args ...any) { t.findings = append(t.findings, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "about" && u.Scheme+"://"+u.Host != t.home {
			find("%s asks for %s", e.DocumentURL, e.Request.URL)
			return
		}
		t.asked = append(t.asked, e.Request.Method+" "+u.RequestURI())
		if u.Path == "/events" {
			t.streams[e.RequestID] = false
		}
	case *network.EventResponseReceived:
		if _, is := t.streams[e.RequestID]; is {
			t.streams[e.RequestID] = true
		}
	case *network.EventLoadingFinished:
		t.bytes += e.EncodedDataLength
		delete(t.streams, e.RequestID)
	case *network.EventLoadingFailed:
		delete(t.streams, e.RequestID)
	case *runtime.EventExceptionThrown:
		find("a script failed: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		find("the console has %s: %s", e.Type, chromedp.ConsoleMessage{Args: e.Args}.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			find("the browser has %s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	}
}

// Findings are what was seen wrong, and are forgotten by that.
func (t *Tab) Findings() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.findings
	t.findings = nil
	return found
}

// Forget drops the findings that hold one of these texts: they were meant.
func (t *Tab) Forget(texts ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.findings = slices.DeleteFunc(t.findings, func(f string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(f, text) })
	})
}

// Asked is how often addresses were asked for that begin like that ("GET /events").
func (t *Tab) Asked(beginning string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, a := range t.asked {
		if strings.HasPrefix(a, beginning) {
			n++
		}
	}
	return n
}

// Streams are the open ones of events.
func (t *Tab) Streams() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, answered := range t.streams {
		if answered {
			n++
		}
	}
	return n
}

// Bytes that came in since the tab was opened, without what is still open.
func (t *Tab) Bytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int(t.bytes)
}

// Go opens a page of the server.
func (t *Tab) Go(path string) {
	t.tb.Helper()
	t.must(chromedp.Do(t.ctx, chromedp.Navigate(t.home+path)))
}

// Do runs steps.
func (t *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	t.tb.Helper()
	t.must(chromedp.Do(t.ctx, steps...))
}

// Wait waits until something holds.
func (t *Tab) Wait(what string, within time.Duration, holds func() bool) {
	t.tb.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.tb.Fatalf("waited %s for %s", within, what)
		}
	}
}

// Eval is the value of an expression; a promise is awaited.
func Eval[T any](t *Tab, expression string) T {
	t.tb.Helper()
	v, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	t.must(err)
	return v
}

// Until waits until an expression holds.
func (t *Tab) Until(what, expression string, within time.Duration) {
	t.tb.Helper()
	deadline := time.Now().Add(within)
	for {
		// A page that is being left has no answer.
		holds, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			t.tb.Fatalf("waited %s for %s (%v)", within, what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Press sends keys as somebody at a keyboard does.
func (t *Tab) Press(keys string, opts ...chromedp.KeyOption) {
	t.tb.Helper()
	t.Do(chromedp.KeyEvent(keys, opts...))
}

// PDF is the page as it is printed on A4 without backgrounds, as most printers are set.
func (t *Tab) PDF() []byte {
	t.tb.Helper()
	yes := true
	return call(t, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes}).Data
}

// Picture keeps what is seen: the whole page, and the screen.
func (t *Tab) Picture(name string) {
	t.tb.Helper()
	if os.Getenv(keepIn) == "" {
		return
	}
	data, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
	t.must(err)
	keep(t.tb, name+".png", data)
	data, err = chromedp.Run(t.ctx, chromedp.FullScreenshot(100))
	t.must(err)
	keep(t.tb, name+"-whole.png", data)
}

// keepIn names the folder in which pictures and papers are kept, for whoever wants to look
// at them; nothing is kept without.
const keepIn = "COMMUNEWATCH_PICTURES"

func keep(tb testing.TB, name string, data []byte) {
	tb.Helper()
	dir := os.Getenv(keepIn)
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Overflow is what reaches beyond the screen's right edge though it is not meant to be
// scrolled by itself.
func (t *Tab) Overflow() []string {
	t.tb.Helper()
	var out []string
	t.must(json.Unmarshal([]byte(Eval[string](t, `JSON.stringify((() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return [];
		const scrolls = e => e !== document.body && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
		return Array.from(document.querySelectorAll("body *")).filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement))
			.slice(0, 5).map(e => e.localName + "." + (e.getAttribute("class") || "") + " " + Math.round(e.getBoundingClientRect().right) + " of " + width)
			.concat("the page is " + document.documentElement.scrollWidth + " wide");
	})())`)), &out))
	return out
}
