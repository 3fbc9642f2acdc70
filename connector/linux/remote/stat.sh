# Who owns and who may write the files whose absolute paths come, each ended by a
# zero byte, on standard input. What is missing is left out.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
xargs -0 -r sh -c 'find -L "$@" -maxdepth 0 -printf "%m\t%U\t%G\t%y\t%s\t%T@\t%p\0" 2>/dev/null; true' find
printf 'end\0'
