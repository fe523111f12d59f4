package office

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// machineMarks asks Windows; none of it needs an administrator.
func machineMarks() []string {
	marks := smbiosMarks(smbiosTable())
	for adapter := adapters(); adapter != nil; adapter = adapter.Next {
		marks = append(marks, adapterMark(adapter)...)
	}
	return append(marks, serialMark(markDisk, systemDiskSerial())...)
}

var (
	firmwareTable = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemFirmwareTable")
	ifEntry       = windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetIfEntry2")
)

// smbiosTable is what stands behind the eight bytes of RawSMBIOSData.
func smbiosTable() []byte {
	const rawSMBIOS, header, most = 'R'<<24 | 'S'<<16 | 'M'<<8 | 'B', 8, 1 << 20
	size, _, _ := firmwareTable.Call(rawSMBIOS, 0, 0, 0)
	if size <= header || size > most {
		return nil
	}
	buffer := make([]byte, size)
	got, _, _ := firmwareTable.Call(rawSMBIOS, 0, uintptr(unsafe.Pointer(&buffer[0])), size)
	if got <= header || got > size {
		return nil
	}
	return buffer[header:got]
}

// adapterMark is that of an Ethernet or Wi-Fi card of hardware, by the address that its
// maker gave it: Windows uses others on Wi-Fi where it is told to.
func adapterMark(adapter *windows.IpAdapterAddresses) []string {
	const ethernet, wifi, hardware = 6, 71, 1 // ifType; InterfaceAndOperStatusFlags.HardwareInterface
	if adapter.IfType != ethernet && adapter.IfType != wifi {
		return nil
	}
	row := windows.MibIfRow2{InterfaceLuid: adapter.Luid}
	if failed, _, _ := ifEntry.Call(uintptr(unsafe.Pointer(&row))); failed != 0 || row.InterfaceAndOperStatusFlags&hardware == 0 {
		return nil
	}
	return macMark(row.PermanentPhysicalAddress[:6])
}

// systemDiskSerial asks the disk below the volume with Windows, opened without any
// rights to it.
func systemDiskSerial() string {
	folder, err := windows.GetSystemWindowsDirectory()
	if err != nil || len(folder) < 2 || folder[1] != ':' {
		return ""
	}
	name, err := windows.UTF16PtrFromString(`\\.\` + folder[:2])
	if err != nil {
		return ""
	}
	volume, err := windows.CreateFile(name, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(volume)
	const queryProperty = 0x2D1400 // IOCTL_STORAGE_QUERY_PROPERTY
	var query [12]byte             // STORAGE_PROPERTY_QUERY: StorageDeviceProperty, PropertyStandardQuery
	var answer [1024]byte
	var n uint32
	if err := windows.DeviceIoControl(volume, queryProperty, &query[0], uint32(len(query)), &answer[0], uint32(len(answer)), &n, nil); err != nil {
		return ""
	}
	return storageSerial(answer[:n])
}
