//go:build integration

package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"communewatch/collector/api"
)

// Times in which something must be seen. A page asks no sooner than 5 s after it asked last.
const soon = 20 * time.Second

// shows is an expression: the row of an office is in a state.
func shows(site string, state api.State) string {
	return fmt.Sprintf("document.getElementById(%q).classList.contains(%q)", site, "s-"+string(state))
}

func TestWhatChangesInTheStoreAppearsWithoutAReloadAndIsFetchedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tab := Open(t, w.home, Look{})
	tab.Go("/")
	tab.Do(chromedp.Evaluate[chromedp.Void]("window.here = true"))
	tab.Wait("the stream", soon, func() bool { return tab.Streams() == 1 })
	tab.Do(chromedp.Focus(chromedp.CSS(`a[href="/site/` + wellSite + `"]`)))
	w.write(api.Events, judgedAs(wellSite, api.StateSilent, soonAfter()))
	tab.Until("the new state", shows(wellSite, api.StateSilent), soon)
	if !Eval[bool](tab, "window.here === true") {
		t.Error("the page was loaded again")
	}
	if at := Eval[string](tab, "document.activeElement.getAttribute('href')"); at != "/site/"+wellSite {
		t.Errorf("the focus is on %q", at)
	}
	if n := tab.Asked("GET /?part=live"); n != 1 {
		t.Errorf("fetched %d times for one change", n)
	}
	if said := Eval[string](tab, "document.getElementById('said').textContent"); said != "" {
		t.Errorf("a state that changes is read out to whoever reads something else: %q", said)
	}
}

func TestAPageThatNobodySeesOrThatIsPausedAsksForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tab := Open(t, w.home, Look{})
	tab.Go("/")
	listening := func(n int) func() bool { return func() bool { return tab.Streams() == n } }
	see := func(hidden bool) {
		tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
			`Object.defineProperty(document, "hidden", {value: %t, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`, hidden)))
	}
	tab.Wait("the stream", soon, listening(1))
	see(true)
	tab.Wait("a hidden page to close its stream", soon, listening(0))
	w.write(api.Events, judgedAs(wellSite, api.StateSilent, soonAfter()))
	see(false)
	tab.Wait("a page that is seen again to listen", soon, listening(1))
	tab.Until("what it missed", shows(wellSite, api.StateSilent), soon)

	tab.Do(chromedp.Click(chromedp.ID("pause")))
	tab.Wait("a paused page to close its stream", soon, listening(0))
	asked := tab.Asked("GET ")
	see(true)
	see(false)
	if tab.Streams() != 0 || tab.Asked("GET ") != asked {
		t.Error("a paused page asks")
	}
	if pressed := Eval[string](tab, `document.getElementById("pause").getAttribute("aria-pressed")`); pressed != "true" {
		t.Errorf("the button says %s", pressed)
	}
	tab.Do(chromedp.Click(chromedp.ID("pause")))
	tab.Wait("it to go on", soon, listening(1))
}

func TestManyWindowsOfOneBrowserLeaveRoomForItsRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tabs := []*Tab{Open(t, w.home, Look{})}
	for range 6 {
		tabs = append(tabs, tabs[0].Beside())
	}
	for i, tab := range tabs {
		tab.Go("/site/" + wellSite)
		if i < 3 {
			tab.Wait("its stream", soon, func() bool { return tab.Streams() == 1 })
		}
	}
	streams := 0
	for _, tab := range tabs {
		streams += tab.Streams()
	}
	if streams != 3 { // of the six connections that a browser opens
		t.Errorf("%d streams", streams)
	}
	tabs[0].Go("/incidents")
	last := tabs[len(tabs)-1]
	last.Wait("a window without a stream to ask by itself", soon, func() bool { return last.Asked("GET /site/"+wellSite+"?part=live") > 0 })
}

func TestWithoutAStreamAPageAsksEverySoOften(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tab := Open(t, w.home, Look{})
	call(tab, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: w.home + "/events", Block: true}}})
	tab.Go("/")
	w.write(api.Events, judgedAs(wellSite, api.StateSilent, soonAfter()))
	tab.Until("the new state", shows(wellSite, api.StateSilent), soon)
	tab.Forget("/events")
}

func TestACollectorThatIsAwayIsSaidAndOneThatIsBackGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tab := Open(t, w.home, Look{})
	tab.Go("/?lang=en")
	tab.Wait("the stream", soon, func() bool { return tab.Streams() == 1 })
	w.stop()
	tab.Until("it to be said", `!document.getElementById("away").hidden && /cannot be reached since \d\d:\d\d:\d\d/.test(document.getElementById("away").textContent)`, soon)
	since := Eval[string](tab, `document.getElementById("away").textContent`)
	tab.Picture("away")
	w.start()
	w.write(api.Events, judgedAs(wellSite, api.StateSilent, soonAfter()))
	tab.Until("it to go on", `document.getElementById("away").hidden && `+shows(wellSite, api.StateSilent), 2*soon)
	if since == "" {
		t.Error("it was not said since when")
	}
	tab.Forget("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
}

// soonAfter is later than what the seed says.
func soonAfter() time.Time { return time.Now().Add(3 * time.Second) }
