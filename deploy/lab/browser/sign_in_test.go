//go:build integration

package browser

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/users"
)

func TestAPersonSignsInAndOutByKeyboardAlone(t *testing.T) {
	const password = "con trâu đi trước"
	people := filepath.Join(t.TempDir(), "users")
	if err := users.Add(people, "Nguyễn Văn An", api.RoleViewer, password); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *center.Config) { c.Users = people })
	for _, look := range []Look{{Width: 1280, Height: 700}, {Width: 360, Height: 640, Dark: true}} {
		tab := Open(t, w.home, look)
		keeps := func(what string) {
			t.Helper()
			for _, v := range tab.Violations() {
				t.Errorf("%s: %s", what, v)
			}
			if wide := tab.Overflow(); len(wide) > 0 {
				t.Errorf("%s: wider than the screen: %q", what, wide)
			}
		}
		tab.Go("/incidents")
		tab.Until("where to sign in", `document.activeElement.name === "name"`, soon)
		keeps("the page for signing in")
		tab.Press("nguyễn văn an")
		tab.Press(kb.Tab)
		tab.Press("wrong" + kb.Enter)
		tab.Until("the refusal", `document.querySelector("#problem[role=alert]") && document.activeElement.name === "password"`, soon)
		keeps("the refusal")
		tab.Press(password + kb.Enter)
		tab.Until("the page that was asked for", `location.pathname === "/incidents" && document.querySelector(".who")`, soon)
		keeps("the page behind")
		if Eval[bool](tab, `document.cookie !== ""`) {
			t.Error("a script can read a cookie")
		}
		at(t, tab, ".who button")
		tab.Press(kb.Enter)
		tab.Until("where to sign in again", `location.pathname === "/sign-in"`, soon)
		tab.Forget("the server responded with a status of 401")
		tab.Go("/target")
		tab.Until("where to sign in", `document.querySelector("input[type=password]")`, soon)
		tab.Forget("the server responded with a status of 401")
	}
	response, err := http.Get(w.home + "/incidents")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a browser: %d", response.StatusCode)
	}
}
