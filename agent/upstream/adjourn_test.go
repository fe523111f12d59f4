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

func TestADocumentWhoseTrialIsAdjournedIsAskedForAgainInTheSameRun(t *testing.T) {
	d := openDocuments(t, t.TempDir())
	good := documented("v1", "a")
	if _, err := d.received(t, good); err != nil {
		t.Fatal(err)
	}
	must(t, d.Commit(<-d.Offers()))
	if _, err := d.received(t, documented("v2", "b")); err != nil {
		t.Fatal(err)
	}
	<-d.Offers()
	must(t, d.Adjourn("v2"))
	if got := d.newest(); got != "v1" {
		t.Errorf("the centre need not send %s again", got)
	}
	if offered, err := d.received(t, documented("v2", "b")); !offered || err != nil {
		t.Errorf("offered %v, %v", offered, err)
	}
}
