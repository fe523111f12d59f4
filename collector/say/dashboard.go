package say

// dashboardTexts is what is said by the dashboard.
var dashboardTexts = texts{}
