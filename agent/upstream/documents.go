package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"communewatch/collector/api"
)

// Offer is a document from the centre and its name.
type Offer struct {
	ETag     string
	Document api.Document
}

// Documents keeps the document that last worked.
type Documents struct {
	folder string
	offers chan Offer

	mu      sync.Mutex
	current *Offer
	refused map[string]string
	problem string
}

// OpenDocuments reads what is kept in a folder.
func OpenDocuments(folder string) (*Documents, error) {
	d := &Documents{folder: folder, offers: make(chan Offer, 1), refused: map[string]string{}}
	data, err := os.ReadFile(filepath.Join(folder, "document.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	} else if err != nil {
		return nil, fmt.Errorf("open documents: %w", err)
	}
	var kept Offer
	if json.Unmarshal(data, &kept) == nil {
		d.current = &kept
	}
	return d, nil
}

// Current is the document that last worked.
func (d *Documents) Current() (Offer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return Offer{}, false
	}
	return *d.current, true
}

// Offers has the newest document that was fetched.
func (d *Documents) Offers() <-chan Offer { return d.offers }

// Commit keeps a document that works.
func (d *Documents) Commit(o Offer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current, d.problem = &o, ""
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.folder, "document.json"), data, 0o600)
}

// Refuse remembers one that does not.
func (d *Documents) Refuse(etag, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused[etag], d.problem = reason, reason
	return nil
}

// Problem is why the newest document is not in force.
func (d *Documents) Problem() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.problem
}
