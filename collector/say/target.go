package say

// targetTexts are those of …
var targetTexts = texts{}
