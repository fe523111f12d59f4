package users

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Limits of the form for signing in.
const (
	maxForm  = 16 << 10
	formTime = 30 * time.Second
)

// waitTry is what who tried too often is told to wait.
const waitTry = nameEvery

// ask shows where to sign in, in the place of what was asked for.
func (d *Door) ask(w http.ResponseWriter, r *http.Request, had bool) {
	p := page{To: "/"}
	lang := langOf(r)
	if !writes(r) {
		p.To = ownPath(r.URL.RequestURI())
	}
	switch {
	case writes(r):
		p.Hint = lang.Text("users.ended_unsaved")
	case had:
		p.Hint = lang.Text("users.ended")
	}
	d.form(w, r, http.StatusUnauthorized, p)
}

// form is the page for signing in.
func (d *Door) form(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Title, p.Token = langOf(r).Text("users.sign_in"), d.before(w, r)
	if status == http.StatusUnauthorized {
		// RFC 9110 §15.5.2 wants a challenge; a browser knows none of this name and shows the page.
		w.Header().Set("WWW-Authenticate", `Form realm="CommuneWatch"`)
	}
	d.write(w, r, status, "sign-in", p)
}

// signIn shows the form, or takes it.
func (d *Door) signIn(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		to := ownPath(r.URL.Query().Get("to"))
		if _, on := d.sessions.use(d.cookie(r, sessionCookie), d.people.find); on {
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		d.form(w, r, http.StatusOK, page{To: to})
	case http.MethodPost:
		d.take(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		d.message(w, r, http.StatusMethodNotAllowed, "users.unreadable", "users.unreadable_hint")
	}
}

// take signs in who proves to be who they say.
func (d *Door) take(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(formTime)) // a recorder of a test has none
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		d.message(w, r, status, "users.unreadable", "users.unreadable_hint")
		return
	}
	p := page{To: ownPath(r.PostForm.Get("to")), Name: r.PostForm.Get("name")}
	if len([]rune(p.Name)) > maxName {
		p.Name = ""
	}
	refuse := func(status int, result string, key say.Key, args ...any) {
		d.signIns.WithLabelValues(result).Inc()
		p.Problem = langOf(r).Text(key, args...)
		d.form(w, r, status, p)
	}
	if secret := d.cookie(r, formCookie); secret == "" || !equal(r.PostForm.Get(FormToken), d.sealed(secret)) {
		refuse(http.StatusForbidden, "stale", "users.form_stale")
		return
	}
	name, from := folded(r.PostForm.Get("name")), api.Network(r.RemoteAddr)
	allowed, known := d.tries.allow(from, name)
	if !allowed {
		w.Header().Set("Retry-After", seconds(waitTry))
		refuse(http.StatusTooManyRequests, "hurried", "users.hurried", int(waitTry/time.Second))
		return
	}
	// Nobody's name costs as much as somebody's.
	person, is := d.people.find(name)
	held := person.digest
	if !is {
		held = d.people.decoy(d.tries.hash(name))
	}
	right, done := d.worker.check(r.Context(), held, r.PostForm.Get("password"), known)
	switch {
	case !done:
		w.Header().Set("Retry-After", seconds(hashWait))
		refuse(http.StatusServiceUnavailable, "busy", "users.busy")
	case !is || !right:
		d.noteFailure(r, person.Name)
		refuse(http.StatusUnauthorized, "wrong", "users.wrong")
	default:
		d.welcome(w, r, person.Person, p.To)
	}
}

func seconds(t time.Duration) string { return strconv.Itoa(int(t / time.Second)) }

// welcome begins a session under a new id; one that this browser had is over.
func (d *Door) welcome(w http.ResponseWriter, r *http.Request, who Person, to string) {
	d.sessions.end(d.cookie(r, sessionCookie))
	id, _ := d.sessions.begin(who)
	d.setCookie(w, sessionCookie, id)
	d.setCookie(w, formCookie, "")
	failed := d.tries.succeeded(api.Network(r.RemoteAddr), folded(who.Name))
	d.signIns.WithLabelValues("ok").Inc()
	d.deps.Log.Info("signed in", "name", who.Name, "role", string(who.Role), "address", hostOf(r.RemoteAddr), "failed_before", failed)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// noteFailure logs the first and then each tenfold of an address. The name is said only
// if it is one of ours: people type passwords into the wrong field.
func (d *Door) noteFailure(r *http.Request, name string) {
	if failed := d.tries.failed(api.Network(r.RemoteAddr)); isTenfold(failed) {
		d.deps.Log.Warn("sign-in failed", "name", name, "address", hostOf(r.RemoteAddr), "failed", failed)
	}
}

// isTenfold tells whether n is 1, 10, 100 and so on.
func isTenfold(n int) bool {
	for n > 1 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// signOut shows who is signed in, or ends that.
func (d *Door) signOut(w http.ResponseWriter, r *http.Request) {
	lang, id := langOf(r), d.cookie(r, sessionCookie)
	of, on := d.sessions.use(id, d.people.find)
	if !on {
		http.Redirect(w, r, signInPath+queryOf(lang), http.StatusSeeOther)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		d.write(w, r, http.StatusOK, "sign-out", page{
			Title: lang.Text("users.sign_out"), Token: of.csrf,
			Hint: lang.Text("users.signed_in_as", of.person.Name, lang.Text(roleKey(of.person.Role))),
		})
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if token, status := d.token(w, r); status != 0 || !equal(token, of.csrf) {
			d.message(w, r, http.StatusForbidden, "users.stale", "users.stale_hint")
			return
		}
		d.sessions.end(id)
		d.setCookie(w, sessionCookie, "")
		d.deps.Log.Info("signed out", "name", of.person.Name, "address", hostOf(r.RemoteAddr))
		http.Redirect(w, r, signInPath+queryOf(lang), http.StatusSeeOther)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		d.message(w, r, http.StatusMethodNotAllowed, "users.unreadable", "users.unreadable_hint")
	}
}

func roleKey(role api.UserRole) say.Key { return say.Key("users.role_" + string(role)) }
