//go:build integration

package browser

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/users"
)

// password of everybody in these tests.
const password = "mưa nguồn chớp bể 1998"

// withPeople is a world that knows a person of each role.
func withPeople(t *testing.T) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	for name, role := range map[string]api.UserRole{"lan": api.RoleViewer, "hạnh": api.RolePlanner, "đức": api.RoleOperator} {
		if err := users.Add(path, name, role, password); err != nil {
			t.Fatal(err)
		}
	}
	return newWorld(t, func(cfg *center.Config) { cfg.Users = path })
}

// signIn is done by keyboard alone.
func signIn(t *testing.T, tab *Tab, name, path string) {
	t.Helper()
	tab.Go(path)
	tab.Forget("the server responded with a status of 401")
	tab.Until("the form", `document.querySelector("input[name=password]")`, soon)
	at(t, tab, `input[name=name]`)
	tab.Press(name)
	at(t, tab, `input[name=password]`)
	tab.Press(password)
	tab.Press(kb.Enter)
	tab.Until("the page that was asked for", `document.querySelector(".who") && location.pathname + location.search === `+quote(path), soon)
}

func TestSomebodySignsInByKeyboardAndOutAgain(t *testing.T) {
	w := withPeople(t)
	tab := Open(t, w.home, Look{Width: 360, Height: 740, Dark: true})
	tab.Go("/incidents")
	tab.Forget("the server responded with a status of 401")
	for _, v := range append(tab.Violations(), tab.Overflow()...) {
		t.Error(v)
	}
	tab.Picture("sign-in")
	at(t, tab, `input[name=name]`)
	tab.Press("lan")
	at(t, tab, `input[name=password]`)
	tab.Press("wrong")
	tab.Press(kb.Enter)
	tab.Until("the refusal", `document.querySelector("[role=alert]")`, soon)
	tab.Forget("the server responded with a status of 401")
	for _, v := range append(tab.Violations(), tab.Overflow()...) {
		t.Error(v)
	}

	signIn(t, tab, "lan", "/incidents")
	tab.Wait("the stream", soon, func() bool { return tab.Streams() == 1 })
	for _, v := range append(tab.Violations(), tab.Overflow()...) {
		t.Error(v)
	}
	tab.Picture("signed-in")
	if Eval[bool](tab, `document.cookie !== ""`) {
		t.Error("a script can read a cookie")
	}
	at(t, tab, `.who button`)
	tab.Press(kb.Enter)
	tab.Until("the form again", `document.querySelector("input[name=password]")`, soon)
	tab.Go("/incidents")
	if !Eval[bool](tab, `document.querySelector("input[name=password]") !== null && !document.body.innerText.includes("An Nghĩa")`) {
		t.Error("who has signed out sees a page")
	}
	tab.Forget("the server responded with a status of 401")
}

func TestNobodyIsShownWhatTheirRoleMayNot(t *testing.T) {
	w := withPeople(t)
	for name, want := range map[string]string{
		"lan":  "Toàn tỉnh,Sự cố,Mục tiêu,Triển khai,Nhập kê khai note:false publish:false sheet:false",
		"hạnh": "Toàn tỉnh,Sự cố,Mục tiêu,Triển khai,Nhập kê khai note:false publish:true sheet:true",
		"đức":  "Toàn tỉnh,Sự cố,Mục tiêu,Triển khai,Nhập kê khai note:true publish:true sheet:true",
	} {
		tab := Open(t, w.home, Look{})
		signIn(t, tab, name, "/incidents")
		got := Eval[string](tab, `[...document.querySelectorAll(".places a")].map(e => e.textContent).join()`)
		has := func(path, selector string) string {
			tab.Go(path)
			return Eval[string](tab, `String(document.querySelector(`+quote(selector)+`) !== null)`)
		}
		got += " note:" + has("/incidents", "textarea[name=text]") + " publish:" + has("/target", ".after form") + " sheet:" + has("/import", "input[type=file]")
		if got != want {
			t.Errorf("%s sees %s, want %s", name, got, want)
		}
	}
}

func TestASessionThatEndsIsSaidOnThePageThatIsOpen(t *testing.T) {
	t.Parallel()
	w := withPeople(t)
	tab := Open(t, w.home, Look{})
	signIn(t, tab, "đức", "/incidents?lang=en")
	other := tab.Beside()
	other.Go("/sign-out?lang=en")
	other.Do(chromedp.Click(chromedp.CSS(`main form button`)))
	other.Until("the form", `document.querySelector("input[name=password]")`, soon)
	w.write(api.Events, judgedAs(wellSite, api.StateSilent, soonAfter()))
	tab.Until("it to be said", `/session is over/.test(document.getElementById("away").textContent)`, 2*soon)
	if !Eval[bool](tab, `document.getElementById("live") !== null`) {
		t.Error("what was there is gone")
	}
	tab.Forget("the server responded with a status of 401")
	other.Forget("the server responded with a status of 401")
}
