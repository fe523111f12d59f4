package upstream

import "testing"

func TestATrialThatIsAdjournedDoesNotCount(t *testing.T) {
	folder := t.TempDir()
	for range 3 * trials {
		d := openDocuments(t, folder)
		if offered, err := d.received(t, documented("v1", "a")); !offered || err != nil {
			t.Fatalf("offered %v, %v, problem %q", offered, err, d.Problem())
		}
		if err := d.Adjourn("another"); err != nil { // is not this one's
			t.Fatal(err)
		}
		if err := d.Adjourn("v1"); err != nil {
			t.Fatal(err)
		}
	}
}
