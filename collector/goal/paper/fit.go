package paper

// Letters of the one-page papers, as page/style.css has them: the class, points, and how
// high a line is in points.
var letters = []struct {
	class          string
	points, height float64
}{
	{"", 10, 13},
	{"full", 8.6, 10.5},
	{"dense", 7.7, 9.1},
	{"tight", 6.8, 7.7},
}

// What of an A4 page is printed, in points.
const (
	pageHeight = 278 / 25.4 * 72
	pageWidth  = 188 / 25.4 * 72
)

// spare is what of a page must be left by the count of lines: words break at their spaces, so
// narrow columns have more lines than their characters need.
const spare = 0.16

// fit chooses the largest letters with which a page of so many lines is one page of A4. Of
// what does not fit with the smallest there is a second page: nothing is left out.
func fit(lines func(points float64) float64) string {
	for _, l := range letters {
		if lines(l.points)*l.height <= (1-spare)*pageHeight {
			return l.class
		}
	}
	return letters[len(letters)-1].class
}

// charactersIn is how many characters are in a share of the page's width; one is about
// 0.54 of its height wide.
func charactersIn(percent, points float64) float64 {
	return percent / 100 * pageWidth / (0.54 * points)
}
