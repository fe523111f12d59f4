package say

// agentTexts is what the agent says to the person at the office.
var agentTexts = texts{
	"agent.run":              {"đo mạng của cơ quan và gửi kết quả về trung tâm", "measure this office's network and report to the collector"},
	"agent.version":          {"in phiên bản", "print the version"},
	"agent.aside_refused":    {"Các dòng dưới đây bị trung tâm từ chối và sẽ không bao giờ được lưu; những dòng khác của lô này đã được lưu. Sau số dòng là lý do.", "The collector refused the lines below: they never will be stored, all others of this batch are. Behind the number of a line is the reason."},
	"agent.aside_unreadable": {"Không đọc được lô này nên không gửi. Lý do:", "This batch cannot be read and was not sent. The reason:"},
	"agent.aside_unplaced":   {"Lô này được đo trong một lần chạy chưa từng gặp trung tâm; không rõ giờ đo nên không gửi. Lý do:", "This batch was measured in a run that never met the collector; when is not known, so it was not sent. The reason:"},
	"agent.config":           {"tệp cấu hình", "configuration file"},
	"agent.check":            {"chỉ kiểm tra cấu hình rồi dừng", "check the configuration and stop"},
	"agent.valid":            {"%s: cấu hình đúng, %d mục cần đo", "%s is valid, %d target{s}"},
}
