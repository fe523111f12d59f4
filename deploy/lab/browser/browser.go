// Package browser opens the collector's pages in Debian's Chromium and says what is wrong
// with them: what breaks a rule of WCAG (axe-core), what the console complains of, what
// asks for anything outside, what is wider than the screen. In come a test and an address,
// out go findings. It is for tests only: no program imports it. It never lets the browser
// reach anything but loopback, and keeps nothing of what the browser writes.
package browser

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds what one test does in its tab.
const patience = 2 * time.Minute

// one is the Chromium of all tests of a package; each tab has a profile of its own.
var one struct {
	sync.Mutex
	ctx context.Context
	end func()
}

// Run runs the tests, as run does, and ends the Chromium that they used.
func Run(m *testing.M, run func(*testing.M) int) int {
	code := run(m)
	one.Lock()
	defer one.Unlock()
	if one.end != nil {
		one.end()
	}
	return code
}

// chromium starts it, once.
func chromium(tb testing.TB) context.Context {
	tb.Helper()
	one.Lock()
	defer one.Unlock()
	if one.ctx != nil {
		return one.ctx
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		tb.Fatal("no chromium: run `make setup`")
	}
	dir, err := os.MkdirTemp("", "communewatch-browser")
	if err != nil {
		tb.Fatal(err)
	}
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Headless}
	for _, name := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-default-apps", "disable-extensions", "disable-dev-shm-usage", "disable-breakpad",
		// Several tabs are looked at by one test: none of them is in the background.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	// What would leave the machine finds no address, and is a finding (tab.go).
	flags = append(flags, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("lang", "vi"))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, end := chromedp.NewContext(allocator)
	one.ctx, one.end = ctx, func() {
		_ = chromedp.Cancel(ctx) // waits until it has ended
		end()
		endAllocator()
		_ = os.RemoveAll(dir)
	}
	if err := chromedp.Do(ctx); err != nil { // starts it
		tb.Fatalf("chromium does not start: %v", err)
	}
	return one.ctx
}
