package say

// reviewTexts are what the judge writes of its own.
var reviewTexts = texts{
	"review.collector": {"Trung tâm không nhận hoặc không lưu được số liệu", "The collector did not receive, or could not store"},
}
