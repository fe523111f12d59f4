//go:build integration

package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focus is where the keyboard is: what it is, and what is wrong with how that is seen.
const focus = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return "";
	const box = e.getClientRects()[0] || e.getBoundingClientRect(), style = getComputedStyle(e);
	const name = e.localName + " " + (e.getAttribute("href") || e.name || e.id || e.className);
	let wrong = "";
	const drawn = e.querySelector(":scope > .outline"); // of an area of the map the border is
	if (style.outlineStyle !== "auto" && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) && !(drawn && parseFloat(getComputedStyle(drawn).strokeWidth) >= 3)) wrong += " has no outline";
	if (box.bottom < 1 || box.top > innerHeight - 1 || box.right < 1 || box.left > innerWidth - 1) wrong += " is off the screen";
	const x = Math.max(0, Math.min(innerWidth - 1, box.left + box.width / 2)), y = Math.max(0, Math.min(innerHeight - 1, box.top + box.height / 2));
	const top = document.elementFromPoint(x, y);
	if (e.localName !== "main" && top && !e.contains(top) && !top.contains(e)) wrong += " is covered by " + top.localName + "." + top.className;
	return name + "\u0000" + wrong;
})()`

// tabThrough presses Tab until it has been everywhere, or often enough, and says where.
func tabThrough(t *testing.T, tab *Tab, most int, key string, opts ...chromedp.KeyOption) []string {
	t.Helper()
	var stops []string
	for range most {
		tab.Press(key, opts...)
		name, wrong, _ := strings.Cut(Eval[string](tab, focus), "\x00")
		if name == "" {
			break
		}
		if wrong != "" {
			t.Errorf("%s%s", name, wrong)
		}
		stops = append(stops, name)
	}
	return stops
}

// walked goes through a page by keyboard, as far as 24 stops, and some of the way back.
func walked(t *testing.T, tab *Tab) {
	t.Helper()
	stops := tabThrough(t, tab, 24, kb.Tab)
	// A paper has nothing before its content.
	if paper := Eval[bool](tab, `document.querySelector(".places") === null`); !paper && (len(stops) < 4 || !strings.HasPrefix(stops[0], "a #live")) {
		t.Errorf("the keyboard goes to %q", stops)
	}
	if n := len(tabThrough(t, tab, 6, kb.Tab, chromedp.KeyModifiers(kb.ModifierShift))); n == 0 && len(stops) > 1 {
		t.Error("no way back")
	}
}

func TestBySkippingTheKeyboardComesToTheContent(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{})
	tab.Go("/")
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Press(kb.Tab)
	if at := Eval[string](tab, `document.activeElement.className`); !strings.Contains(at, "tile") {
		t.Errorf("after the link to the content the keyboard is at %q", at)
	}
}

// at goes on by keyboard until the focus matches a selector.
func at(t *testing.T, tab *Tab, selector string) {
	t.Helper()
	for range 150 {
		if Eval[bool](tab, "document.activeElement.matches("+quote(selector)+")") {
			return
		}
		tab.Press(kb.Tab)
	}
	t.Fatalf("the keyboard never comes to %s", selector)
}

func quote(s string) string { return "`" + s + "`" }

func TestAnIncidentIsFoundAndNotedByKeyboardAlone(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Width: 1280, Height: 700})
	tab.Go("/?lang=en")
	at(t, tab, `a.tile.s-uplink_down`)
	tab.Press(kb.Enter)
	tab.Until("the filter", `location.search.includes("state=uplink_down") && document.querySelectorAll(".sites tr[id]").length < 5`, soon)
	at(t, tab, `a[href^="/site/`+cutSite+`"]`)
	tab.Press(kb.Enter)
	tab.Until("the site", `location.pathname === "/site/`+cutSite+`"`, soon)
	at(t, tab, `a[href^="/incident/`+openIncident+`"]`)
	tab.Press(kb.Enter)
	tab.Until("the incident", `location.pathname === "/incident/`+openIncident+`"`, soon)

	at(t, tab, `textarea[name=text]`)
	tab.Press("Đã gọi VNPT, hẹn 14 giờ")
	at(t, tab, `button[value=note]`)
	tab.Press(kb.Enter) // the name is missing: the browser says so and stays
	if where := Eval[string](tab, `document.activeElement.name + " " + document.activeElement.validity.valueMissing`); where != "by true" {
		t.Errorf("after a note without a name the keyboard is at %s", where)
	}
	tab.Press("Lan")
	at(t, tab, `button[value=note]`)
	tab.Press(kb.Enter)
	tab.Until("the note", `[...document.querySelectorAll(".notes li")].some(e => e.textContent.includes("Lan") && e.textContent.includes("hẹn 14 giờ"))`, soon)
}

func TestANoteThatIsRefusedComesBackAsItWasWritten(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Dark: true})
	tab.Go("/incident/" + openIncident)
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=by]"), "Lan"))
	tab.Do(chromedp.Click(chromedp.CSS("button[value=note]")))
	tab.Until("the refusal", `document.querySelector("#problem[role=alert]") && document.querySelector("input[name=by]").value === "Lan"`, soon)
	tab.Forget("the server responded with a status of 422")
	tab.Until("the keyboard to be where the mistake is", `document.activeElement.name === "text" && document.activeElement.getAttribute("aria-invalid") === "true" && document.activeElement.getAttribute("aria-describedby") === "problem"`, soon)
	for _, v := range tab.Violations() {
		t.Error(v)
	}
	tab.Picture("refused")
	tab.Press("Đã gọi")
	tab.Do(chromedp.Click(chromedp.CSS("button[value=note]")))
	tab.Until("the note", `[...document.querySelectorAll(".notes li")].some(e => e.textContent.includes("Đã gọi"))`, soon)
}
