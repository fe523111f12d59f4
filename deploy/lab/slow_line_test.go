//go:build integration

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// cable connects the office by a virtual cable of a rate, both ways, with the deep
// buffers that slow lines have.
func cable(rate string) func(*remoteOffice) {
	return func(o *remoteOffice) {
		o.t.Helper()
		command(o.t, "", "ip", "link", "add", o.near, "type", "veth", "peer", "name", o.far, "netns", o.namespace)
		o.t.Cleanup(func() { exec.Command("ip", "link", "del", o.near).Run() })
		// Packets as they are on a line, not the kernel's larger ones.
		command(o.t, "", "ip", "link", "set", o.near, "gso_max_segs", "1")
		o.inside("ip", "link", "set", o.far, "gso_max_segs", "1")
		if rate == "" {
			return
		}
		shape := func(end string) []string {
			return []string{"qdisc", "add", "dev", end, "root", "tbf", "rate", rate, "burst", "1600", "latency", "3s"}
		}
		command(o.t, "", "tc", shape(o.near)...)
		o.inside("tc", shape(o.far)...)
	}
}

// lossy loses packets each way, those for which nftables' numgen says so. They are
// lost where they come in: of a packet dropped where it leaves, its sender knows.
func (o *remoteOffice) lossy(numgen string) {
	o.t.Helper()
	rules := func(device string) string {
		return fmt.Sprintf("table netdev %s {\n\tchain lost {\n\t\ttype filter hook ingress device %q priority 0;\n"+
			"\t\tmeta protocol ip numgen %s counter drop\n\t}\n}\n", o.losses(), device, numgen)
	}
	command(o.t, rules(o.near), "nft", "-f", "-")
	o.t.Cleanup(func() { exec.Command("nft", "delete", "table", "netdev", o.losses()).Run() })
	command(o.t, rules(o.far), "ip", "netns", "exec", o.namespace, "nft", "-f", "-")
}

func (o *remoteOffice) losses() string { return fmt.Sprintf("cwlossy_%d_%d", os.Getpid(), o.subnet) }

var countedPackets = regexp.MustCompile(`counter packets (\d+)`)

// wantLost holds that packets were lost on the way here, and on the way to the office.
func (o *remoteOffice) wantLost() {
	o.t.Helper()
	list := []string{"nft", "list", "table", "netdev", o.losses()}
	for way, args := range map[string][]string{"up": list, "down": append([]string{"ip", "netns", "exec", o.namespace}, list...)} {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		m := countedPackets.FindSubmatch(out)
		if err != nil || m == nil {
			o.t.Fatalf("%v: %v\n%s", args, err, out)
		}
		o.t.Logf("lost on the way %s: %s packets", way, m[1])
		if string(m[1]) == "0" {
			o.t.Errorf("nothing was lost on the way %s", way)
		}
	}
}

// flap takes the line up and down in turn until the test ends.
func (o *remoteOffice) flap(up, down time.Duration) {
	stop := make(chan struct{})
	var flapping sync.WaitGroup
	flapping.Go(func() {
		for {
			for _, state := range []struct {
				name string
				last time.Duration
			}{{"up", up}, {"down", down}} {
				exec.Command("ip", "link", "set", o.near, state.name).Run()
				select {
				case <-stop:
					exec.Command("ip", "link", "set", o.near, "up").Run()
					return
				case <-time.After(state.last):
				}
			}
		}
	})
	o.t.Cleanup(func() { close(stop); flapping.Wait() })
}
