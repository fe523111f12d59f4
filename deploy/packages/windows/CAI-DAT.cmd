@echo off
rem Installs the CommuneWatch agent by a double click; GO-BO.cmd calls this to remove it.
rem
rem This file is ASCII: cmd.exe reads a script in the code page of the console (437, 1258,
rem 65001), a piece at a time, and loses its place between bytes. What people read is in
rem LOI-NHAN.txt, which is read whole after chcp, or comes from the program.
setlocal EnableExtensions DisableDelayedExpansion
title CommuneWatch
set "CW_DO=install"
if /i "%~1"=="uninstall" set "CW_DO=uninstall"
set "CW_SELF=%~f0"
set "CW_EXE=%~dp0communewatch-agent.exe"
set "CW_TEXTS=%~dp0LOI-NHAN.txt"
set "CW_CODE=1"
set "CW_PAGE="
for /f "tokens=2 delims=:." %%p in ('chcp') do set /a "CW_PAGE=%%p" >nul 2>&1
chcp 65001 >nul

rem Started inside the zip, Windows unpacks this file alone.
if not exist "%CW_EXE%" goto notunpacked
if not exist "%CW_TEXTS%" goto notunpacked

rem Windows 10 and 11 call themselves 10.
ver | findstr /r /c:" 1[0-9]\." >nul
if errorlevel 1 (
	call :say old
	goto end
)
"%CW_EXE%" version >nul 2>&1
if errorlevel 1 (
	call :say cannotrun
	goto end
)

if /i "%~2"=="admin" goto act
fltmc >nul 2>&1
if not errorlevel 1 goto act

call :say %CW_DO%
set "CW_ANSWER="
set /p "CW_ANSWER=> "
rem Without quotation marks, whatever was typed or pasted stands safely between two.
if defined CW_ANSWER set "CW_ANSWER=%CW_ANSWER:"=%"
if defined CW_ANSWER if /i "%CW_ANSWER:~0,1%"=="k" goto act

rem The path may hold spaces, brackets, apostrophes: it goes through the environment, and
rem cmd /c takes off the outer pair of quotes. A code of 100 and more is this script's own;
rem else it did not run: nobody agreed, or the drive is not there for an administrator.
powershell -NoProfile -ExecutionPolicy Bypass -Command "$q = [char]34; try { $p = Start-Process -Verb RunAs -Wait -PassThru -FilePath $env:ComSpec -ArgumentList ('/d /c ' + $q + $q + $env:CW_SELF + $q + ' ' + $env:CW_DO + ' admin' + $q); exit $p.ExitCode } catch { exit 1 }"
if errorlevel 100 (
	set /a "CW_CODE=%ERRORLEVEL% - 100" >nul
	goto close
)
call :say refused

:act
"%CW_EXE%" %CW_DO%
set "CW_CODE=%ERRORLEVEL%"
goto end

:notunpacked
echo.
echo   Hay giai nen tep zip truoc (bam chuot phai vao tep zip, chon Extract All),
echo   roi chay lai trong thu muc vua giai nen.
echo.
echo   Please extract the zip file first, and run this again in the new folder.

:end
echo.
if exist "%CW_TEXTS%" call :say key
pause >nul

:close
if defined CW_PAGE chcp %CW_PAGE% >nul
if /i "%~2"=="admin" set /a "CW_CODE+=100" >nul
exit /b %CW_CODE%

rem Lines "key|text" of the texts; read whole, so that no character is cut.
:say
for /f "usebackq eol=# tokens=1* delims=|" %%a in ("%CW_TEXTS%") do if "%%a"=="%~1" echo.%%b
exit /b 0
