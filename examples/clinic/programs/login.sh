#!/bin/sh
# What a camera's telnet shows: a login that takes the password printed on the box.
printf 'dvrdvs login: '; read -r user
printf 'Password: '; read -r password
[ "$user:$password" = admin:12345 ] || { echo 'Login incorrect'; exit 1; }
echo; echo 'BusyBox v1.16.1 built-in shell (ash)'
while printf '# ' && read -r line; do
    case "$line" in
    exit*) exit 0 ;;
    *version*) echo 'Linux version 3.0.8 (gcc version 4.4.1) #1' ;;
    *) echo "-sh: $line: not found" ;;
    esac
done
