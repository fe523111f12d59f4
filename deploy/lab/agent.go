package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"communewatch/agent/office"
)

// Agent is a built agent.
type Agent struct {
	*Process
	Dir string // its agent.yaml and spool
}

// StartAgent runs bin/communewatch-agent in dir; more is further lines of agent.yaml, targets the list of what it
// measures. Started again in the same dir it goes on with its spool.
func StartAgent(bin, dir, url, pin, token string, interval time.Duration, more, targets string) (*Agent, error) {
	text := fmt.Sprintf("collector:\n  url: %s\n  pin: %s\n  token: %s\ninterval: %s\n%stargets:\n%s", url, pin, token, interval, more, targets)
	config := filepath.Join(dir, "agent.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p, err := Start(filepath.Join(dir, "agent.log"), filepath.Join(bin, "communewatch-agent"), "run", "--config", config)
	return &Agent{p, dir}, err
}

var ledger = regexp.MustCompile(`msg="agent stopped".* measured=(\d+) stored=(\d+) rejected=(\d+) dropped=(\d+) pending=(\d+)`)

// Counts reads from the log of a stopped agent what it measured and what became of it.
func (a *Agent) Counts() (office.Counts, error) {
	data, err := os.ReadFile(a.Log)
	if err != nil {
		return office.Counts{}, err
	}
	m := ledger.FindSubmatch(data)
	if m == nil {
		return office.Counts{}, fmt.Errorf("the agent did not end as it should, see %s", a.Log)
	}
	n := make([]int64, len(m))
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.ParseInt(string(m[i]), 10, 64) // digits by the expression
	}
	return office.Counts{Measured: n[1], Stored: n[2], Rejected: n[3], Dropped: n[4], Pending: n[5]}, nil
}
