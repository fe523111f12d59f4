package say

// alarmTexts names what a person is told of, and incidents. The ending of "alarm." is a
// value of the contract's alarm kinds.
var alarmTexts = texts{
	"alarm.uplink_down":    {"Mất đường truyền", "Uplink down"},
	"alarm.lan_down":       {"Mất mạng LAN", "LAN down"},
	"alarm.power_lost":     {"Mất điện", "Power lost"},
	"alarm.silent":         {"Mất tín hiệu trong giờ làm việc", "Silent while due"},
	"alarm.device_down":    {"Thiết bị không trả lời", "Device down"},
	"alarm.loss":           {"Đường truyền mất nhiều gói", "Line loses packets"},
	"alarm.slow":           {"Đường truyền chậm", "Line is slow"},
	"alarm.ups_on_battery": {"Bộ lưu điện đang chạy ắc quy", "UPS on battery"},
	"alarm.disk_full":      {"Ổ đĩa sắp đầy", "Disk nearly full"},
	"alarm.certificate":    {"Chứng chỉ của máy đo sắp hết hạn", "Agent's certificate ends soon"},
	"alarm.agent_outdated": {"Máy đo chạy phiên bản cũ", "Agent is outdated"},
	"alarm.clock_wrong":    {"Đồng hồ máy đo sai", "Agent's clock is wrong"},
	"alarm.data_dropped":   {"Máy đo phải bỏ bớt số liệu", "Agent had to drop data"},

	"incident.communes":     {"%s · %d xã", "%s · %d commune{s}"},
	"incident.offices":      {"%s · %d xã, phường", "%s · %d office{s}"},
	"incident.devices":      {"%s · %d thiết bị", "%s · %d device{s}"},
	"incident.province":     {"Toàn tỉnh", "The whole province"},
	"incident.province_net": {"Mạng của tỉnh", "The province's network"},
}
