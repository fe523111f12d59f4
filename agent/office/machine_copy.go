package office

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Of upstream's, in the state folder.
const (
	documentFile = "document.json"
	refusedFile  = "refused.json"
	trialFile    = "trial.json"
)

func inFolder(folder, name string) string { return filepath.Join(folder, name) }

// recogniseMachine finds out whether the identity was enrolled on this machine. Where it
// was not, the office measures and keeps, and sends nothing: its batches would be taken
// for the other machine's. It is no error: once the agent is installed here with an
// invitation of its own for the same site, what was measured here since is sent under that
// identity; for another site it is put aside, since nobody knows whose it was. What
// the other machine had measured goes with it nowhere: it is put aside when the copy is
// first noticed.
func (o *Office) recogniseMachine() error {
	if o.cfg.Identity == "" || o.cfg.Folder == "" {
		return nil
	}
	marks := o.deps.machine()
	err := sameMachine(o.cfg.Folder, marks)
	if err == nil {
		return nil
	}
	if !errors.As(err, &o.copied) {
		o.log.Warn("whether this is the machine that was enrolled is not known", "error", err)
		return nil
	}
	o.log.Error("nothing is sent: the identity is another machine's", "error", o.copied, "host", o.copied.Host)
	if !o.copied.first {
		return nil
	}
	if err := putAside(o.cfg.SpoolDir); err != nil {
		return err
	}
	known, err := readMachine(o.cfg.Folder)
	if err != nil {
		return err
	}
	known.Copy = marks
	if err := writeMachine(o.cfg.Folder, known); err != nil {
		return fmt.Errorf("note that this is a copy: %w", err)
	}
	return nil
}

// putAside renames a spool, so that nobody sends from it. People may look into it.
func putAside(spool string) error {
	for n := 1; ; n++ {
		aside := spool + "-of-another-machine"
		if n > 1 {
			aside += "-" + strconv.Itoa(n)
		}
		if _, err := os.Lstat(aside); err == nil && n < 100 {
			continue
		}
		err := os.Rename(spool, aside)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("put the copied spool aside: %w", err)
	}
}
