package icmp

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// asProgram is what this binary does instead of tests when it is started as an agent of
// its own; nil where no test does that.
var asProgram func(order string)

// orderVariable holds what a program is to do.
const orderVariable = "COMMUNEWATCH_TEST_ROUND"

func TestMain(m *testing.M) {
	if order, ok := os.LookupEnv(orderVariable); ok && asProgram != nil {
		asProgram(order)
		return
	}
	flag.Parse()
	flag.Set("test.parallel", "10") // these tests wait more than they work
	goleak.VerifyTestMain(m)
}
