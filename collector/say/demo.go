package say

// demoTexts is what is said by the demo.
var demoTexts = texts{}
