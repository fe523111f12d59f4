package office

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// uptime counts sleep too.
func uptime() time.Duration { return windows.DurationSinceBoot() }

// processRuns: a process that ended and is still held open by somebody has an exit code.
func processRuns(pid int) bool {
	const still = 259 // STILL_ACTIVE
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(process)
	var code uint32
	return windows.GetExitCodeProcess(process, &code) == nil && code == still
}
