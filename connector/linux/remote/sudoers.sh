# The sudo policy as JSON, aliases expanded, includes followed, by sudo's own tool.
LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL PATH
exec cvtsudoers -f json -e /etc/sudoers
