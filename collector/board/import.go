package board

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/say"
)

// Sheets that were read and wait for a planner's word: so many at once, and so long.
const (
	maxPending = 4
	pendingFor = 15 * time.Minute
)

// importPage is the page /import.
type importPage struct {
	frame
	File     string   // whose sheet is shown below; empty: none
	Problems []string // of it, by cell; it is not taken
	Preview  *sheetChanges
	Confirm  string // by what the sheet can be taken; empty: it was, or cannot be
	Taken    string // that it was, by whom and when
	May      bool   // the reader may import
	AskName  bool
	By, CSRF string
	Imports  []importRow
	More     int
	Limit    int // MB of a sheet
	Damaged  int // files of the book that cannot be read
}

func (p importPage) framed() frame { return p.frame }

type importRow struct {
	File, At, By, Hash, Href string
	Sites                    int
}

// pending are the sheets that were looked at. What is taken is what was shown, not what
// a file holds by then.
type pending struct {
	mu     sync.Mutex
	sheets map[string]sheet // by hash
}

type sheet struct {
	name, by string
	data     []byte
	at       time.Time
}

func (p *pending) put(s sheet) (hash string) {
	sum := sha256.Sum256(s.data)
	hash = hex.EncodeToString(sum[:])
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sheets == nil {
		p.sheets = map[string]sheet{}
	}
	delete(p.sheets, hash)
	for len(p.sheets) >= maxPending {
		oldest := ""
		for key, other := range p.sheets {
			if oldest == "" || other.at.Before(p.sheets[oldest].at) {
				oldest = key
			}
		}
		delete(p.sheets, oldest)
	}
	p.sheets[hash] = s
	return hash
}

// take gives a sheet to whoever looked at it. It stays, so that a form that is sent twice
// is answered twice: the same sheet is the same import.
func (p *pending) take(hash, by string, now time.Time) (sheet, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.sheets[hash]
	if !ok || s.by != by || now.Sub(s.at) > pendingFor {
		return sheet{}, false
	}
	return s, true
}

func (b *board) serveImport(w http.ResponseWriter, r *http.Request) {
	p, ok := b.importPage(w, r)
	if !ok {
		return
	}
	if id := r.URL.Query().Get("id"); id != "" && !b.showImport(&p, id) {
		b.message(w, r, http.StatusNotFound, "target.no_import", "target.no_import_hint")
		return
	}
	b.write(w, r, http.StatusOK, "import", p)
}

// importPage is what each answer about imports has.
func (b *board) importPage(w http.ResponseWriter, r *http.Request) (p importPage, ok bool) {
	lang := langOf(r)
	f := format{lang, b.deps.Now()}
	who := visitor(r)
	p = importPage{
		frame: b.still(lang, "target.import"), May: who.Role.May(api.RolePlanner), AskName: who.Name == "", CSRF: who.CSRF,
		Limit: api.MaxSheetBytes >> 20,
	}
	all, err := b.desk.book().Imports()
	if damaged, is := errors.AsType[*declared.Damaged](err); is {
		b.deps.Log.Error("imports cannot all be read", "error", damaged)
		p.Damaged = len(damaged.Files)
	} else if err != nil {
		b.noBook(w, r, err)
		return p, false
	}
	p.More = max(0, len(all)-maxRows)
	for _, one := range bounded(all) {
		p.Imports = append(p.Imports, importRow{
			File: one.File, At: f.stamp(one.At), By: one.By, Hash: one.Hash[:min(12, len(one.Hash))], Sites: len(one.Declarations),
			Href: link(lang, "/import", "id", one.ID),
		})
	}
	return p, true
}

// showImport shows what one import said, and what it changed then.
func (b *board) showImport(p *importPage, id string) bool {
	all, _ := b.desk.book().Imports() // what cannot be read is said by the page
	for _, one := range all {
		if one.ID != id {
			continue
		}
		before, err := b.declared(b.deps.Now(), one.At.Add(-time.Nanosecond))
		if err != nil {
			return false
		}
		f := format{p.Lang, b.deps.Now()}
		p.File, p.Preview = one.File, b.sheetChanges(f, before, one.Declarations)
		p.Taken = p.Lang.Text("target.taken", f.stamp(one.At), one.By)
		return true
	}
	return false
}

// declared is what is in force on a day, as far as it can be read: that some of it cannot,
// the page of imports says.
func (b *board) declared(day, known time.Time) (map[string]declared.Declaration, error) {
	bySite, _, err := b.desk.book().InForce(day, known)
	if _, is := errors.AsType[*declared.Damaged](err); is {
		err = nil
	}
	return bySite, err
}

// servePostImport looks at a sheet that came with the form, or takes one that was shown.
func (b *board) servePostImport(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r)
	if err := r.ParseMultipartForm(api.MaxSheetBytes + maxFormRest); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			b.sentence(w, r, http.StatusRequestEntityTooLarge, lang.Text("target.not_taken"), lang.Text("target.too_large", api.MaxSheetBytes>>20))
			return
		}
		b.message(w, r, http.StatusBadRequest, "target.not_taken", "target.bad_form")
		return
	}
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	by, ok := signer(r)
	if !ok {
		b.sentence(w, r, http.StatusUnprocessableEntity, lang.Text("target.not_taken"), lang.Text("note.bad_by", maxName))
		return
	}
	if hash := r.PostFormValue("hash"); hash != "" {
		b.takeSheet(w, r, hash, by)
		return
	}
	file, head, err := r.FormFile("sheet")
	if err != nil {
		b.message(w, r, http.StatusUnprocessableEntity, "target.not_taken", "target.no_sheet")
		return
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, api.MaxSheetBytes+1)) // one more, so that it is said to be too large
	if err != nil {
		b.message(w, r, http.StatusBadRequest, "target.not_taken", "target.bad_form")
		return
	}
	b.lookAtSheet(w, r, sheet{name: sheetName(head.Filename), by: by, data: data, at: b.deps.Now()})
}

// maxFormRest is what a form may hold beside its sheet.
const maxFormRest = 64 << 10

// sheetName is the file's bare name, as a page and the book can hold it.
func sheetName(name string) string {
	name = path.Base(strings.ReplaceAll(written(name), `\`, "/"))
	letters := []rune(name)
	return string(letters[:min(len(letters), 120)])
}

// lookAtSheet shows all that is wrong with a sheet, or what it would change.
func (b *board) lookAtSheet(w http.ResponseWriter, r *http.Request, s sheet) {
	p, ok := b.importPage(w, r)
	if !ok {
		return
	}
	p.File, p.By = s.name, s.by
	declarations, err := declared.Read(s.name, bytes.NewReader(s.data), b.deps.Inventory(), s.at)
	if err != nil {
		p.Problems = problemsOf(p.Lang, err)
		b.write(w, r, http.StatusUnprocessableEntity, "import", p)
		return
	}
	have, err := b.declared(s.at, time.Time{})
	if err != nil {
		b.noBook(w, r, err)
		return
	}
	if taken, was := b.takenBefore(s); was {
		p.Taken = p.Lang.Text("declared.again", format{p.Lang, s.at}.stamp(taken.At), taken.By, taken.ID)
	} else {
		p.Preview = b.sheetChanges(format{p.Lang, s.at}, have, declarations)
		p.Confirm = b.pending.put(s)
	}
	b.write(w, r, http.StatusOK, "import", p)
}

func problemsOf(lang say.Lang, err error) (out []string) {
	problems, ok := errors.AsType[declared.Problems](err)
	if !ok {
		return []string{lang.Text("target.unreadable")}
	}
	for _, problem := range problems {
		out = append(out, problem.In(lang))
	}
	return out
}

// takeSheet keeps a sheet for good, as it was shown.
func (b *board) takeSheet(w http.ResponseWriter, r *http.Request, hash, by string) {
	lang := langOf(r)
	now := b.deps.Now()
	s, ok := b.pending.take(hash, by, now)
	if !ok {
		b.message(w, r, http.StatusConflict, "target.not_taken", "target.no_pending")
		return
	}
	taken, err := b.desk.book().Import(s.name, bytes.NewReader(s.data), b.deps.Inventory(), by, now)
	if problems, wrong := errors.AsType[declared.Problems](err); wrong { // the inventory is another by now
		if p, ok := b.importPage(w, r); ok {
			p.File, p.Problems = s.name, problemsOf(lang, problems)
			b.write(w, r, http.StatusUnprocessableEntity, "import", p)
		}
		return
	}
	if err != nil {
		b.deps.Log.Error("a sheet cannot be kept", "file", s.name, "error", err)
		b.message(w, r, http.StatusInternalServerError, "target.not_taken", "target.no_disk")
		return
	}
	b.reports.forget()
	b.deps.Log.Info("declarations were imported", "id", taken.ID, "by", by, "sites", len(taken.Declarations))
	http.Redirect(w, r, link(lang, "/import", "id", taken.ID), http.StatusSeeOther)
}

// serveTemplate gives a sheet to fill in, with what is declared now.
func (b *board) serveTemplate(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r)
	have, err := b.declared(b.deps.Now(), time.Time{})
	if err != nil {
		b.noBook(w, r, err)
		return
	}
	inv := b.deps.Inventory()
	if strings.HasSuffix(r.URL.Path, ".csv") {
		b.send(w, r, "text/csv; charset=utf-8", "communewatch_import.csv", func(out io.Writer) error { return declared.WriteCSV(out, inv, have, lang) })
		return
	}
	b.send(w, r, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "communewatch_import.xlsx", func(out io.Writer) error {
		return declared.WriteXLSX(out, inv, have, lang)
	})
}
