package goal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"communewatch/collector/goal/kept"
)

// Limits of the archive. A report over 159 sites takes about 1.5 MB, of which a list
// decodes the first line of facts only.
const (
	maxPublished     = 2_000
	maxPublishedSize = 32 << 20
)

var errArchiveFull = fmt.Errorf("the archive of published reports holds %d, which is all that it takes: move old ones elsewhere", maxPublished)

// ErrUnread refuses to keep for good what rests on a part of the declarations: where the
// newest sheet is damaged, an older one that says more holds in its place.
var ErrUnread = errors.New("sheets of declarations are damaged: mend them, or move them elsewhere, first")

// Archive keeps published reports in a folder, each in a file of its own that never
// changes: its name holds goal, month, stamp and the SHA-256 of its content. Several
// processes may use one folder: a file gets its name as a whole, and no name twice.
type Archive struct {
	dir string

	mu     sync.Mutex
	listed map[string]listed // by file
}

// Published is one that is kept.
type Published struct {
	ID     string    `json:"id,omitempty"` // "may-2023_2026-10_20261105T031500Z_1a2b3c4d5e6f"
	Goal   string    `json:"goal"`
	Month  Month     `json:"month"`
	Made   time.Time `json:"made"`
	By     string    `json:"by"`             // who published it
	Hash   string    `json:"hash,omitempty"` // SHA-256 of the file, hex
	Met    int       `json:"met"`
	NotMet int       `json:"not_met"`
	NoData int       `json:"no_data"`
}

// Damaged is a file of the archive that is not what was published: it is named, and
// never shown as a report.
type Damaged struct {
	File string
	Err  error
}

func (d *Damaged) Error() string {
	return fmt.Sprintf("published report %s is damaged: %v", d.File, d.Err)
}
func (d *Damaged) Unwrap() error { return d.Err }

// OpenArchive makes the folder where it is not there.
func OpenArchive(dir string) (*Archive, error) {
	if err := kept.Folder(dir); err != nil {
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	return &Archive{dir: dir}, nil
}

// Publish keeps a report for good. The same one by the same person again is the same
// publication.
func (a *Archive) Publish(r *Report, by string) (Published, error) {
	if r.Known.Unread > 0 {
		return Published{}, ErrUnread
	}
	data, p, err := seal(r, by)
	if err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	names, err := a.names()
	if err != nil {
		return Published{}, err
	}
	if len(names) >= maxPublished {
		return Published{}, errArchiveFull
	}
	if err := kept.Add(a.dir, fileOf(p), data, 0o444); err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", p.ID, err)
	}
	// What is there counts: written just now, or by another.
	if _, _, err := a.Get(p.ID); err != nil {
		return Published{}, err
	}
	return p, nil
}

// sealed is a published file: first what a list needs, without the id and the hash, which
// follow from the content, then all of the report.
type sealed struct {
	Published Published `json:"published"`
	Report    *Report   `json:"report"`
}

// seal gives the bytes of a file and what is said of it. The bytes are canonical: fields
// in the order of the types, names in maps sorted, no spaces.
func seal(r *Report, by string) ([]byte, Published, error) {
	p := describe(r, by)
	data, err := json.Marshal(sealed{p, r})
	if err != nil {
		return nil, Published{}, err
	}
	data = append(data, '\n')
	if len(data) > maxPublishedSize {
		return nil, Published{}, fmt.Errorf("the report takes %d bytes, at most %d are kept", len(data), maxPublishedSize)
	}
	p = p.named(hashOf(data))
	if !publishedID.MatchString(p.ID) {
		return nil, Published{}, fmt.Errorf("a report cannot be called %q", p.ID)
	}
	return data, p, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// describe says of a report what a list shows.
func describe(r *Report, by string) Published {
	p := Published{Goal: r.Goal.ID, Month: r.Month, Made: r.Made.UTC().Round(0), By: by}
	var all Group
	for i := range r.Sites {
		all.count(&r.Sites[i])
	}
	p.Met, p.NotMet, p.NoData = all.Met, all.NotMet, all.NoData
	return p
}

// named gives it the id that follows from what it says and the hash of its file.
func (p Published) named(hash string) Published {
	p.Hash = hash
	p.ID = strings.Join([]string{p.Goal, p.Month.String(), p.Made.UTC().Format(stampForm), hash[:shortHash]}, "_")
	return p
}
