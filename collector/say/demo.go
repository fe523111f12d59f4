package say

// demoTexts is what the demonstration says while it runs.
var demoTexts = texts{
	"demo.starting":  {"đang khởi động InfluxDB và trung tâm…", "starting InfluxDB and the collector…"},
	"demo.filling":   {"một máy trạm thật và %d xã mô phỏng đang gửi số liệu; mở %s", "one real agent and %d simulated office{s} are reporting; open %s"},
	"demo.no_snmpd":  {"không có snmpd, bỏ qua phần SNMP (cài bằng: make setup)", "no snmpd here, SNMP is left out (make setup installs it)"},
	"demo.states":    {"sau %d giây: %s", "after %d s: %s"},
	"demo.more":      {"và %d xã nữa trên trang", "and %d more on the page"},
	"demo.look":      {"Mở %s — dừng bằng Ctrl-C", "Open %s — Ctrl-C stops everything"},
	"demo.totals":    {"điểm đo: %d; đã lưu: %d; bị từ chối: %d; còn trên đĩa của máy trạm: %d", "points measured: %d; stored: %d; rejected: %d; pending on the agents' disks: %d"},
	"demo.differs":   {"các con số không khớp: có điểm đo bị mất hoặc lưu trùng", "the figures do not add up: a point is lost or double"},
	"demo.past":      {"đã ghi số liệu mô phỏng của các tháng %s đến %s và bản kê khai mô phỏng", "simulated days of the months %s to %s and simulated declarations are in"},
	"demo.pages":     {"Mục tiêu của tháng trước (số liệu mô phỏng): %starget — triển khai: %srollout", "The target, of the last month (simulated): %starget — rollout: %srollout"},
	"demo.simulated": {"Báo cáo tháng %s ở trên dựa trên số liệu đo và bản kê khai mô phỏng:", "The report on %s above rests on simulated days and declarations:"},
	"demo.verdicts":  {"báo cáo thiếu một trong ba kết luận: đạt %d, không đạt %d, chưa đủ số liệu %d", "the report lacks one of the three verdicts: met %d, not met %d, no data %d"},
	"demo.kept":      {"nhật ký được giữ lại ở %s", "the logs are kept in %s"},
}
