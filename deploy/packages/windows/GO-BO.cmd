@echo off
rem Removes the CommuneWatch agent by a double click.
if not exist "%~dp0CAI-DAT.cmd" (
	echo.
	echo   Hay giai nen tep zip truoc. / Please extract the zip file first.
	pause >nul
	exit /b 1
)
call "%~dp0CAI-DAT.cmd" uninstall
exit /b %ERRORLEVEL%
