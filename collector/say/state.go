package say

// stateTexts names states, terrains and roles, wherever they are shown. The
// key's ending is the value of the contract.
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
}
