//go:build integration

package lab

import (
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// satellite connects the office by two TUN devices, between which this process carries
// each packet so much later: there and back it is twice that. (netem is not everywhere.)
func satellite(later time.Duration) func(*remoteOffice) {
	return func(o *remoteOffice) {
		o.t.Helper()
		near, far := o.tun(o.near), o.tun(o.far)
		command(o.t, "", "ip", "link", "set", o.far, "netns", o.namespace)
		var carrying sync.WaitGroup
		carrying.Go(func() { carry(near, far, later) })
		carrying.Go(func() { carry(far, near, later) })
		o.t.Cleanup(func() {
			near.Close()
			far.Close()
			carrying.Wait()
		})
	}
}

func (o *remoteOffice) tun(name string) *os.File {
	o.t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		o.t.Fatalf("open a TUN device (needs root: run `make test` as root): %v", err)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		o.t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { exec.Command("ip", "link", "del", name).Run() })
	return os.NewFile(uintptr(fd), name)
}

// carry ends when a device is closed. What is under way is bounded, as in space.
func carry(from, to *os.File, later time.Duration) {
	type packet struct {
		due  time.Time
		data []byte
	}
	underWay := make(chan packet, 4096)
	var writing sync.WaitGroup
	writing.Go(func() {
		for p := range underWay {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				continue // closed, or down: lost
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			break
		}
		select {
		case underWay <- packet{time.Now().Add(later), append([]byte(nil), buffer[:n]...)}:
		default: // full: lost
		}
	}
	close(underWay)
	writing.Wait()
}
