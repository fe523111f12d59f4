package say

// usersTexts are those of …
var usersTexts = texts{}
