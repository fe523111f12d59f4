package office

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// machineFile in the state folder says on which machine the agent was enrolled.
const machineFile = "machine.json"

// A mark is "kind:hash" of something that machines of one make and one disk image do not
// share. What a clone copies along (machine-id, MachineGuid, host name, volume serial) is
// none.
const (
	markMAC   = "mac"   // of a physical interface, as its maker gave it
	markUUID  = "uuid"  // of the SMBIOS system information
	markBoard = "board" // serial of the main board
	markDisk  = "disk"  // serial of the disk with the system
)

// Machine gives this machine's marks, sorted; none where it has none to show (a
// container). They are hashes: serial numbers are nobody's business elsewhere.
func Machine() []string {
	marks := machineMarks()
	slices.Sort(marks)
	return slices.Compact(marks)
}

// Fingerprint is one word for all marks, for [api.EnrolRequest.Machine]; "" for none.
func Fingerprint(marks []string) string {
	if len(marks) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(marks, "\n")))
	return hex.EncodeToString(sum[:])
}

func mark(kind, value string) string {
	sum := sha256.Sum256([]byte("communewatch " + kind + "\n" + value))
	return kind + ":" + hex.EncodeToString(sum[:16])
}

// virtualMakers are the first three bytes of MAC addresses that hypervisors hand out,
// some anew at each start.
var virtualMakers = []string{"000569", "000c29", "001c14", "005056", "00155d", "00163e", "080027"}

// macMark gives nothing for an address that a machine may change or share: one that is
// locally administered (IEEE 802 §8.4), a group's, or a hypervisor's.
func macMark(address []byte) []string {
	text := hex.EncodeToString(address)
	if len(address) != 6 || address[0]&3 != 0 || strings.Trim(text, "0") == "" || slices.Contains(virtualMakers, text[:6]) {
		return nil
	}
	return []string{mark(markMAC, text)}
}

// placeholders stand where a maker did not fill in a serial number.
var placeholders = []string{
	"tobefilledbyoem", "defaultstring", "none", "notspecified", "notapplicable", "na", "systemserialnumber",
	"baseboardserialnumber", "serialnumber", "unknown", "empty", "123456789", "0123456789", "1234567890", "invalid",
	"03000200040005000006000700080009", "00020003000400050006000700080009", "fefefefefefefefefefefefefefefefe",
}

// serialMark gives nothing for what is no serial number.
func serialMark(kind, value string) []string {
	plain := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(value))
	if len(plain) < 4 || slices.Contains(placeholders, plain) || strings.Trim(plain, plain[:1]) == "" {
		return nil
	}
	return []string{mark(kind, plain)}
}

// enrolled is machine.json.
type enrolled struct {
	Host  string    `json:"host"`
	At    time.Time `json:"at"` // by this PC's clock
	Site  string    `json:"site,omitempty"`
	Label string    `json:"label,omitempty"`
	Marks []string  `json:"marks"`
	// Copy has the marks of the machine on which this disk's copy was found to be one.
	Copy []string `json:"copy,omitempty"`
}

// CopiedError says that the agent's identity is another machine's.
type CopiedError struct {
	Host     string
	Enrolled time.Time
	first    bool // it was not known before
}

func (e *CopiedError) Error() string {
	return fmt.Sprintf("this disk seems to have been copied from %s, which was enrolled on %s: install the agent again here, with an invitation of its own",
		e.Host, e.Enrolled.Format(time.DateOnly))
}

// SameMachine tells whether this is the machine that machine.json in the folder is
// about. Where there is none yet, this machine is it from now on. One mark that agrees is
// enough: network cards and disks are replaced, and then the file is written anew. If not
// one does, the error is a [CopiedError]. A machine that shows no marks is not accused.
func SameMachine(folder string) error { return sameMachine(folder, Machine()) }

func sameMachine(folder string, marks []string) error {
	known, err := readMachine(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errUnreadable):
		return writeMachine(folder, enrolled{Host: hostName(), At: time.Now().UTC().Truncate(time.Second), Marks: marks})
	case err != nil:
		return err
	case len(marks) == 0:
		return nil
	case len(known.Marks) > 0 && !agree(known.Marks, marks):
		return &CopiedError{Host: known.Host, Enrolled: known.At, first: !agree(known.Copy, marks)}
	}
	now := known
	now.Marks, now.Copy = refreshed(known.Marks, marks), nil
	if slices.Equal(now.Marks, known.Marks) && known.Copy == nil {
		return nil
	}
	return writeMachine(folder, now)
}

func agree(a, b []string) bool {
	return slices.ContainsFunc(a, func(mark string) bool { return slices.Contains(b, mark) })
}

// refreshed is what the machine shows now, and of the kinds of which it shows nothing
// what it showed before: root reads more than the service does.
func refreshed(before, now []string) []string {
	kind := func(mark string) string { k, _, _ := strings.Cut(mark, ":"); return k }
	out := slices.Clone(now)
	for _, old := range before {
		if !slices.ContainsFunc(now, func(mark string) bool { return kind(mark) == kind(old) }) {
			out = append(out, old)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Enrolled notes that this machine was enrolled just now, whatever was known before. If
// the agent was another site's until now, or a copy of another machine's, what waits in
// its spool and the document that it kept are not this site's: they are put aside.
func Enrolled(cfg Config, reply api.EnrolReply) error {
	known, err := readMachine(cfg.Folder)
	foreign := err == nil && known.Site != "" && reply.Site != "" && known.Site != reply.Site
	marks := Machine()
	copied := err == nil && len(known.Marks) > 0 && len(marks) > 0 && !agree(known.Marks, marks) && !agree(known.Copy, marks)
	if foreign || copied {
		if err := putAside(cfg.SpoolDir); err != nil {
			return err
		}
	}
	if foreign || copied || len(known.Copy) > 0 {
		if err := forgetDocuments(cfg.Folder); err != nil {
			return err
		}
	}
	return writeMachine(cfg.Folder, enrolled{Host: hostName(), At: time.Now().UTC().Truncate(time.Second), Site: reply.Site, Label: reply.Label, Marks: marks})
}

// forgetDocuments removes what another site was told to measure.
func forgetDocuments(folder string) error {
	for _, name := range []string{documentFile, refusedFile, trialFile} {
		if err := os.Remove(inFolder(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// errUnreadable: then nobody is accused.
var errUnreadable = errors.New("is not what the agent wrote")

func readMachine(folder string) (enrolled, error) {
	var known enrolled
	data, err := readState(folder, machineFile)
	if err != nil {
		return known, err
	}
	if err := json.Unmarshal(data, &known); err != nil {
		return enrolled{}, fmt.Errorf("read %s: %w: %w", machineFile, errUnreadable, err)
	}
	return known, nil
}

func writeMachine(folder string, e enrolled) error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return writeForGood(folder, machineFile, append(data, '\n'), 0o644)
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "?"
	}
	return name
}
