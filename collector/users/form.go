package users

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Paths of the door, and the one that is open.
const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
	staticPath  = "/static/"
)

// Where a session's token is looked for.
const (
	// FormToken is the hidden field's name.
	FormToken = "csrf"
	// HeaderToken is the header's, for what a script sends.
	HeaderToken = "X-CSRF-Token"
)

// formMemory is how much of a form with files is held in memory; the rest is on the disk
// until it is answered. How much it may be at all is the gate's.
const formMemory = 1 << 20

// recheckStream is how often a session is asked for again while an answer lasts.
const recheckStream = 5 * time.Second

// writes tells whether a request may change something.
func writes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// isStatic tells whether style or an icon is asked for: one name below the folder, read
// only. What the pages answer there needs no visitor, which they hold themselves too.
func isStatic(r *http.Request) bool {
	name, has := strings.CutPrefix(r.URL.Path, staticPath)
	return has && !writes(r) && name != "" && !strings.ContainsAny(name, `/\`) && !strings.HasPrefix(name, ".")
}

// token is what a form brought; a status if it cannot be read.
func (d *Door) token(w http.ResponseWriter, r *http.Request) (string, int) {
	if t := r.Header.Get(HeaderToken); t != "" {
		return t, 0
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what is none of the two brings no token
	var err error
	switch media {
	case "multipart/form-data":
		err = r.ParseMultipartForm(formMemory)
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return "", http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return "", http.StatusBadRequest
	}
	// Not from the address, where it would be seen by others.
	if r.MultipartForm != nil {
		if all := r.MultipartForm.Value[FormToken]; len(all) > 0 {
			return all[0], 0
		}
		return "", 0
	}
	return r.PostForm.Get(FormToken), 0
}

// during is the time in which the visitor may be answered: an answer that lasts (a stream
// of events) ends with the session.
func (d *Door) during(r *http.Request, id string) (context.Context, func()) {
	ctx, cancel := context.WithCancel(r.Context())
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return ctx, cancel
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(recheckStream)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if !d.sessions.goesOn(id, d.people.find) {
					cancel()
				}
			}
		}
	}()
	return ctx, func() { cancel(); <-ended }
}

// before is the secret of a form for signing in: it belongs to the browser that was shown
// the form, so that no other site's form signs somebody in under another name.
func (d *Door) before(w http.ResponseWriter, r *http.Request) string {
	secret := d.cookie(r, formCookie)
	if len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		secret = newSecret()
		d.setCookie(w, formCookie, secret)
	}
	return d.sealed(secret)
}

func (d *Door) sealed(secret string) string {
	mac := hmac.New(sha256.New, []byte(d.formKey))
	mac.Write([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// maxPath bounds the address to go back to.
const maxPath = 1024

// ownPath is an address of these pages to go on to, "/" for any other: never one of
// another host, however a browser may read it.
func ownPath(to string) string {
	if len(to) > maxPath || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\") {
		return "/"
	}
	for _, r := range to {
		if r <= ' ' || r == 0x7f {
			return "/"
		}
	}
	u, err := url.ParseRequestURI(to)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	if u.Path == signInPath || u.Path == signOutPath {
		return "/"
	}
	query := u.Query()
	query.Del("part") // of a page, which its script fetches
	back := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}
	return back.String()
}
