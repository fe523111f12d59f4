package say

// discoverTexts is what a search of the office's network says.
var discoverTexts = texts{
	"doctor.discover":      {"liệt kê các thiết bị trong mạng của cơ quan", "list what is in the office's network"},
	"doctor.subnet":        {"chỉ tìm trong mạng con này, phải là mạng của máy này (như 192.168.1.0/24)", "search this network only, one of this machine's own (such as 192.168.1.0/24)"},
	"doctor.community":     {"community SNMP để thử (nên để trong tệp cấu hình: dòng lệnh ai cũng xem được); mặc định: community trong cấu hình, không có thì “public”", "SNMP community to try (better kept in the configuration: anybody can see a command line); by default those of the configuration, or else “public”"},
	"doctor.foreign":       {"%s không phải mạng của máy này; chỉ tìm trong mạng của mình: %s", "%s is no network of this machine; only its own are searched: %s"},
	"doctor.not_a_subnet":  {"%q không phải mạng con IPv4, chẳng hạn 192.168.1.0/24", "%q is not an IPv4 network such as 192.168.1.0/24"},
	"doctor.nowhere":       {"máy này chưa có địa chỉ IPv4 nào trong mạng; chạy communewatch-agent check để biết vì sao", "this machine is on no IPv4 network; communewatch-agent check says why"},
	"doctor.discover_plan": {"Tìm trong %s (%d địa chỉ), nhiều nhất %d gói mỗi giây, chừng %d giây và không quá %d giây; Ctrl-C để dừng và xem những gì đã thấy.", "Searching %s (%d addre{s}{s}{es}), at most %d packet{s} a second, some %d s and never more than %d; Ctrl-C ends it and shows what was found."},
	"doctor.only_public":   {"SNMP: chỉ thử community “public”.", "SNMP: only the community “public” is tried."},
	"doctor.tried":         {"SNMP: thử %d community.", "SNMP: %d communit{y|ies} {is|are} tried."},

	"doctor.discover_part":     {"Mạng %s quá lớn: chỉ tìm trong %s, quanh địa chỉ của máy này.", "The network %s is too large: only %s was searched, around this machine's own address."},
	"doctor.discover_many":     {"Máy này ở trong %d mạng: chỉ tìm trong %d mạng đầu.", "This machine is on %d network{s}: only the first %d were searched."},
	"doctor.discover_mute":     {"Tài khoản này không được phép ping: chỉ thấy những máy trả lời ARP và SNMP.", "This account may not ping: only what answers ARP and SNMP was seen."},
	"doctor.discover_stand_in": {"Một thiết bị (%s) trả lời thay cho %d địa chỉ; chỉ ghi %s.", "One device (%s) answers for %d addre{s}{s}{es}; only %s is listed."},
	"doctor.discover_cut":      {"Đã dừng giữa chừng: danh sách này chưa đủ.", "It was ended before its time: the list is not complete."},
	"doctor.discover_cut_err":  {"đã dừng giữa chừng", "ended before its time"},
	"doctor.discover_review":   {"Xem lại rồi dán vào agent.yaml (hoặc gửi trung tâm):", "Review, then paste into agent.yaml (or send it to the centre):"},
	"doctor.discover_nothing":  {"Không thấy gì mới đáng đo.", "Nothing new was found that is worth measuring."},

	"doctor.col_address": {"Địa chỉ", "Address"},
	"doctor.col_name":    {"Tên", "Name"},
	"doctor.col_kind":    {"Loại", "Kind"},
	"doctor.col_vendor":  {"Hãng", "Maker"},
	"doctor.col_mac":     {"MAC", "MAC"},
	"doctor.col_answers": {"Trả lời", "Answers"},
	"doctor.private_mac": {"(MAC riêng, đổi được)", "(private MAC)"},
	"doctor.self":        {"máy này", "this machine"},
	"doctor.seen_before": {"có thấy trước đó", "seen before"},

	"doctor.kind_gateway": {"bộ định tuyến", "gateway"},
	"doctor.kind_network": {"thiết bị mạng", "network"},
	"doctor.kind_printer": {"máy in", "printer"},
	"doctor.kind_ups":     {"UPS", "UPS"},
	"doctor.kind_nas":     {"ổ lưu trữ mạng", "storage"},
	"doctor.kind_camera":  {"camera/đầu ghi", "camera/recorder"},
	"doctor.kind_phone":   {"điện thoại bàn", "desk phone"},
	"doctor.kind_pc":      {"máy tính/di động", "PC/mobile"},
}
