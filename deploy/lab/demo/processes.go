package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"communewatch/agent/office"
	"communewatch/collector/center"
	"communewatch/collector/enrol"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

// process is a child that is ended politely, and by force after a while.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// start runs a program that was built beside this one; what it says goes to a file.
func start(dir, logName, program string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startPath(dir, logName, filepath.Join(filepath.Dir(self), program), args...)
}

func startPath(dir, logName, path string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, logName), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	tie(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// collector is the running collector and how to reach it.
type collector struct {
	process *process
	agents  string // host:port
	page    string // URL
	pin     string
	tokens  map[string]string
	store   *store.Store
}

func (c *collector) stop() { c.process.stop() }

func (d *demo) startCollector(ctx context.Context) (*collector, error) {
	d.say("demo.starting")
	data := filepath.Join(d.dir, "collector")
	agents, page, influx := freePort(0), freePort(8480), freePort(0)
	c := &collector{agents: agents, page: "http://" + page + "/"}
	var err error
	if c.pin, c.tokens, err = d.enrolAll(data); err != nil {
		return nil, err
	}
	config := filepath.Join(d.dir, "collector.yaml")
	text := fmt.Sprintf("data: %s\nlisten: %s\npage: %s\ninterval: %s\ncalendar: always\ninfluxdb:\n  listen: %s\n", data, agents, page, interval, influx)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	if c.process, err = start(d.dir, "collector.log", "communewatch-collector", "serve", "--config", config); err != nil {
		return nil, err
	}
	if err := c.ready(ctx, "http://"+page+"/readyz"); err != nil {
		c.stop()
		return nil, err
	}
	token, err := embedded.Credential(center.InfluxDir(data))
	if err == nil {
		c.store, err = store.New(store.Config{URL: "http://" + influx, Token: token, Database: "communewatch"}, store.Deps{Log: quietLog})
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (d *demo) enrolAll(data string) (string, map[string]string, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", nil, err
	}
	authority, err := enrol.OpenAuthority(center.KeysDir(data))
	if err != nil {
		return "", nil, err
	}
	tokens, err := enrol.OpenTokens(center.TokensFile(data))
	if err != nil {
		return "", nil, err
	}
	ids := make([]string, len(d.sites))
	for i, s := range d.sites {
		ids[i] = s.ID
	}
	issued, err := tokens.IssueAll(ids, "a1")
	return authority.Pin(), issued, err
}

// ready waits until a write could be stored.
func (c *collector) ready(ctx context.Context, url string) error {
	client := &http.Client{Timeout: 2 * time.Second}
	for range 600 {
		if response, err := client.Get(url); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.process.done:
			return errors.New("the collector ended, see " + c.process.log)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the collector is not ready after a minute, see " + c.process.log)
}

// realAgent is the built agent, measuring this machine.
type realAgent struct {
	*process
	snmpd *process
}

func (a *realAgent) stop() {
	a.process.stop()
	if a.snmpd != nil {
		a.snmpd.stop()
	}
}

func (d *demo) startAgent(ctx context.Context, c *collector, site string) (*realAgent, error) {
	a := &realAgent{}
	targets := "- {name: this-machine, address: 127.0.0.1, role: gateway}\n- {name: collector, address: 127.0.0.1, role: uplink}\n"
	if port, ok := d.startSNMP(a); ok {
		targets += fmt.Sprintf("- {name: snmpd, address: 127.0.0.1, role: device, snmp: {version: 2c, port: %d, community: demo}}\n", port)
	}
	text := fmt.Sprintf("collector:\n  url: https://%s\n  pin: %s\n  token: %s\ninterval: %s\ntargets:\n%s", c.agents, c.pin, c.tokens[site], interval, targets)
	config := filepath.Join(d.dir, "agent.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var err error
	a.process, err = start(d.dir, "agent.log", "communewatch-agent", "run", "--config", config)
	if err != nil && a.snmpd != nil {
		a.snmpd.stop()
	}
	return a, err
}

// startSNMP gives the real agent a device to ask, if Debian's snmpd is there.
func (d *demo) startSNMP(a *realAgent) (port int, ok bool) {
	path, err := exec.LookPath("snmpd")
	if err != nil {
		path = "/usr/sbin/snmpd" // not on the PATH of an ordinary user
		if _, err := os.Stat(path); err != nil {
			d.say("demo.no_snmpd")
			return 0, false
		}
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, false
	}
	port = socket.LocalAddr().(*net.UDPAddr).Port
	socket.Close()
	config := filepath.Join(d.dir, "snmpd.conf")
	text := fmt.Sprintf("agentAddress udp:127.0.0.1:%d\nrocommunity demo 127.0.0.1\n", port)
	if os.WriteFile(config, []byte(text), 0o600) != nil {
		return 0, false
	}
	a.snmpd, err = startPath(d.dir, "snmpd.log", path, "-f", "-Lo", "-C", "-c", config, "-I", "-smux", "-p", filepath.Join(d.dir, "snmpd.pid"))
	return port, err == nil
}

var ledger = regexp.MustCompile(`msg="agent stopped".* measured=(\d+) stored=(\d+) rejected=(\d+) dropped=(\d+) pending=(\d+)`)

// counts stops the agent and reads from its log what it measured.
func (a *realAgent) counts() (office.Counts, error) {
	a.stop()
	data, err := os.ReadFile(a.log)
	if err != nil {
		return office.Counts{}, err
	}
	m := ledger.FindSubmatch(data)
	if m == nil {
		return office.Counts{}, errors.New("the agent did not end as it should, see " + a.log)
	}
	n := make([]int64, len(m))
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.ParseInt(string(m[i]), 10, 64) // digits by the expression
	}
	return office.Counts{Measured: n[1], Stored: n[2], Rejected: n[3], Dropped: n[4], Pending: n[5]}, nil
}

// freePort is an address on loopback with the wanted port if nobody has it.
func freePort(wanted int) string {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Sprintf("127.0.0.1:%d", wanted)
		}
	}
	defer l.Close()
	return l.Addr().String()
}
