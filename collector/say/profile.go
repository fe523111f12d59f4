package say

// profileTexts is what is wrong in an SNMP profile; the place comes before it.
var profileTexts = texts{
	"profile.name":        {"tên tệp %q chỉ được có chữ thường, số và dấu gạch ngang, chẳng hạn my-ups.yaml", "the file's name %q may have lower-case letters, digits and hyphens only, such as my-ups.yaml"},
	"profile.field":       {"%q không phải tên trường dùng được: cần chữ thường, số và dấu gạch dưới, cuối tên là đơn vị, một trong: %s", "%q is no name for a field: want lower-case letters, digits and underscores, and at the end a unit, one of: %s"},
	"profile.oid":         {"%q không phải OID dạng số, chẳng hạn 1.3.6.1.2.1.1.1.0", "%q is not an OID in numbers, such as 1.3.6.1.2.1.1.1.0"},
	"profile.regexp":      {"%q không phải biểu thức chính quy: %s", "%q is not a regular expression: %s"},
	"profile.group":       {"biểu thức %q cần đúng một cặp ngoặc, bao quanh tên kiểu máy", "the expression %q needs one pair of brackets, around the model"},
	"profile.get_or_walk": {"cần get hoặc walk, và chỉ một trong hai", "want get or walk, and only one of them"},
	"profile.beside":      {"%s không có nghĩa khi đã có %s", "%s has no meaning beside %s"},
	"profile.needs":       {"%s cần đi cùng %s", "%s needs %s"},
	"profile.scale":       {"scale không thể là 0", "scale cannot be 0"},
	"profile.between":     {"between cần hai số, số nhỏ trước, chẳng hạn [0, 100]", "between wants two numbers, the smaller first, such as [0, 100]"},
	"profile.map":         {"%q không có dạng số[,số]=giá trị, chẳng hạn 3,4=1", "%q is not figure[,figure]=value, such as 3,4=1"},
	"profile.map_twice":   {"số %s đã có giá trị ở trên", "the figure %s has a value above"},
	"profile.each":        {"%q không có dạng từ=biểu thức, chẳng hạn black=(?i)black", "%q is not word=expression, such as black=(?i)black"},
	"profile.no_use":      {"không có hồ sơ %q", "there is no profile %q"},
	"profile.circle":      {"các hồ sơ dùng nhau thành vòng tròn: %s", "profiles use one another in a circle: %s"},
	"profile.same_match":  {"hồ sơ %q cũng dành cho đúng các thiết bị này", "profile %q is for the very same devices"},
}
