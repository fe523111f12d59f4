package office

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMarks reads sysfs. What only root may read (UUID, board) is missing for others.
func machineMarks() []string {
	if inContainer("/") {
		return nil
	}
	return marksBelow("/", deviceOf("/"))
}

// inContainer: there the machine is not the container's, and may be another tomorrow.
func inContainer(root string) bool {
	for _, sign := range []string{".dockerenv", "run/.containerenv", "run/systemd/container"} {
		if _, err := os.Lstat(filepath.Join(root, sign)); err == nil {
			return true
		}
	}
	return false
}

func marksBelow(root, device string) []string {
	marks := serialMark(markUUID, readLine(root, "sys/class/dmi/id/product_uuid"))
	marks = append(marks, serialMark(markBoard, readLine(root, "sys/class/dmi/id/board_serial"))...)
	cards, _ := filepath.Glob(filepath.Join(root, "sys/class/net/*/device")) // virtual ones have none
	for _, card := range cards {
		folder := filepath.Dir(card)
		// NET_ADDR_PERM, the maker's (include/uapi/linux/netdevice.h): not one made up or set.
		if readLine(folder, "addr_assign_type") != "0" {
			continue
		}
		address, err := hex.DecodeString(strings.ReplaceAll(readLine(folder, "address"), ":", ""))
		if err == nil {
			marks = append(marks, macMark(address)...)
		}
	}
	for _, disk := range disksOf(root, device, 0) {
		marks = append(marks, diskMark(root, disk)...)
	}
	return marks
}

// deviceOf is the number of the block device with a file, "8:1"; empty for none.
func deviceOf(file string) string {
	var st unix.Stat_t
	if unix.Stat(file, &st) != nil || unix.Major(uint64(st.Dev)) == 0 { // 0: no device of its own (overlay, tmpfs, btrfs)
		return ""
	}
	return strconv.Itoa(int(unix.Major(uint64(st.Dev)))) + ":" + strconv.Itoa(int(unix.Minor(uint64(st.Dev))))
}

// disksOf gives the folders in sysfs of the disks below a device: what a partition is
// part of, and what a mapped device (LVM, LUKS, RAID) lies on.
func disksOf(root, device string, depth int) []string {
	const deepest, most = 5, 16
	if device == "" || depth > deepest {
		return nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Join(root, "sys/dev/block", device))
	if err != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "partition")); err == nil {
		folder = filepath.Dir(folder)
	}
	below, _ := filepath.Glob(filepath.Join(folder, "slaves/*/dev"))
	if len(below) == 0 {
		return []string{folder}
	}
	var disks []string
	for _, file := range below[:min(most, len(below))] {
		disks = append(disks, disksOf(root, readLine(filepath.Dir(file), "dev"), depth+1)...)
	}
	return disks
}

// diskMark reads the serial number where the kind of disk has it: NVMe, eMMC, virtio,
// SCSI (VPD page 80h behind its four bytes of header, SPC-4 §7.8.15), and for SATA what
// udev found out.
func diskMark(root, disk string) []string {
	for _, name := range []string{"device/serial", "serial", "device/cid"} {
		if m := serialMark(markDisk, readLine(disk, name)); m != nil {
			return m
		}
	}
	if page := read(disk, "device/vpd_pg80"); len(page) > 4 {
		if m := serialMark(markDisk, page[4:]); m != nil {
			return m
		}
	}
	for line := range strings.Lines(read(root, "run/udev/data/b"+readLine(disk, "dev"))) {
		if serial, found := strings.CutPrefix(strings.TrimSpace(line), "E:ID_SERIAL_SHORT="); found {
			return serialMark(markDisk, serial)
		}
	}
	return nil
}

func read(folder, name string) string {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return ""
	}
	return string(data)
}

func readLine(folder, name string) string { return strings.TrimSpace(read(folder, name)) }
