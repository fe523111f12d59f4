//go:build integration

package browser

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// paperWidth is A4 less its margins, in CSS pixels.
const paperWidth = 703

// printed holds a page that is open as it is printed.
func printed(t *testing.T, tab *Tab, name string) {
	t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	tab.Do(chromedp.EmulateViewport(paperWidth, 1000))
	if seen := Eval[string](tab, `[...document.querySelectorAll("nav, form, button, .skip, #away, #said")].filter(e => e.checkVisibility()).map(e => e.localName + "." + e.className).join(" ")`); seen != "" {
		t.Errorf("printed: %s", seen)
	}
	if ink := Eval[string](tab, `getComputedStyle(document.body).color + " " + getComputedStyle(document.querySelector("h1")).color`); strings.Contains(ink, "rgb(2") {
		t.Errorf("printed in %s on white", ink)
	}
	// A paper has margins of its own, and tests where it is made.
	if Eval[bool](tab, `document.querySelector(".places") !== null`) {
		if wide := tab.Overflow(); len(wide) > 0 {
			t.Errorf("wider than the paper: %q", wide)
		}
		if cut := Eval[int](tab, `[...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1).length`); cut > 0 {
			t.Errorf("%d tables are cut off at the paper's edge", cut)
		}
	}
	pdf := tab.PDF()
	if n := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || n < 1 || n > 14 {
		t.Errorf("%d sheets of paper", n)
	}
	keep(t, name+".pdf", pdf)
}

func TestThePrintedProvinceNamesEverySite(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Width: paperWidth, Height: 1000})
	tab.Go("/")
	text := textOf(t, tab.PDF())
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range inv.Sites() {
		if !strings.Contains(text, site.Label(say.Vietnamese)) {
			t.Errorf("%s is not printed", site.Label(say.Vietnamese))
		}
	}
	if strings.Contains(text, "Tạm dừng") || strings.Contains(text, "English") {
		t.Error("what is to be pressed is printed")
	}
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if head := Eval[string](tab, `getComputedStyle(document.querySelector(".sites thead")).display`); head != "table-header-group" {
		t.Errorf("the header is %s: it does not stand on every sheet", head)
	}
}

// textOf is a paper's text, as poppler reads it, on one line.
func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("no pdftotext: run `make setup`")
	}
	command := exec.CommandContext(t.Context(), program, "-raw", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(norm.NFC.String(string(out))), " ")
}

func TestPagesWorkWithoutScript(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{NoScript: true})
	tab.Go("/")
	tab.Do(chromedp.WaitVisible(chromedp.CSS("noscript a")))
	if n := len(rows(tab)); n != 159 {
		t.Errorf("%d rows", n)
	}
	tab.Do(chromedp.Click(chromedp.CSS("a.tile.s-uplink_down")), chromedp.WaitVisible(chromedp.CSS(".only")))
	tab.Go("/incident/" + openIncident)
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=by]"), "Lan"), chromedp.SendKeys(chromedp.CSS("textarea"), "không có script"))
	tab.Do(chromedp.Click(chromedp.CSS("button[value=note]")), chromedp.WaitVisible(chromedp.CSS(".notes li")))
	if n := tab.Asked("GET /events"); n > 0 {
		t.Errorf("asked for events %d times", n)
	}
}

// rows are those of the province's table.
func rows(tab *Tab) []*chromedp.Node {
	tab.tb.Helper()
	nodes, err := chromedp.Run(tab.ctx, chromedp.Nodes(chromedp.CSSAll(".sites tr[id]")))
	tab.must(err)
	return nodes
}
