package board

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// publishedPage lists what was published.
type publishedPage struct {
	frame
	Damaged string // which files are not what they were; empty: all are
	Rows    []publishedRow
}

func (p publishedPage) framed() frame { return p.frame }

type publishedRow struct {
	Href, Goal, Month, Made, By, Hash string
	Met, NotMet, NoData               int
}

// publishedHead says of a report's page that it is one that was published.
type publishedHead struct{ Made, By, Hash, Back string }

// publishForm is what a planner needs to publish a report.
type publishForm struct {
	Action, CSRF, Goal, Month string
	AskName                   bool // nobody signed in: the form asks who it is
}

func (b *board) publishForm(v view, who api.Visitor) *publishForm {
	return &publishForm{
		Action: link(v.lang, "/target/publish"), CSRF: who.CSRF, AskName: who.Name == "",
		Goal: v.request.Goal, Month: v.request.Month.String(),
	}
}

// servePublish keeps the report of a month for good, as it is at this moment.
func (b *board) servePublish(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r)
	by, ok := signer(r)
	if !ok {
		b.sentence(w, r, http.StatusUnprocessableEntity, lang.Text("target.not_published"), lang.Text("note.bad_by", maxName))
		return
	}
	v := view{lang: lang}
	if err := b.whichReport(r.PostForm, &v); err != nil {
		b.wrongView(w, r, err)
		return
	}
	report, err := b.desk.Report(r.Context(), v.request)
	if !b.read(w, r, err) {
		return
	}
	published, err := b.publish(report, by)
	if errors.Is(err, goal.ErrUnread) {
		b.sentence(w, r, http.StatusConflict, lang.Text("target.not_published"), lang.Text("target.unread", report.Known.Unread))
		return
	}
	if err != nil {
		b.deps.Log.Error("a report cannot be published", "goal", v.request.Goal, "month", v.request.Month.String(), "error", err)
		b.sentence(w, r, http.StatusInternalServerError, lang.Text("target.not_published"), lang.Text("target.no_disk"))
		return
	}
	b.deps.Log.Info("a report was published", "id", published.ID, "by", by)
	b.reports.forget()
	http.Redirect(w, r, link(lang, "/published/"+published.ID), http.StatusSeeOther)
}

// sentTwice is within which the same report, published by the same person, is a form that
// was sent twice.
const sentTwice = time.Minute

// publish keeps a report. A form that is sent twice is one publication, though the desk
// makes its report anew once the first is kept.
func (b *board) publish(r *goal.Report, by string) (goal.Published, error) {
	b.publishing.Lock()
	defer b.publishing.Unlock()
	last, published, err := b.desk.archive().Last(r.Goal.ID, r.Month)
	if err == nil && last != nil && published.By == by && r.Made.Sub(last.Made).Abs() < sentTwice &&
		last.Known == r.Known && last.Goal.Hash == r.Goal.Hash && last.Over == r.Over {
		return *published, nil
	}
	return b.desk.archive().Publish(r, by)
}

func (b *board) servePublishedList(w http.ResponseWriter, r *http.Request) {
	lang := langOf(r)
	f := format{lang, b.deps.Now()}
	p := publishedPage{frame: b.frame(lang, lang.Text("target.published"))}
	p.Every = targetEvery
	all, err := b.desk.archive().List()
	if err != nil {
		b.deps.Log.Error("published reports cannot all be read", "error", err)
		p.Damaged = lang.Text("target.damaged", damagedFiles(err))
	}
	for _, one := range bounded(all) {
		row := publishedRow{
			Href: link(lang, "/published/"+one.ID), Goal: one.Goal, Month: f.month(one.Month), Made: f.stamp(one.Made),
			By: one.By, Hash: one.Hash, Met: one.Met, NotMet: one.NotMet, NoData: one.NoData,
		}
		if standard, ok := b.desk.Standard(one.Goal); ok {
			row.Goal = standard.Name.In(lang)
		}
		p.Rows = append(p.Rows, row)
	}
	b.write(w, r, http.StatusOK, "published", p)
}

// servePublished shows a published report as it was, or prints it, and says what is
// otherwise now.
func (b *board) servePublished(w http.ResponseWriter, r *http.Request) {
	id, format, printed := r.PathValue("id"), "", false
	for _, name := range exports {
		if bare, is := strings.CutSuffix(id, "."+name); is {
			id, format, printed = bare, name, true
		}
	}
	report, published, err := b.desk.archive().Get(id)
	if err != nil {
		b.notPublished(w, r, err)
		return
	}
	if printed {
		b.print(w, r, report, format, "communewatch_"+published.ID)
		return
	}
	b.write(w, r, http.StatusOK, "target", b.publishedReport(r, report, published))
}

func (b *board) notPublished(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		b.message(w, r, http.StatusNotFound, "target.no_published", "target.no_published_hint")
		return
	}
	b.deps.Log.Error("a published report cannot be shown", "error", err)
	lang := langOf(r)
	b.sentence(w, r, http.StatusInternalServerError, lang.Text("target.not_whole"), lang.Text("target.damaged", damagedFiles(err)))
}

// damagedFiles are those that an error of the archive names; empty: it is another error.
func damagedFiles(err error) string {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var files []string
	for _, one := range all {
		if damaged, ok := errors.AsType[*goal.Damaged](one); ok {
			files = append(files, damaged.File)
		}
	}
	return strings.Join(files, ", ")
}

func (b *board) publishedReport(r *http.Request, report *goal.Report, published goal.Published) targetPage {
	v := filtersOf(r)
	v.named = []string{"goal", report.Goal.ID, "month", report.Month.String()} // for the pages of sites
	f := format{v.lang, b.deps.Now()}
	p := b.targetPage(v, report, published.Made)
	p.Published = &publishedHead{Made: f.stamp(published.Made), By: published.By, Hash: published.Hash, Back: link(v.lang, "/published")}
	p.Filters = b.filterForm(v, report)
	for _, name := range exports {
		p.Exports = append(p.Exports, choice{
			Text: v.lang.Text(say.Key("target.export_" + name)), Href: link(v.lang, "/published/"+published.ID+"."+name),
		})
	}
	if _, known := b.desk.Standard(report.Goal.ID); !known {
		return p // the target is no longer among ours: nothing can be made to compare with
	}
	now, err := b.report(r.Context(), goal.Request{Goal: report.Goal.ID, Month: report.Month})
	if err != nil {
		b.deps.Log.Error("what changed since a report was published cannot be told", "id", published.ID, "error", err)
		p.Hint = v.lang.Text("target.no_changes")
		return p
	}
	p.Changes = changes(v, now, goal.ChangesSince(report, published.Hash, now))
	return p
}
