package say

// goalTexts are those of …
var goalTexts = texts{}
