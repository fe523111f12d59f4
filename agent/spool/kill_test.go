package spool

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// writerDir is set in the process that is to be killed: this test binary, run again.
const writerDir = "COMMUNEWATCH_TEST_SPOOL_WRITER"

const writerFailed = 3

func writeUntilKilled(dir string) {
	s, err := Open(Config{Dir: dir, MaxBytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		os.Exit(writerFailed)
	}
	for i := 0; ; i++ {
		seq, err := s.Put(killPayload(i))
		if err != nil {
			fmt.Println(err)
			os.Exit(writerFailed)
		}
		fmt.Println(seq, i)
	}
}

func killPayload(i int) []byte { return append(payload(i), make([]byte, 40_000)...) }

func TestKillNineInMidWritingLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[uint64]int{}
	for run := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerDir+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ { // to the end: what was printed before the kill counts
			var seq uint64
			var i int
			if _, err := fmt.Sscan(lines.Text(), &seq, &i); err != nil {
				t.Fatalf("writer says %q", lines.Text())
			}
			acknowledged[seq] = i
			if n == 10+7*run {
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() == writerFailed {
			t.Fatalf("writer ended with %v by itself", err)
		}
		s := mustOpen(t, dir)
		for seq, i := range acknowledged {
			wantLoad(t, s, seq, killPayload(i))
		}
		if extra := len(s.Sequences()) - len(acknowledged); extra < 0 || extra > run+1 {
			t.Errorf("after kill %d: %d batches beside the acknowledged, want at most one a kill", run+1, extra)
		}
		if s.Stats().Damaged != 0 {
			t.Errorf("after kill %d: %s damaged", run+1, strconv.FormatUint(s.Stats().Damaged, 10))
		}
		mustClose(t, s)
	}
}
