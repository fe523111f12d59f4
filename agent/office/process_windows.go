package office

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// cpuTime is what the process has used, user and kernel.
func cpuTime() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return duration(kernel) + duration(user)
}

// duration reads a Filetime that is a span, in units of 100 ns.
func duration(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}

// memoryCounters is PROCESS_MEMORY_COUNTERS of psapi.h.
type memoryCounters struct {
	size             uint32
	pageFaults       uint32
	peakWorkingSet   uintptr
	workingSet       uintptr
	quotaPeakPaged   uintptr
	quotaPaged       uintptr
	quotaPeakNonPage uintptr
	quotaNonPage     uintptr
	pagefile         uintptr
	peakPagefile     uintptr
}

var processMemoryInfo = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// residentBytes is the working set; 0 where the system does not say.
func residentBytes() int64 {
	var m memoryCounters
	m.size = uint32(unsafe.Sizeof(m))
	if ok, _, _ := processMemoryInfo.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&m)), uintptr(m.size)); ok == 0 {
		return 0
	}
	return int64(m.workingSet)
}
