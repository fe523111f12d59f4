package say

// declaredTexts are those of …
var declaredTexts = texts{}
