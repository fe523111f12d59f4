package board

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"communewatch/collector/api"
)

// keeps is a database that holds nothing and notes what is written.
type keeps struct {
	empty
	lines []string
}

func (k *keeps) Write(_ context.Context, retention api.Retention, lines []byte) error {
	k.lines = append(k.lines, string(retention)+" "+string(lines))
	return nil
}

func send(t *testing.T, h http.Handler, path string, form url.Values, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestAHandOverIsStoredOnceHoweverOftenItsFormIsSent(t *testing.T) {
	k := &keeps{}
	h := pagesOf(t, k)
	_, page := get(t, h, http.MethodGet, "/incidents")
	_, stamp, found := strings.Cut(page, `name="at" value="`)
	if !found {
		t.Fatal("the form has no stamp")
	}
	form := url.Values{"at": {stamp[:strings.IndexByte(stamp, '"')]}, "act": {"hand_over"}, "by": {"  Đức\n"}, "text": {"Canh Liên\x07 còn tối \"đèn\" e\u0302\u0301"}}
	for range 2 {
		if r := send(t, h, "/incidents/note?lang=en", form); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/incidents?lang=en" {
			t.Fatalf("%d to %s", r.StatusCode, r.Header.Get("Location"))
		}
	}
	form.Set("text", "thêm")
	send(t, h, "/incidents/note", form)
	if len(k.lines) != 3 || k.lines[0] != k.lines[1] || k.lines[0] == k.lines[2] {
		t.Fatalf("stored %q", k.lines)
	}
	if want := `events note,incident=- act="hand_over",by="Đức",text="Canh Liên còn tối \"đèn\" ế",title="" `; !strings.HasPrefix(k.lines[0], want) {
		t.Errorf("stored %q, want %q", k.lines[0], want)
	}
	var first, other api.Point
	for line, p := range map[string]*api.Point{k.lines[0]: &first, k.lines[2]: &other} {
		if err := api.ParseLine(strings.TrimSuffix(strings.TrimPrefix(line, "events "), "\n"), p); err != nil {
			t.Fatal(err)
		}
	}
	if first.Time == other.Time {
		t.Error("another text from the same page overwrites the first")
	}
}

func TestANoteThatIsNotWholeIsRefusedInWords(t *testing.T) {
	whole := url.Values{"act": {"hand_over"}, "by": {"Đức"}, "text": {"x"}}
	for name, change := range map[string]func(url.Values){
		"nobody":       func(v url.Values) { v.Set("by", " \n") },
		"a long name":  func(v url.Values) { v.Set("by", strings.Repeat("ă", maxName+1)) },
		"no text":      func(v url.Values) { v.Del("text") },
		"a long text":  func(v url.Values) { v.Set("text", strings.Repeat("ă", maxNote+1)) },
		"another act":  func(v url.Values) { v.Set("act", "acknowledge") },
		"no known act": func(v url.Values) { v.Set("act", "<script>") },
	} {
		k := &keeps{}
		form := url.Values{}
		for key, v := range whole {
			form[key] = append([]string(nil), v...)
		}
		change(form)
		if r := send(t, pagesOf(t, k), "/incidents/note", form); r.StatusCode != http.StatusUnprocessableEntity || len(k.lines) > 0 {
			t.Errorf("%s: %d, stored %q", name, r.StatusCode, k.lines)
		}
	}
}

func TestNoOtherPageCanWriteANote(t *testing.T) {
	form := url.Values{"act": {"hand_over"}, "by": {"Đức"}, "text": {"x"}}
	for name, header := range map[string][]string{
		"fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"a sister":       {"Sec-Fetch-Site", "same-site"},
		"an old browser": {"Origin", "http://elsewhere.example"},
	} {
		k := &keeps{}
		if r := send(t, pagesOf(t, k), "/incidents/note", form, header...); r.StatusCode != http.StatusForbidden || len(k.lines) > 0 {
			t.Errorf("%s: %d, stored %q", name, r.StatusCode, k.lines)
		}
	}
}

func TestANoteThatCannotBeStoredSaysSo(t *testing.T) {
	r := send(t, pagesOf(t, away{}), "/incidents/note", url.Values{"act": {"hand_over"}, "by": {"Đức"}, "text": {"x"}})
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Error(r.StatusCode)
	}
}

func TestANoteAboutNothingIsNotStored(t *testing.T) {
	k := &keeps{}
	r := send(t, pagesOf(t, k), "/incident/no-such/note", url.Values{"act": {"note"}, "by": {"Đức"}, "text": {"x"}})
	if r.StatusCode != http.StatusNotFound || len(k.lines) > 0 {
		t.Errorf("%d, stored %q", r.StatusCode, k.lines)
	}
}

func TestANoteIsOneLineThatTurnsNothingAround(t *testing.T) {
	for text, want := range map[string]string{
		" Đã gọi\r\nVNPT\x00\x1b[2J ":              "Đã gọi VNPT [2J",
		"gọi \u202e0081\u202c \u2067x\u2069\u200f": "gọi 0081 x",
		"Bà Hạnh 👩\u200d🔧":                         "Bà Hạnh 👩\u200d🔧",
		"e\u0302\u0323":                            "ệ",
	} {
		if got := written(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
