//go:build integration

package lab

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// command runs one program of iproute2 or nftables.
func command(t *testing.T, input, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s(needs root, and `make setup` once)", name, strings.Join(args, " "), err, out)
	}
}

// farNet makes a network namespace behind a virtual cable and says where its addresses
// begin: 2 answers, 3 loses every tenth echo, 4 all of them.
func farNet(t *testing.T) (prefix string) {
	t.Helper()
	prefix = fmt.Sprintf("198.18.%d.", freeSubnet(t))
	name := fmt.Sprintf("cwlab%d", os.Getpid())
	near, far := fmt.Sprintf("cwa%d", os.Getpid()), fmt.Sprintf("cwb%d", os.Getpid())
	command(t, "", "ip", "netns", "add", name)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	command(t, "", "ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
	t.Cleanup(func() { exec.Command("ip", "link", "del", near).Run() })
	command(t, "", "ip", "addr", "add", prefix+"1/24", "dev", near)
	command(t, "", "ip", "link", "set", near, "up")
	for _, last := range []string{"2", "3", "4"} {
		command(t, "", "ip", "-n", name, "addr", "add", prefix+last+"/24", "dev", far)
	}
	command(t, "", "ip", "-n", name, "link", "set", far, "up")
	command(t, fmt.Sprintf(`table ip lab {
	chain input {
		type filter hook input priority 0;
		ip daddr %[1]s3 icmp type echo-request numgen inc mod 10 == 0 drop
		ip daddr %[1]s4 icmp type echo-request drop
	}
}
`, prefix), "ip", "netns", "exec", name, "nft", "-f", "-")
	return prefix
}

// binomial99 is the interval in which the lost of n packets lie with 99 %, at loss p
// (normal approximation, widened by the continuity correction).
func binomial99(n int64, p float64) (low, high float64) {
	half := 2.576*math.Sqrt(float64(n)*p*(1-p)) + 0.5
	return float64(n)*p - half, float64(n)*p + half
}

func TestInjectedLossStandsInInfluxDBAsItWasInjected(t *testing.T) {
	prefix := farNet(t)
	c := startCollector(t, site)
	dir := t.TempDir()
	targets := fmt.Sprintf(`- {name: clear, address: %[1]s2, role: gateway}
- {name: tenth, address: %[1]s3, role: uplink}
- {name: dead, address: %[1]s4, role: uplink}
`, prefix)
	began := time.Now()
	agent, err := StartAgent(bin(t), dir, "https://"+c.Agents, c.Pin, c.Tokens[site], 2*time.Second, "packets: 50\n", targets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Stop)
	type sum struct{ sent, received int64 }
	var sums map[string]sum
	until(t, "300 echoes to each target in InfluxDB", func() bool {
		series, err := c.Store.Select(t.Context(), store.Query{Measurement: "ping", By: []string{api.TagTarget},
			Select: []store.Selector{{Field: "sent"}, {Field: "received"}}, From: began, To: time.Now().Add(time.Minute)})
		if err != nil {
			return false
		}
		sums = map[string]sum{}
		for _, s := range series {
			total := sums[s.Tags[api.TagTarget]]
			for _, row := range s.Rows {
				total.sent += row.Values["sent"].Integer()
				total.received += row.Values["received"].Integer()
			}
			sums[s.Tags[api.TagTarget]] = total
		}
		return sums["clear"].sent >= 300 && sums["tenth"].sent >= 300 && sums["dead"].sent >= 300
	})
	for target, p := range map[string]float64{"clear": 0, "tenth": 0.1, "dead": 1} {
		low, high := binomial99(sums[target].sent, p)
		lost := float64(sums[target].sent - sums[target].received)
		if lost < low || lost > high {
			t.Errorf("%s: %v of %d lost, want %.1f to %.1f", target, lost, sums[target].sent, low, high)
		}
	}
}

func TestServeWithNoFlagsAtAllWorks(t *testing.T) {
	// In a namespace of its own, so that the default ports are free whatever runs here.
	name := fmt.Sprintf("cwserve%d", os.Getpid())
	command(t, "", "ip", "netns", "add", name)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	command(t, "", "ip", "-n", name, "link", "set", "lo", "up")
	dir := t.TempDir()
	log := dir + "/log"
	t.Setenv("STATE_DIRECTORY", dir+"/state")
	p, err := Start(log, "ip", "netns", "exec", name, bin(t)+"/communewatch-collector", "serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	inside := func(args ...string) string {
		out, _ := exec.Command("ip", append([]string{"netns", "exec", name, "curl", "-sk", "--max-time", "5"}, args...)...).Output()
		return string(out)
	}
	until(t, "a collector that is ready", func() bool {
		return inside("-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8480/readyz") == "200"
	})
	for url, want := range map[string]string{
		"http://127.0.0.1:8480/":               "Tình trạng mạng các xã",
		"http://127.0.0.1:8480/metrics":        "communewatch_",
		"https://127.0.0.1:8443/healthz":       "ok",
		"https://127.0.0.1:8443/api/v2/write":  `"unauthorized"`,
		"http://127.0.0.1:8480/site/bd-21997":  "Xã Canh Liên",
		"https://127.0.0.1:8443/no/such/thing": `"not_found"`,
	} {
		if got := inside("-X", map[bool]string{true: "POST", false: "GET"}[strings.HasSuffix(url, "write")], url); !strings.Contains(got, want) {
			t.Errorf("%s has no %q: %.300s", url, want, got)
		}
	}
}
