package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"communewatch/collector/api"
)

// Files of the folder. Documents hold the passwords of devices: nobody else may read them.
const (
	documentFile = "document.json" // the last that worked
	refusedFile  = "refused.json"  // the last that did not
	trialFile    = "trial.json"    // one that is being tried
)

// trials is how often a document may be begun with without being found good or bad. More
// often, it is what ends the program: it counts as bad.
const trials = 5

const maxReason = 500 // characters of why a document was refused

// Offer is a document from the centre under the name that its content has there.
type Offer struct {
	ETag     string       `json:"etag"`
	Document api.Document `json:"document"`
}

// Documents keeps what the centre tells this agent to do. One that is new is offered;
// who applies it says whether it works: Commit makes it the one that holds from now on,
// over restarts too, and Refuse has it never offered again. Until then the last one that
// worked holds, which is not merely the one before.
type Documents struct {
	folder string
	offers chan Offer

	mu      sync.Mutex
	current Offer // the last that worked; without a name: none has
	refused refusal
	trial   trial
	heard   string // the name of the newest that the centre has, as far as is known
	aside   string // what was wrong with the files
}

type refusal struct {
	ETag   string `json:"etag"`
	Reason string `json:"reason"`
	Beside string `json:"beside"` // the document that held then
}

type trial struct {
	ETag  string `json:"etag"`
	Times int    `json:"times"`
}

// OpenDocuments reads what is kept in a folder. A file that cannot be used is set aside,
// and Problem says so: the centre has the document, and the agent has to go on.
func OpenDocuments(folder string) (*Documents, error) {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open documents: %s is not a folder", folder)
	}
	d := &Documents{folder: folder, offers: make(chan Offer, 1)}
	restore(d, documentFile, &d.current, (*Offer).check)
	restore(d, refusedFile, &d.refused, nil)
	restore(d, trialFile, &d.trial, nil)
	d.heard = d.current.ETag
	if d.refused.ETag != "" && d.refused.Beside == d.current.ETag {
		d.heard = d.refused.ETag // came after the one that holds
	}
	if d.trial.Times >= trials && d.trial.ETag != d.current.ETag {
		d.heard = d.trial.ETag
		if err := d.Refuse(d.trial.ETag, fmt.Sprintf("the agent ended %d times while it was tried", d.trial.Times)); err != nil {
			d.aside = err.Error()
		}
	}
	return d, nil
}

// restore fills a value from a file, if there is one that can be used.
func restore[T any](d *Documents, name string, into *T, check func(*T) error) {
	path := filepath.Join(d.folder, name)
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		_ = os.Chmod(path, 0o600) // what others may have read cannot be mended here
	}
	data, err := readPrivate(path, 2*api.MaxDocumentBytes) // ours may be longer than the centre's by some escapes
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var value T
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	if err == nil && check != nil {
		err = check(&value)
	}
	if err == nil {
		*into = value
		return
	}
	aside, asideErr := setAside(path)
	if asideErr != nil {
		d.aside = fmt.Sprintf("%s cannot be used: %v", path, errors.Join(err, asideErr))
		return
	}
	d.aside = fmt.Sprintf("%s could not be used and is now %s: %v", path, filepath.Base(aside), err)
}

// check holds an offer against what a document must be.
func (o *Offer) check() error {
	if err := checkETag(o.ETag); err != nil {
		return err
	}
	if err := o.Document.Check(); err != nil {
		return err
	}
	if n := len(o.Document.Profiles); n > api.MaxProfiles {
		return fmt.Errorf("%d profiles, at most %d", n, api.MaxProfiles)
	}
	for _, p := range o.Document.Profiles {
		// Whoever writes it into a folder must not be led out of it.
		if p.Name == "" || p.Name[0] == '.' || strings.ContainsAny(p.Name, `/\:`) || api.CleanTag(p.Name) != p.Name {
			return fmt.Errorf("profile %q has a name that no file can have", p.Name)
		}
	}
	return nil
}

// maxETag bounds the name: it is sent back with each question.
const maxETag = 128

func checkETag(etag string) error {
	if etag == "" || len(etag) > maxETag {
		return fmt.Errorf("its ETag has %d bytes, want 1 to %d", len(etag), maxETag)
	}
	for _, c := range []byte(etag) {
		if c <= ' ' || c >= 0x7f {
			return errors.New("its ETag has a character that is not printable ASCII")
		}
	}
	return nil
}

// Current is the last document that worked, if any has.
func (d *Documents) Current() (Offer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current, d.current.ETag != ""
}

// Offers has the newest document that was neither committed nor refused.
func (d *Documents) Offers() <-chan Offer { return d.offers }

// Commit says that an offer works: from now on it holds.
func (d *Documents) Commit(o Offer) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("commit document: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.save(documentFile, o); err != nil {
		return fmt.Errorf("commit document: %w", err)
	}
	d.current, d.aside = o, ""
	if d.refused.ETag == o.ETag {
		d.refused = refusal{}
		if err := removeIfThere(filepath.Join(d.folder, refusedFile)); err != nil {
			return fmt.Errorf("commit document: %w", err)
		}
	}
	return d.endTrial(o.ETag)
}

// Refuse says that a document does not work, and why: it is not offered again.
func (d *Documents) Refuse(etag, reason string) error {
	if err := checkETag(etag); err != nil {
		return fmt.Errorf("refuse document: %w", err)
	}
	if reason = api.CleanText(reason); len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = refusal{ETag: etag, Reason: reason, Beside: d.current.ETag} // holds for this run, whatever the disk says
	if err := d.save(refusedFile, d.refused); err != nil {
		return fmt.Errorf("refuse document: %w", err)
	}
	return d.endTrial(etag)
}

// endTrial forgets that a document is being tried.
func (d *Documents) endTrial(etag string) error {
	if d.trial.ETag != etag {
		return nil
	}
	d.trial = trial{}
	return removeIfThere(filepath.Join(d.folder, trialFile))
}

// Problem says why the newest document of the centre is not in force, or what was wrong
// with what was kept; empty if nothing is.
func (d *Documents) Problem() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused.ETag != "" && d.refused.ETag == d.heard {
		return fmt.Sprintf("document %s is refused: %s", d.refused.ETag, d.refused.Reason)
	}
	return d.aside
}

func (d *Documents) save(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return savePrivate(filepath.Join(d.folder, name), data)
}
