# Changes what an account is called and its shell. What is to be set comes one a line on
# standard input, behind an equals sign; an empty line leaves it as it is.
IFS= read -r login && IFS= read -r sign && IFS= read -r gecos && IFS= read -r shell || exit 64
meant "$login" "$sign"
set --
if [ -n "$gecos" ]; then set -- -c "${gecos#=}"; fi
if [ -n "$shell" ]; then
	fit "${shell#=}"
	set -- "$@" -s "${shell#=}"
fi
exec usermod "$@" -- "$login"
