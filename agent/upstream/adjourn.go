package upstream

import "fmt"

// Adjourn says that a trial ended for other reasons than its document's (the agent is
// stopped, the machine switched off): it is offered again, and this does not count.
func (d *Documents) Adjourn(etag string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.heard == etag {
		d.heard = d.current.ETag // or the centre would say for ever that we have it
	}
	if err := d.endTrial(etag); err != nil {
		return fmt.Errorf("adjourn the trial of a document: %w", err)
	}
	return nil
}
