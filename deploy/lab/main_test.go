package lab

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or, started by one of them, an office that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == officeProcess {
		if err := runOffice(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
