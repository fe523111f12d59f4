package office

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machineAt writes a file tree as sysfs shows it; "-> " makes a link.
func machineAt(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(filepath.Join(root, to), path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestMarksAreReadFromSysfs(t *testing.T) {
	disk := func(serial string) string { return serialMark(markDisk, serial)[0] }
	for name, c := range map[string]struct {
		files  map[string]string
		device string
		want   []string
	}{
		"a PC with an NVMe disk": {map[string]string{
			"sys/class/dmi/id/product_uuid":           "4c4c4544-0042-3510-8052-b4c04f563332\n",
			"sys/class/dmi/id/board_serial":           "/ABC1234/CN123/\n",
			"sys/class/net/eth0/device":               "-> sys",
			"sys/class/net/eth0/address":              "3c:52:82:01:02:03\n",
			"sys/class/net/eth0/addr_assign_type":     "0\n",
			"sys/class/net/docker0/address":           "02:42:ac:11:00:01\n",
			"sys/class/net/docker0/addr_assign_type":  "3\n",
			"sys/class/net/wlan0/device":              "-> sys",
			"sys/class/net/wlan0/address":             "3c:52:82:0a:0b:0c\n", // NetworkManager made it up
			"sys/class/net/wlan0/addr_assign_type":    "3\n",
			"sys/devices/nvme0n1/dev":                 "259:0\n",
			"sys/devices/nvme0n1/device/serial":       "S3Z9NB0K123456 \n",
			"sys/devices/nvme0n1/nvme0n1p2/partition": "2\n",
			"sys/devices/nvme0n1/nvme0n1p2/dev":       "259:2\n",
			"sys/dev/block/259:2":                     "-> sys/devices/nvme0n1/nvme0n1p2",
		}, "259:2", []string{
			serialMark(markUUID, "4c4c4544-0042-3510-8052-b4c04f563332")[0], serialMark(markBoard, "ABC1234CN123")[0],
			macMark([]byte("\x3c\x52\x82\x01\x02\x03"))[0], disk("S3Z9NB0K123456"),
		}},
		"LVM on two disks, LUKS below one": {map[string]string{
			"sys/dev/block/253:1":              "-> sys/devices/dm-1",
			"sys/devices/dm-1/slaves/dm-0/dev": "253:0\n",
			"sys/devices/dm-1/slaves/sdb1/dev": "8:17\n",
			"sys/dev/block/253:0":              "-> sys/devices/dm-0",
			"sys/devices/dm-0/slaves/sda1/dev": "8:1\n",
			"sys/dev/block/8:1":                "-> sys/devices/sda/sda1",
			"sys/devices/sda/sda1/partition":   "1\n",
			"sys/devices/sda/dev":              "8:0\n",
			"sys/devices/sda/device/vpd_pg80":  "\x00\x80\x00\x08WD-AAA11",
			"sys/dev/block/8:17":               "-> sys/devices/sdb/sdb1",
			"sys/devices/sdb/sdb1/partition":   "1\n",
			"sys/devices/sdb/dev":              "8:16\n",
			"run/udev/data/b8:16":              "S:disk/by-id/x\nE:ID_SERIAL=Maker_X_BBB22\nE:ID_SERIAL_SHORT=BBB22\n",
		}, "253:1", []string{disk("WDAAA11"), disk("BBB22")}},
		"a small box with eMMC": {map[string]string{
			"sys/dev/block/179:1":                     "-> sys/devices/mmcblk0/mmcblk0p1",
			"sys/devices/mmcblk0/mmcblk0p1/partition": "1\n",
			"sys/devices/mmcblk0/device/cid":          "150100424a5444345205\n",
		}, "179:1", []string{disk("150100424a5444345205")}},
		"mapped devices in a circle": {map[string]string{
			"sys/dev/block/253:0":              "-> sys/devices/dm-0",
			"sys/devices/dm-0/slaves/dm-0/dev": "253:0\n",
		}, "253:0", nil},
		"nothing": {nil, "8:1", nil},
		"no device below the root": {map[string]string{
			"sys/devices/sda/device/serial": "ABC1234\n",
		}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := marksBelow(machineAt(t, c.files), c.device)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAContainerHasNoMarks(t *testing.T) {
	if !inContainer(machineAt(t, map[string]string{".dockerenv": ""})) || inContainer(machineAt(t, nil)) {
		t.Error("a container is not told from a machine")
	}
}

func TestMarksOfThisMachineAreStable(t *testing.T) {
	if a, b := Machine(), Machine(); !slices.Equal(a, b) || !slices.IsSorted(a) {
		t.Errorf("%v, then %v", a, b)
	}
}
