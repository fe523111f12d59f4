//go:build integration && long

package doctor

import "testing"

// silentAbout makes a line of 1400 bytes whose router does not say so.
func silentAbout(t *testing.T, echoes bool) *chain {
	c := newChain(t, echoes)
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400")
	c.filter(2, "output", "icmp type destination-unreachable drop\nicmpv6 type packet-too-big drop")
	return c
}

func TestASmallerLineIsFoundAlsoIfItsRouterKeepsSilent(t *testing.T) {
	t.Parallel()
	c := silentAbout(t, true)
	for _, to := range []string{far4, far6} {
		if got, _ := c.mtu(to); got != (mtu{bytes: 1400}) {
			t.Errorf("%s: %+v", to, got)
		}
	}
}

// Linux says once a second that a port is not open, and six times at first.
func TestAHostThatRationsItsAnswersIsNotTakenForASmallerLine(t *testing.T) {
	for _, w := range ways[2:] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := silentAbout(t, w.echoes)
			c.run("", "ip", "netns", "exec", c.names[4], "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000", "net.ipv6.icmp.ratelimit=1000")
			if got, _ := c.mtu(w.to); got != (mtu{bytes: 1400}) {
				t.Errorf("%+v", got)
			}
		})
	}
}
