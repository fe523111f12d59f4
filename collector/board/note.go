package board

import (
	"context"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Limits of what a person may write, in letters.
const (
	maxName = 60
	maxNote = 500
)

// formAge is how long a page may stand open before its form counts as new.
const formAge = 12 * time.Hour

func (b *board) serveIncidents(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	known, err := b.readIncidents(ctx, listedDays)
	if !b.read(w, r, err) {
		return
	}
	page := b.incidentsPage(known, langOf(r))
	page.Form = b.noteForm(r, "/incidents/note", api.ActHandOver)
	b.write(w, r, http.StatusOK, "incidents", page)
}

func (b *board) serveIncident(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	one, notes, found, err := b.findIncident(ctx, r.PathValue("id"))
	if !b.read(w, r, err) {
		return
	}
	if !found {
		b.noIncident(w, r)
		return
	}
	outages, err := b.outagesOf(ctx, one)
	if !b.read(w, r, err) {
		return
	}
	page := b.incidentPage(one, outages, notes, langOf(r))
	page.Form = b.noteForm(r, "/incident/"+one.ID+"/note", api.ActAcknowledge, api.ActNote)
	b.write(w, r, http.StatusOK, "incident", page)
}

func (b *board) noIncident(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r)
	b.sentence(w, r, http.StatusNotFound, lang.Text("note.no_incident"), lang.Text("note.no_incident_hint", openedDays))
}

// serveNote takes a note about an incident, serveHandOver one to all.
func (b *board) serveNote(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	one, _, found, err := b.findIncident(ctx, r.PathValue("id"))
	if !b.read(w, r, err) {
		return
	}
	if !found {
		b.noIncident(w, r)
		return
	}
	b.take(ctx, w, r, one.ID, b.incidentTitle(say.Vietnamese, one), "/incident/"+one.ID, api.ActAcknowledge, api.ActNote)
}

func (b *board) serveHandOver(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	b.take(ctx, w, r, toAll, "", "/incidents", api.ActHandOver)
}

// take stores what a form says and leads back to its page.
func (b *board) take(ctx context.Context, w http.ResponseWriter, r *http.Request, incident, title, back string, acts ...string) {
	lang := langOf(r)
	act, by, text := r.PostFormValue("act"), written(r.PostFormValue("by")), written(r.PostFormValue("text"))
	refuse := func(status int, bad, why string) {
		form := b.noteForm(r, r.URL.Path, acts...)
		form.By, form.Text, form.Bad, form.Problem = by, text, bad, why
		b.write(w, r, status, "refused", refusedPage{b.still(lang, "note.bad"), form})
	}
	switch {
	case !slices.Contains(acts, act):
		refuse(http.StatusUnprocessableEntity, "", lang.Text("note.bad_form"))
		return
	case by == "" || utf8.RuneCountInString(by) > maxName:
		refuse(http.StatusUnprocessableEntity, "by", lang.Text("note.bad_by", maxName))
		return
	case text == "" && act != api.ActAcknowledge || utf8.RuneCountInString(text) > maxNote:
		refuse(http.StatusUnprocessableEntity, "text", lang.Text("note.bad_text", maxNote))
		return
	}
	at := b.dated(r.PostFormValue("at"), act, by, text)
	p := api.NewPoint("note", at).Tag(api.TagIncident, incident).SetText("act", act).SetText("by", by).SetText("text", text).SetText("title", api.CleanText(title))
	line, err := p.AppendLine(nil)
	if err != nil {
		b.deps.Log.Error("a note cannot be encoded", "error", err)
		refuse(http.StatusUnprocessableEntity, "", lang.Text("note.bad_form"))
		return
	}
	if err := b.deps.Store.Write(ctx, api.Events, line); err != nil {
		b.deps.Log.Error("a note cannot be stored", "incident", incident, "error", err)
		w.Header().Set("Retry-After", "30")
		refuse(http.StatusServiceUnavailable, "", lang.Text("note.no_store"))
		return
	}
	http.Redirect(w, r, link(lang, back), http.StatusSeeOther)
}

// written is a text as it is stored: NFC, one line, no control characters, and none that
// turns around what stands beside it.
func written(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, norm.NFC.String(s))
	return strings.TrimSpace(api.CleanText(s))
}

// dated is when a note was written, by the page that its form was on: one that is sent
// twice is one, another text from the same page is another.
func (b *board) dated(stamp string, parts ...string) time.Time {
	now := b.deps.Now()
	ms, err := strconv.ParseInt(stamp, 10, 64)
	at := time.UnixMilli(ms)
	if err != nil || at.After(now) || now.Sub(at) > formAge {
		at = now
	}
	h := fnv.New32a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00")) // never fails
	}
	return at.Truncate(time.Millisecond).Add(time.Duration(h.Sum32() % 1_000_000))
}

// noteForm is the form of who may write; its name is that of who has signed in.
func (b *board) noteForm(r *http.Request, action string, acts ...string) noteForm {
	if !may(r, api.RoleOperator) {
		return noteForm{}
	}
	lang := langOf(r)
	visitor, _ := api.VisitorFrom(r.Context())
	form := noteForm{Action: link(lang, action), At: strconv.FormatInt(b.deps.Now().UnixMilli(), 10), CSRF: visitor.CSRF, By: visitor.Name}
	for _, act := range acts {
		form.Acts = append(form.Acts, choiceAct{act, lang.Text(say.Key("note.do_" + act))})
	}
	return form
}
