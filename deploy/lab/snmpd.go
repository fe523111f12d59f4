package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoSNMP says that Debian's snmpd is not installed.
var ErrNoSNMP = errors.New("no snmpd here; `make setup` installs it")

// StartSNMP runs Debian's snmpd on a free port of loopback. conf is added to its
// configuration: communities and users.
func StartSNMP(dir, conf string) (*Process, int, error) {
	path, err := exec.LookPath("snmpd")
	if err != nil {
		path = "/usr/sbin/snmpd" // not on the PATH of an ordinary user
		if _, err := os.Stat(path); err != nil {
			return nil, 0, ErrNoSNMP
		}
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, 0, err
	}
	port := socket.LocalAddr().(*net.UDPAddr).Port
	socket.Close()
	file := filepath.Join(dir, "snmpd.conf")
	text := fmt.Sprintf("[snmp] persistentDir %s\nagentAddress udp:127.0.0.1:%d\n%s\n", dir, port, conf)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, 0, err
	}
	p, err := Start(filepath.Join(dir, "snmpd.log"), path, "-f", "-Lo", "-C", "-c", file, "-I", "-smux", "-p", filepath.Join(dir, "snmpd.pid"))
	return p, port, err
}
