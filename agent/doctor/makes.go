package doctor

import (
	"net"
	"slices"
	"strings"

	"communewatch/collector/say"
)

// maker is a maker's way of turning SNMP on.
type maker struct {
	name    string   // key "doctor.make_<name>"
	kind    string   // as Vendor has it
	objects []string // what its devices' sysObjectID begins with, below 1.3.6.1.4.1
	vendors []string // Vendor.Name
}

// makes: the first that matches counts, so what is more exact stands before.
var makes = []maker{
	{"mikrotik", "network", []string{"14988"}, []string{"MikroTik"}},
	{"draytek", "network", []string{"7367"}, []string{"DrayTek"}},
	{"tplink", "network", []string{"11863"}, []string{"TP-Link", "Mercusys"}},
	{"dlink", "network", []string{"171"}, []string{"D-Link"}},
	{"ciscosb", "network", []string{"9.6.1"}, nil},
	{"cisco", "network", []string{"9"}, []string{"Cisco", "Linksys"}},
	{"aruba", "network", []string{"14823", "47196", "11.2.3.7.11"}, []string{"Aruba", "HPE"}},
	{"h3c", "network", []string{"25506"}, []string{"H3C"}},
	{"ruijie", "network", []string{"4881", "52642"}, []string{"Ruijie"}},
	{"huawei", "network", []string{"2011"}, []string{"Huawei"}},
	{"zte", "network", []string{"3902"}, []string{"ZTE"}},
	{"ubiquiti", "network", []string{"41112", "10002", "4413"}, []string{"Ubiquiti"}},
	{"fortinet", "network", []string{"12356"}, []string{"Fortinet"}},
	{"synology", "nas", []string{"6574"}, []string{"Synology"}},
	{"qnap", "nas", []string{"24681", "55062"}, []string{"QNAP"}},
	{"hpprinter", "printer", []string{"11.2.3.9"}, []string{"HP"}},
	{"canon", "printer", []string{"1602"}, []string{"Canon"}},
	{"brother", "printer", []string{"2435"}, []string{"Brother"}},
	{"ricoh", "printer", []string{"367"}, []string{"Ricoh"}},
	{"printer", "printer", []string{"1129.2.3", "1248", "1347", "18334", "2001", "236.11", "2385", "253", "641", "40093", "258"},
		[]string{"Epson", "Xerox", "Konica Minolta", "Kyocera", "Lexmark", "OKI", "Pantum", "Sharp", "Toshiba Tec", "Zebra"}},
	{"apc", "ups", []string{"318"}, []string{"APC", "Schneider Electric"}},
	{"eaton", "ups", []string{"534", "705"}, []string{"Eaton"}},
	{"cyberpower", "ups", []string{"3808"}, []string{"CyberPower"}},
	{"ups", "ups", []string{"935", "2254.2", "476.1.42", "5491", "850"}, []string{"Delta", "Vertiv", "Socomec"}},
	{"hikvision", "camera", []string{"50001", "39165"}, []string{"Hikvision", "Ezviz"}},
	{"dahua", "camera", []string{"1004849"}, []string{"Dahua"}},
	{"linux", "pc", []string{"8072.3.2"}, []string{"Raspberry Pi"}},
	{"windows", "pc", []string{"311.1.1.3"}, nil},
}

const enterprises = "1.3.6.1.4.1."

// makeOf goes by what a device said it is, else by its network card.
func makeOf(object string, mac net.HardwareAddr) (maker, bool) {
	if number, ok := strings.CutPrefix(strings.TrimPrefix(object, "."), enterprises); ok {
		return makeWhere(func(m maker) bool {
			return slices.ContainsFunc(m.objects, func(o string) bool { return number == o || strings.HasPrefix(number, o+".") })
		})
	}
	vendor := VendorOf(mac)
	if vendor.Name == "" {
		return maker{}, false
	}
	return makeWhere(func(m maker) bool { return slices.Contains(m.vendors, vendor.Name) })
}

func makeWhere(is func(maker) bool) (maker, bool) {
	if i := slices.IndexFunc(makes, is); i >= 0 {
		return makes[i], true
	}
	return maker{}, false
}

// howTo is the sentence on how its SNMP is turned on.
func (m maker) howTo() Said { return Said{Key: say.Key("doctor.make_" + m.name)} }
