package say

// agentTexts is what the agent says to the person at the office.
var agentTexts = texts{
	"agent.run":     {"đo mạng của cơ quan và gửi kết quả về trung tâm", "measure this office's network and report to the collector"},
	"agent.version": {"in phiên bản", "print the version"},
	"agent.config":  {"tệp cấu hình", "configuration file"},
	"agent.check":   {"chỉ kiểm tra cấu hình rồi dừng", "check the configuration and stop"},
	"agent.valid":   {"%s: cấu hình đúng, %d mục cần đo", "%s is valid, %d targets"},
}
