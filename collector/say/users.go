package say

// usersTexts are what people are told who sign in, may not, or are entered in the users' file.
var usersTexts = texts{
	"users.role_viewer":   {"người xem", "viewer"},
	"users.role_planner":  {"người lập kế hoạch", "planner"},
	"users.role_operator": {"người vận hành", "operator"},

	"users.nobody":         {"Chưa đăng nhập", "Not signed in"},
	"users.nobody_hint":    {"Trang này chỉ dành cho người đã đăng nhập.", "This page is for people who have signed in."},
	"users.not_yours":      {"Tài khoản này không được dùng trang này", "This account may not use this page"},
	"users.not_yours_hint": {"Vai trò hiện có: %s. Trang này cần vai trò: %s. Nếu cần dùng, hãy đề nghị người quản trị trung tâm giám sát.", "Your role is %s; this page needs the role %s. If you need it, ask the administrator of the monitoring centre."},
	"users.foreign":        {"Yêu cầu bị từ chối", "Request refused"},
	"users.foreign_hint":   {"Yêu cầu này do một trang web khác gửi đến. Không có gì được ghi lại. Hãy mở trang giám sát rồi làm lại từ đó.", "This request was sent by the page of another site. Nothing was stored. Open the monitoring pages and do it again from there."},
}
