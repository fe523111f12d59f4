package say

// browseTexts is what every page says around its own.
var browseTexts = texts{
	"browse.skip":          {"Đến nội dung chính", "Skip to the content"},
	"browse.places":        {"Các trang", "Pages"},
	"browse.target":        {"Mục tiêu", "Target"},
	"browse.rollout":       {"Triển khai", "Rollout"},
	"browse.import":        {"Nhập kê khai", "Import"},
	"browse.sign_out":      {"Đăng xuất", "Sign out"},
	"browse.signed_out":    {"Phiên làm việc đã hết. Hãy tải lại trang để đăng nhập. Những gì dưới đây là của lúc %s.", "Your session is over. Reload the page to sign in. What is shown below is of %s."},
	"browse.pause":         {"Tạm dừng", "Pause"},
	"browse.pause_updates": {"Tạm dừng cập nhật", "Pause updates"},
	"browse.no_script":     {"Trang này không tự cập nhật vì trình duyệt không chạy script.", "This page does not update itself, since the browser runs no scripts."},
	"browse.reload":        {"Tải lại", "Reload"},

	"browse.write_note":      {"Viết ghi chú", "Write a note"},
	"browse.write_hand_over": {"Viết bàn giao", "Write a hand-over"},
	"browse.needed":          {"bắt buộc", "required"},
	"browse.note_for":        {"cần cho ghi chú và bàn giao", "needed for a note and a hand-over"},
}
