package users

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"sync"
	"time"
)

// Ends of a session. Any request counts as use: a page that is watched asks for itself, and
// a night shift watches more than it clicks. So the second end bounds all.
const (
	idleEnd     = time.Hour
	absoluteEnd = 12 * time.Hour
)

// maxSessions bounds those of one person; the oldest gives way.
const maxSessions = 10

// secretBytes is the chance in an id and in a token.
const secretBytes = 32

type secretHash [sha256.Size]byte

// session is one browser of one person. The id that the browser holds is not kept.
type session struct {
	person Person // as it stood in the file: any change of it ends the session
	csrf   string
	began  time.Time
	used   time.Time
}

// sessions are in memory: a restart ends them all.
type sessions struct {
	now func() time.Time

	mu sync.Mutex
	of map[secretHash]*session
}

// begin gives a new session and the id that the browser will hold.
func (s *sessions) begin(who Person) (id string, _ session) {
	id = newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	mine, oldest := 0, secretHash{}
	for key, one := range s.of {
		if one.over(now) {
			delete(s.of, key)
			continue
		}
		if one.person.Name != who.Name {
			continue
		}
		if mine++; mine == 1 || one.began.Before(s.of[oldest].began) {
			oldest = key
		}
	}
	if mine >= maxSessions {
		delete(s.of, oldest)
	}
	begun := &session{person: who, csrf: newSecret(), began: now, used: now}
	s.of[hashed(id)] = begun
	return id, *begun
}

// use is the session of an id, if it goes on. current is what the file says of its person.
func (s *sessions) use(id string, current func(name string) (entry, bool)) (session, bool) {
	return s.look(id, current, true)
}

// goesOn tells the same without counting as use.
func (s *sessions) goesOn(id string, current func(name string) (entry, bool)) bool {
	_, on := s.look(id, current, false)
	return on
}

func (s *sessions) look(id string, current func(string) (entry, bool), use bool) (session, bool) {
	if len(id) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := hashed(id)
	one := s.of[key]
	if one == nil {
		return session{}, false
	}
	now := s.now()
	if e, known := current(one.person.Name); one.over(now) || !known || e.Person != one.person {
		delete(s.of, key)
		return session{}, false
	}
	if use {
		one.used = now
	}
	return *one, true
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.used) >= idleEnd || now.Sub(s.began) >= absoluteEnd
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, hashed(id))
}

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.of)
}

func hashed(id string) secretHash { return sha256.Sum256([]byte(id)) }

func newSecret() string {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(secret)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Names of the cookies. A browser takes one that begins with __Host- only over TLS, for
// this very host and all of its paths: no other host of the domain can plant one.
const (
	sessionCookie = "communewatch-session"
	formCookie    = "communewatch-form"
	hostPrefix    = "__Host-"
)

func (d *Door) cookieName(name string) string {
	if d.cfg.Secure {
		return hostPrefix + name
	}
	return name
}

// setCookie gives a cookie that lasts as long as the browser. SameSite is Lax and not
// Strict: with Strict, who follows a link from an alert's message would have to sign in
// again. Lax comes along when an address is opened and never with a form or a picture of
// another site; opening changes nothing here, and what does needs the session's token.
func (d *Door) setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: d.cookieName(name), Value: value, Path: "/", Secure: d.cfg.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (d *Door) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(d.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}
