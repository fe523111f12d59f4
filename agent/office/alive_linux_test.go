package office

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestAProcessThatWasKilledDoesNotRunThoughNobodyHasBuriedIt(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if !processRuns(pid) || !processRuns(os.Getpid()) || !processRuns(1) {
		t.Error("a running one does not run")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); processRuns(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a killed one runs")
		}
	}
	_ = cmd.Wait() // it was killed
	if processRuns(pid) || processRuns(0) || processRuns(-1) {
		t.Error("what is gone runs")
	}
}
