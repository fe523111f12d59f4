package say

// reportTexts are those of …
var reportTexts = texts{}
