package users

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

func TestASessionEndsWhenItRestsAndAtTheLatestAfterAShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		b := h.in("lan", lansPassword)
		time.Sleep(idleEnd - time.Second)
		b.sees("lan viewer")
		time.Sleep(idleEnd)
		b.isOut()

		b = h.in("lan", lansPassword)
		for range int(absoluteEnd/(idleEnd/2)) - 1 {
			time.Sleep(idleEnd / 2)
			b.sees("lan viewer")
		}
		time.Sleep(idleEnd / 2)
		b.isOut()
		if h.sessions.count() != 0 {
			t.Error("what is over is kept")
		}
	})
}

func TestASessionEndsWithAnyChangeOfItsPersonAndWithNoOther(t *testing.T) {
	for what, after := range map[string]string{
		"removed":      "",
		"another role": "\nlan planner ",
		"new password": cheap("lan", api.RoleViewer, "mật khẩu khác hẳn"),
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				an := cheap("Nguyễn Văn An", api.RoleOperator, ansPassword)
				lan := cheap("lan", api.RoleViewer, lansPassword)
				h := open(t, true, an+lan)
				b, other := h.in("lan", lansPassword), h.in("Nguyễn Văn An", ansPassword)
				h.write("# a remark\n" + lan + an)
				time.Sleep(2 * recheck)
				b.sees("lan viewer")
				if strings.HasPrefix(after, "\nlan planner") {
					after += strings.Fields(lan)[2] + "\n"
				}
				h.write(an + after)
				time.Sleep(2 * recheck)
				b.isOut()
				other.sees("Nguyễn Văn An operator")
				h.write(an + lan)
				time.Sleep(2 * recheck)
				b.isOut() // what has ended does not begin again
			})
		})
	}
}

func TestAFileThatCannotBeReadTakesNobodysRightsAndGivesNone(t *testing.T) {
	for what, spoil := range map[string]func(*house) error{
		"half a line":    func(h *house) error { h.write("lan viewer"); return nil },
		"gone":           func(h *house) error { return os.Remove(h.file) },
		"open to others": func(h *house) error { return os.Chmod(h.file, 0o604) },
		"a stranger, and a broken line": func(h *house) error {
			h.write(cheap("eve", api.RoleOperator, "eve was here once") + "x\n")
			return nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, true, people2())
				b := h.in("lan", lansPassword)
				if err := spoil(h); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					time.Sleep(2 * recheck)
					b.sees("lan viewer")
				}
				if n := strings.Count(h.log.String(), "users' file cannot be read"); n != 1 {
					t.Errorf("said %d times: %s", n, h.log)
				}
				if r, _ := h.browser("192.0.2.8").try("eve", "eve was here once", "/"); r.StatusCode != http.StatusUnauthorized {
					t.Errorf("a stranger: %d", r.StatusCode)
				}
				h.write(people2())
				time.Sleep(2 * recheck)
				b.isOut() // the same people with other hashes
				if !strings.Contains(h.log.String(), "taken up") {
					t.Error("not said that it is well again")
				}
			})
		})
	}
}

func TestAPersonWhoIsAddedMaySignInASecondLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, "# nobody yet\n")
		if !strings.Contains(h.log.String(), "nobody may open the pages") {
			t.Error("a file without people is not spoken of")
		}
		h.browser("192.0.2.1").isOut()
		h.write(people2())
		time.Sleep(2 * recheck)
		h.in("lan", lansPassword).sees("lan viewer")
	})
}

func TestSigningInGivesANewIdAndSigningOutEndsIt(t *testing.T) {
	h := open(t, true, people2())
	b := h.browser("192.0.2.7")
	planted := strings.Repeat("A", 43)
	b.cookies["__Host-"+sessionCookie] = planted
	b.isOut()
	if r, _ := b.try("lan", lansPassword, "/"); r.StatusCode != http.StatusSeeOther {
		t.Fatal(r.StatusCode)
	}
	first := b.cookies["__Host-"+sessionCookie]
	if first == planted {
		t.Error("an id that somebody planted was taken over")
	}
	b.sees("lan viewer")
	// Again, as another person, from a form that was open: the first id is void.
	form := b.browser(b.address)
	token := form.form("/sign-in")
	b.cookies["__Host-"+formCookie] = form.cookies["__Host-"+formCookie]
	b.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {token}, "name": {"nguyễn văn an"}, "password": {ansPassword}})
	b.sees("Nguyễn Văn An operator")
	old := h.browser("192.0.2.7")
	old.cookies["__Host-"+sessionCookie] = first
	old.isOut()

	last := b.cookies["__Host-"+sessionCookie]
	if r, _ := b.ask(http.MethodPost, "/sign-out", nil); r.StatusCode != http.StatusForbidden {
		t.Errorf("signing out without a token: %d", r.StatusCode)
	}
	if r, _ := b.ask(http.MethodPost, "/sign-out", url.Values{"csrf": {b.form("/sign-out")}}); r.StatusCode != http.StatusSeeOther || len(b.cookies) > 0 {
		t.Errorf("%d, left with %v", r.StatusCode, b.cookies)
	}
	b.cookies["__Host-"+sessionCookie] = last
	b.isOut()
}

func TestAnIdIsNotKept(t *testing.T) {
	h := open(t, true, people2())
	id := h.in("lan", lansPassword).cookies["__Host-"+sessionCookie]
	for key, one := range h.sessions.of {
		if string(key[:]) == id || one.csrf == id || strings.Contains(one.person.hash, id) {
			t.Error("it is")
		}
	}
	if _, on := h.sessions.use(strings.ToLower(id), h.people.find); on {
		t.Error("an id is taken in other letters")
	}
}

func TestTheOldestSessionOfAPersonGivesWay(t *testing.T) {
	h := open(t, true, people2())
	who, _ := h.people.find("lan")
	an, _ := h.people.find("Nguyễn Văn An")
	others, _ := h.sessions.begin(an.Person)
	var ids []string
	for range maxSessions + 1 {
		id, _ := h.sessions.begin(who.Person)
		ids = append(ids, id)
	}
	for i, id := range ids {
		if _, on := h.sessions.use(id, h.people.find); on != (i > 0) {
			t.Errorf("session %d goes on: %t", i, on)
		}
	}
	if _, on := h.sessions.use(others, h.people.find); !on || h.sessions.count() != maxSessions+1 {
		t.Error("another person's session gave way")
	}
}

func TestAStreamOfEventsEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		b := h.in("lan", lansPassword)
		var lasted time.Duration
		began := time.Now()
		stream := h.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "begun")
			<-r.Context().Done()
			lasted = time.Since(began)
		}))
		time.AfterFunc(10*time.Minute, func() { h.write("") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r := httptest.NewRequest(http.MethodGet, "/events", nil).WithContext(ctx)
		r.Header.Set("Accept", "text/event-stream")
		r.AddCookie(&http.Cookie{Name: "__Host-" + sessionCookie, Value: b.cookies["__Host-"+sessionCookie]})
		stream.ServeHTTP(httptest.NewRecorder(), r)
		if lasted < 10*time.Minute || lasted > 10*time.Minute+2*recheckStream {
			t.Errorf("it lasted %s", lasted)
		}
	})
}

func TestAStreamThatIsReadDoesNotKeepASessionFromResting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, true, people2())
		b := h.in("lan", lansPassword)
		began, lasted := time.Now(), time.Duration(0)
		stream := h.Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			lasted = time.Since(began)
		}))
		r := httptest.NewRequest(http.MethodGet, "/events", nil)
		r.Header.Set("Accept", "text/event-stream")
		r.AddCookie(&http.Cookie{Name: "__Host-" + sessionCookie, Value: b.cookies["__Host-"+sessionCookie]})
		stream.ServeHTTP(httptest.NewRecorder(), r)
		if lasted < idleEnd || lasted > idleEnd+2*recheckStream {
			t.Errorf("it lasted %s", lasted)
		}
	})
}
