package provision

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"

	"communewatch/dashboards"
)

// contactPoint is one as Grafana gives it back: secrets redacted.
type contactPoint struct {
	UID, Name, Type, Provenance string
	DisableResolveMessage       bool
	Settings                    map[string]any
}

// recordName is a template group that nothing uses. It holds what tells one setting
// of a contact point from another, secrets included: a contact point has no place for
// it, and Grafana never gives a secret back.
const recordName = "communewatch_record"

// contactSteps write the contact points that are missing, or were written from
// another configuration or version. What somebody edits by hand stays until then.
func (g *grafana) contactSteps(ctx context.Context, wanted []alerting.ContactPoint, there []contactPoint) []func() (Object, error) {
	if len(wanted) == 0 {
		return nil
	}
	record := &record{marks: map[string]string{}}
	steps := []func() (Object, error){}
	for i, p := range wanted {
		steps = append(steps, func() (Object, error) {
			if i == 0 {
				if err := g.readRecord(ctx, record); err != nil {
					return Object{Kind: "contact-point", UID: *p.Uid}, err
				}
			}
			o, err := g.contact(ctx, p, there, record)
			if err == nil && i == len(wanted)-1 && record.changed {
				err = g.writeTemplate(ctx, recordName, record.text(), record.version)
			}
			return o, err
		})
	}
	return steps
}

func (g *grafana) contact(ctx context.Context, p alerting.ContactPoint, there []contactPoint, r *record) (Object, error) {
	o := Object{Kind: "contact-point", UID: *p.Uid}
	mark, err := markOf(p)
	if err != nil {
		return o, err
	}
	i := slices.IndexFunc(there, func(c contactPoint) bool { return c.UID == o.UID })
	if i < 0 {
		if err := foreignName(there, *p.Name); err != nil {
			return o, err
		}
		o.Outcome = Created
		r.set(o.UID, mark)
		return o, g.createContactPoint(ctx, p)
	}
	found := there[i]
	switch {
	case found.Type != string(p.Type) || found.Name != *p.Name:
		return o, fmt.Errorf("there is a contact point with this UID, called %q and of type %s, which is not ours; it was left as it is", found.Name, found.Type)
	case r.marks[o.UID] == mark:
		o.Outcome = Unchanged
		return o, nil
	case found.Provenance != "":
		return o, errFromFile
	}
	o.Outcome = Updated
	o.Diff = changes(found.Settings, p.Settings.(map[string]any), dashboards.SecretSettings...)
	r.set(o.UID, mark)
	return o, g.updateContactPoint(ctx, o.UID, p)
}

// foreignName refuses to add to a contact point that somebody else made under our name.
func foreignName(there []contactPoint, name string) error {
	ours := append(slices.Clone(dashboards.ContactUIDs), dashboards.WatchdogUID)
	taken := false
	for _, c := range there {
		if c.Name == name {
			if slices.Contains(ours, c.UID) {
				return nil
			}
			taken = true
		}
	}
	if taken {
		return fmt.Errorf("there is another contact point called %q; it was left as it is: rename it", name)
	}
	return nil
}

// markOf tells one content of a contact point from another. Whoever may read
// templates can read it, so it is slow to guess from; less so than the data source's,
// since these secrets are no passwords that somebody thought of.
func markOf(p alerting.ContactPoint) (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	key, err := pbkdf2.Key(sha256.New, string(raw), []byte("communewatch\n"+*p.Uid), 10_000, 12)
	return hex.EncodeToString(key), err
}

// record is what was written last, by UID.
type record struct {
	marks   map[string]string
	order   []string
	version string // of the template group, for Grafana to see that nobody wrote in between
	changed bool
}

func (r *record) set(uid, mark string) {
	if !slices.Contains(r.order, uid) {
		r.order = append(r.order, uid)
	}
	r.marks[uid], r.changed = mark, true
}

const recordStart, recordEnd = `{{ define "communewatch.record" }}`, `{{ end }}`

func (r *record) text() string {
	var words []string
	for _, uid := range r.order {
		words = append(words, uid+"="+r.marks[uid])
	}
	return recordStart + strings.Join(words, " ") + recordEnd
}

func (g *grafana) readRecord(ctx context.Context, r *record) error {
	found, err := g.readTemplate(ctx, recordName)
	if refused(err, http.StatusNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	words, ok := strings.CutPrefix(found.Template, recordStart)
	if !ok {
		return errors.New("the template group " + recordName + " is not ours; it was left as it is: rename it")
	}
	words, _, _ = strings.Cut(words, recordEnd)
	for word := range strings.FieldsSeq(words) {
		if uid, mark, ok := strings.Cut(word, "="); ok {
			r.marks[uid] = mark
			r.order = append(r.order, uid)
		}
	}
	r.version = found.Version
	return nil
}
