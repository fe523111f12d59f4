//go:build !linux

package lab

import "os/exec"

// tie is Linux's; elsewhere a killed demo leaves its children behind.
func tie(*exec.Cmd) {}
