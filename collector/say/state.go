package say

// stateTexts names states, terrains and roles, wherever they are shown, and the
// rules by which a site is judged. The key's ending is the value of the contract.
var stateTexts = texts{
	"state.ok":            {"hoạt động", "ok"},
	"state.degraded":      {"chập chờn", "degraded"},
	"state.lan_down":      {"mất mạng LAN", "LAN down"},
	"state.uplink_down":   {"mất đường truyền", "uplink down"},
	"state.power_lost":    {"mất điện", "power lost"},
	"state.closed":        {"đã đóng cửa", "closed"},
	"state.silent":        {"mất tín hiệu", "silent"},
	"state.not_installed": {"chưa lắp đặt", "not installed"},

	"terrain.highland": {"vùng cao", "highland"},
	"terrain.mountain": {"miền núi", "mountain"},
	"terrain.plain":    {"đồng bằng", "plain"},
	"terrain.unknown":  {"chưa xác minh", "unverified"},

	"role.gateway": {"bộ định tuyến", "gateway"},
	"role.lan":     {"mạng LAN", "LAN"},
	"role.uplink":  {"đường truyền", "uplink"},
	"role.device":  {"thiết bị", "device"},

	"result.ok":             {"tốt", "ok"},
	"result.timeout":        {"không trả lời", "no answer"},
	"result.icmp_error":     {"bị từ chối (ICMP)", "refused (ICMP)"},
	"result.no_route":       {"không có đường đi", "no route"},
	"result.no_name":        {"không phân giải được tên", "name not resolved"},
	"result.skipped_parent": {"bỏ qua vì thiết bị phía trước không trả lời", "skipped, what is before it does not answer"},
	"result.not_probed":     {"không đo được", "could not be probed"},

	"reason.ok":              {"mọi đích đều trả lời", "all targets answer"},
	"reason.lan_all_lost":    {"không đích nào trả lời, kể cả trong cơ quan", "nothing answers, not even within the office"},
	"reason.router_lost":     {"bộ định tuyến và mọi đích bên ngoài không trả lời, mạng LAN thì có", "the router and all beyond it do not answer, the LAN does"},
	"reason.uplink_all_lost": {"không đích nào ngoài đường truyền trả lời", "nothing beyond the line answers"},
	"reason.uplink_unclear":  {"không đích nào bên ngoài trả lời; chưa rõ do đường truyền hay do bộ định tuyến", "nothing outside answers; line or router, not known yet"},
	"reason.gateway_silent":  {"bộ định tuyến không trả lời nhưng đường truyền vẫn thông", "the router does not answer, yet the line works"},
	"reason.uplink_partly":   {"có đích ngoài đường truyền không trả lời", "a target beyond the line does not answer"},
	"reason.lan_partly":      {"có đích trong cơ quan không trả lời", "a target within the office does not answer"},
	"reason.uplink_loss":     {"đường truyền mất nhiều gói", "the line loses many packets"},
	"reason.gateway_loss":    {"mất nhiều gói ngay đến bộ định tuyến", "many packets are lost on the way to the router"},
	"reason.device_down":     {"có thiết bị không trả lời", "a device does not answer"},
	"reason.cannot_probe":    {"không đo được, nên không biết tốt hay hỏng", "cannot probe, so neither good nor bad is known"},
	"reason.no_targets":      {"máy đo có báo về nhưng chưa đo đích nào", "the agent reports but measures no target"},
	"reason.one_round":       {"mới có một vòng đo, chờ vòng sau", "one round so far, waiting for the next"},
	"reason.late_data":       {"số liệu đến trễ hoặc sai giờ; số liệu mới nhất", "data comes late or with a wrong clock; the newest is of"},
	"reason.goodbye":         {"máy đo báo nghỉ lúc", "the agent said goodbye at"},
	"reason.closed_hours":    {"ngoài giờ làm việc; số liệu cuối nhận lúc", "out of hours; last heard at"},
	"reason.silent":          {"trong giờ làm việc nhưng không nhận được gì từ", "due, but nothing came since"},
	"reason.never_heard":     {"chưa nhận được số liệu nào", "nothing was ever received"},
	"reason.waiting":         {"trung tâm vừa chạy lại, giữ kết luận cũ; số liệu cuối nhận lúc", "the collector has just come back, the last judgement stands; last heard at"},
}
