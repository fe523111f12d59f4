package users

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func TestWithoutAUsersFileWhoeverSitsAtTheMachineIsItsOperator(t *testing.T) {
	door, err := New(Config{}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	door.Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if v, ok := api.VisitorFrom(r.Context()); !ok || v != (api.Visitor{Role: api.RoleOperator}) {
			t.Errorf("%+v", v)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/incidents/note", nil))
	if w.Code != http.StatusOK {
		t.Error(w.Code)
	}
}

func TestNobodyPassesWithoutASession(t *testing.T) {
	h := open(t, true, people2())
	b := h.browser("192.0.2.1")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch, "TRACE"} {
		for _, path := range []string{"/", "/incidents", "/metrics", "/events", "/no-such", "/static/", "/static/a/b", "/static/../incidents", "/sign-in/", "/Sign-in", "//static/x"} {
			if r, body := b.ask(method, path, nil); r.StatusCode != http.StatusUnauthorized || strings.Contains(body, "nobody") || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d", method, path, r.StatusCode)
			}
		}
	}
	if r, body := b.ask(http.MethodGet, "/static/board.css", nil); r.StatusCode != http.StatusOK || body != "nobody" {
		t.Errorf("style: %d %s", r.StatusCode, body)
	}
	if r, _ := b.ask(http.MethodPost, "/static/board.css", nil); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("writing to the style: %d", r.StatusCode)
	}
}

func TestWhoSignsInGoesOnToThePageThatWasAskedFor(t *testing.T) {
	h := open(t, true, people2())
	b := h.browser("192.0.2.1")
	r, body := b.ask(http.MethodGet, "/incident/i1?lang=en&part=live&state=ok", nil)
	if r.StatusCode != http.StatusUnauthorized || !strings.Contains(body, `name="to" value="/incident/i1?lang=en&amp;state=ok"`) {
		t.Fatalf("%d %s", r.StatusCode, body)
	}
	r, _ = b.try("nguyen van an", ansPassword, "/incident/i1?lang=en")
	if r.StatusCode != http.StatusUnauthorized {
		t.Errorf("without its accents the name is another one: %d", r.StatusCode)
	}
	r, _ = b.try(" NGUYỄN  văn an ", ansPassword, "/incident/i1?lang=en")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/incident/i1?lang=en" {
		t.Fatalf("%d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	b.sees("Nguyễn Văn An operator")
	if r, _ := b.ask(http.MethodGet, "/sign-in?to=/target", nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/target" {
		t.Errorf("signed in already: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
}

func TestAPasswordMayBeComposedInAnyWayAndNoOtherIsTaken(t *testing.T) {
	h := open(t, true, people2())
	decomposed := strings.NewReplacer("â", "a\u0302", "ư", "u\u031b", "ớ", "o\u031b\u0301").Replace(ansPassword)
	if decomposed == ansPassword {
		t.Fatal("nothing to compose")
	}
	if r, _ := h.browser("192.0.2.1").try("Nguyễn Văn An", decomposed, "/"); r.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", r.StatusCode)
	}
	for _, wrong := range []string{"", ansPassword + " ", strings.ToUpper(ansPassword), lansPassword, ansPassword + "\x00"} {
		if r, _ := h.browser("192.0.2.1").try("Nguyễn Văn An", wrong, "/"); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %d", wrong, r.StatusCode)
		}
	}
}

var typedName = regexp.MustCompile(`name="name" value="[^"]*"`)

func TestAWrongNameIsAnsweredAsAWrongPasswordAndCostsAsMuch(t *testing.T) {
	h := open(t, true, people2())
	ask := func(name, password string) (status int, body string, work int64) {
		before := h.worker.done.Load()
		r, body := h.browser("192.0.2.1").try(name, password, "/")
		body = typedName.ReplaceAllString(tokenField.ReplaceAllString(body, ""), "")
		return r.StatusCode, body, h.worker.done.Load() - before
	}
	status, body, work := ask("lan", "wrong password")
	if status != http.StatusUnauthorized || !strings.Contains(body, say.Vietnamese.Text("users.wrong")) || work != 1 {
		t.Fatalf("%d, %d hashes: %s", status, work, body)
	}
	for _, name := range []string{"minh", "root", "no such person", "' or 1=1 --"} {
		if s, b, n := ask(name, "wrong password"); s != status || b != body || n != work {
			t.Errorf("%s: %d, %d hashes: %s", name, s, n, b)
		}
	}
	// And each of them costs what one of the people's does.
	for n := range uint64(8) {
		if d := h.people.decoy(n); d.cost != leastCost {
			t.Errorf("%+v", d.cost)
		}
	}
}

func TestCookiesAreForThisHostAndTLSAndNoScript(t *testing.T) {
	for _, secure := range []bool{true, false} {
		b := open(t, secure, people2()).in("lan", lansPassword)
		var found bool
		for _, c := range b.set {
			prefixed := strings.HasPrefix(c.Name, "__Host-")
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure || prefixed != secure || c.MaxAge > 0 || !c.Expires.IsZero() {
				t.Errorf("secure %t: %s", secure, c.Raw)
			}
			if strings.HasSuffix(c.Name, sessionCookie) {
				found = true
				if len(c.Value) != 43 {
					t.Errorf("an id of %d letters", len(c.Value))
				}
			}
		}
		if !found {
			t.Error("no session's cookie")
		}
	}
}

func TestAFormWithoutTheSessionsOwnTokenIsRefused(t *testing.T) {
	h := open(t, true, people2())
	b, other := h.in("Nguyễn Văn An", ansPassword), h.in("lan", lansPassword)
	own, others := b.form("/sign-out"), other.form("/sign-out")
	if own == others {
		t.Fatal("two sessions have one token")
	}
	signIn := h.browser("192.0.2.9").form("/sign-in")
	refused := func(what string, r *http.Response, body string) {
		t.Helper()
		if r.StatusCode != http.StatusForbidden || !strings.Contains(body, say.Vietnamese.Text("users.stale_hint")) {
			t.Errorf("%s: %d %.300s", what, r.StatusCode, body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for what, token := range map[string]string{"none": "", "another session's": others, "of the form for signing in": signIn, "cut short": own[:42], "the id": b.cookies["__Host-"+sessionCookie]} {
			r, body := b.ask(method, "/incidents/note", url.Values{"csrf": {token}, "text": {"x"}})
			refused(method+" "+what, r, body)
			r, body = b.ask(method, "/incidents/note", url.Values{"text": {"x"}}, HeaderToken, token)
			refused(method+" by header, "+what, r, body)
		}
		r, body := b.ask(method, "/incidents/note?csrf="+own, url.Values{"text": {"x"}})
		refused(method+" in the address", r, body)
		r, body = b.ask(method, "/incidents/note", nil, "Content-Type", "application/json")
		refused(method+" JSON", r, body)
	}
	if r, body := b.ask(http.MethodPost, "/incidents/note", url.Values{"csrf": {own}, "text": {"x"}}); r.StatusCode != http.StatusOK || body != "Nguyễn Văn An operator x" {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if r, body := b.ask(http.MethodPost, "/incidents/note", url.Values{"text": {"x"}}, HeaderToken, own); r.StatusCode != http.StatusOK || body != "Nguyễn Văn An operator text=x" {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	r, body := b.ask(http.MethodPost, "/incidents/note", url.Values{"csrf": {own}}, "Sec-Fetch-Site", "cross-site")
	if r.StatusCode != http.StatusForbidden || !strings.Contains(body, say.Vietnamese.Text("users.foreign_hint")) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}

func TestAFileComesThroughWithItsTokenAndLeavesNothingOnTheDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	h := open(t, true, people2())
	b := h.in("Nguyễn Văn An", ansPassword)
	own := b.form("/sign-out")
	send := func(token string, more ...string) (int, string) {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		for _, field := range append([]string{token}, more...) {
			if err := m.WriteField("csrf", field); err != nil {
				t.Fatal(err)
			}
		}
		part, err := m.CreateFormFile("file", "ke-khai.xlsx")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(bytes.Repeat([]byte{7}, 3*formMemory))
		m.WriteField("text", "from a form with a file")
		m.Close()
		r := httptest.NewRequest(http.MethodPost, "/import", &body)
		r.RemoteAddr = "192.0.2.7:1"
		r.Header.Set("Content-Type", m.FormDataContentType())
		answer, text := b.do(r)
		return answer.StatusCode, text
	}
	if status, text := send(own); status != http.StatusOK || text != "Nguyễn Văn An operator from a form with a file" {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := send("", own); status != http.StatusForbidden {
		t.Errorf("with a second token: %d", status)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		if strings.HasPrefix(file.Name(), "multipart-") {
			t.Errorf("%s is left", file.Name())
		}
	}
}

func TestABodyTooLargeOrBrokenIsSaidSo(t *testing.T) {
	h := open(t, true, people2())
	b := h.in("Nguyễn Văn An", ansPassword)
	large := url.Values{"csrf": {"x"}, "name": {strings.Repeat("a", maxForm)}}
	if r, _ := b.ask(http.MethodPost, "/sign-in", large); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("signing in: %d", r.StatusCode)
	}
	r := httptest.NewRequest(http.MethodPost, "/import", strings.NewReader("--x\r\nno"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if r, _ := b.do(r); r.StatusCode != http.StatusBadRequest {
		t.Errorf("broken: %d", r.StatusCode)
	}
	r = httptest.NewRequest(http.MethodPost, "/import", strings.NewReader(large.Encode()))
	r.Body = http.MaxBytesReader(nil, r.Body, 100)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r, _ := b.do(r); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("larger than the gate lets pass: %d", r.StatusCode)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	h := open(t, true, people2())
	b := h.browser("192.0.2.7")
	b.try("mật khẩu gõ nhầm ô", "wrong", "/")
	b.try("lan", "another wrong one", "/")
	b.try("lan", lansPassword, "/")
	token, id := b.form("/sign-out"), b.cookies["__Host-"+sessionCookie]
	b.ask(http.MethodPost, "/sign-out", url.Values{"csrf": {token}})
	log := h.log.String()
	for _, want := range []string{"signed in", "name=lan", "address=192.0.2.7", "failed_before=2", "sign-in failed", "signed out"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in %s", want, log)
		}
	}
	for _, secret := range []string{"gõ nhầm", "another wrong", lansPassword, token, id, "argon2id"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in %s", secret, log)
		}
	}
}

func TestAThousandFailuresAreFourLines(t *testing.T) {
	lines := 0
	for n := 1; n <= 1000; n++ {
		if isTenfold(n) {
			lines++
		}
	}
	if lines != 4 {
		t.Errorf("%d", lines)
	}
}

func TestNoAddressOfAnotherHostIsGoneOnTo(t *testing.T) {
	h := open(t, true, people2())
	for i, to := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "/\t/evil.example", "/\n//evil.example", "///evil.example",
		"javascript:alert(1)", "evil.example", " //evil.example", "/%0d%0aSet-Cookie:x=1\r\nX: y", "http:evil", "/..//evil.example", "/%2f/evil.example", "/%5cevil.example",
		"/sign-out", "/sign-in?to=/x", "/" + strings.Repeat("a", maxPath), "", "?x", "/ /evil", "/@evil.example\x00",
	} {
		next := ownPath(to)
		if i < nameBurst { // as often as one may try
			r, _ := h.browser("192.0.2.1").try("lan", lansPassword, to)
			if next = r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther {
				t.Errorf("%q: %d", to, r.StatusCode)
			}
		}
		at, err := url.Parse("https://ours.example/sign-in")
		if err != nil {
			t.Fatal(err)
		}
		there, err := at.Parse(next)
		if err != nil || there.Host != "ours.example" || there.Scheme != "https" || strings.HasPrefix(there.EscapedPath(), "//") || strings.ContainsAny(next, "\\\r\n\t") {
			t.Errorf("%q leads to %q", to, next)
		}
	}
	for _, to := range []string{"/", "/incident/i1?lang=en", "/site/bd-1?period=week&state=ok", "/a%2Fb", "/ph%C3%B9"} {
		if got := ownPath(to); got != to {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	for _, to := range []string{"/sign-in", "/sign-out", "/sign-out?lang=en", "//", "/..//x"} { // round and round, or out again
		if got := ownPath(to); strings.HasPrefix(got, "/sign") || strings.HasPrefix(got, "//") {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	_, body := h.browser("192.0.2.99").ask(http.MethodGet, "//evil.example/x", nil)
	if strings.Contains(body, `"//evil`) {
		t.Errorf("the page links to another host: %s", body)
	}
}

func TestThePageForSigningInIsRightInBothLanguages(t *testing.T) {
	h := open(t, true, people2())
	for _, lang := range say.Langs {
		b := h.browser("192.0.2.1")
		r, body := b.ask(http.MethodGet, "/sign-in?to=/target&lang="+string(lang), nil)
		other := map[say.Lang]string{say.Vietnamese: "en", say.English: "vi"}[lang]
		for _, want := range []string{
			`<html lang="` + string(lang) + `">`, `autocomplete="username"`, `autocomplete="current-password"`, `autocapitalize="none"`, `name="to" value="/target"`,
			lang.Text("users.sign_in"), lang.Text("users.password"), `href="/sign-in?lang=` + other + `&amp;to=%2Ftarget"`, "/static/board.css",
		} {
			if r.StatusCode != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %d, no %q in %s", lang, r.StatusCode, want, body)
			}
		}
		for _, bad := range []string{"<script", "style=", "http://", "https://", "onclick", "aria-invalid"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: %q", lang, bad)
			}
		}
		_, body = b.ask(http.MethodPost, "/sign-in?lang="+string(lang), url.Values{"csrf": {b.form("/sign-in")}, "name": {`"><b>x`}, "password": {"y"}})
		for _, want := range []string{`role="alert" id="problem"`, `aria-describedby="problem"`, `aria-invalid="true"`, lang.Text("users.wrong"), lang.Text("users.failed") + ": ", `value="&#34;&gt;&lt;b&gt;x"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in %s", lang, want, body)
			}
		}
	}
}

func TestAFormForSigningInThatWasMadeElsewhereIsRefused(t *testing.T) {
	h := open(t, true, people2())
	mine, theirs := h.browser("192.0.2.1"), h.browser("192.0.2.2")
	theirToken := theirs.form("/sign-in")
	for what, token := range map[string]string{"none": "", "another browser's": theirToken} {
		mine.form("/sign-in")
		r, body := mine.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {token}, "name": {"lan"}, "password": {lansPassword}})
		if r.StatusCode != http.StatusForbidden || !strings.Contains(body, say.Vietnamese.Text("users.form_stale")) || h.sessions.count() > 0 {
			t.Errorf("%s: %d %s", what, r.StatusCode, body)
		}
	}
	delete(mine.cookies, "__Host-"+formCookie)
	if r, _ := mine.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {theirToken}, "name": {"lan"}, "password": {lansPassword}}); r.StatusCode != http.StatusForbidden {
		t.Errorf("without cookies: %d", r.StatusCode)
	}
}

func TestADoorNeedsAFileThatItCanRead(t *testing.T) {
	dir := t.TempDir()
	for what, file := range map[string]string{"none": filepath.Join(dir, "none"), "a folder": dir} {
		if _, err := New(Config{File: file}, Deps{Log: open(t, true, people2()).deps.Log, Now: open(t, true, people2()).deps.Now}); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if _, err := New(Config{File: "users"}, Deps{}); err == nil {
		t.Error("a door without a log or a clock")
	}
}
