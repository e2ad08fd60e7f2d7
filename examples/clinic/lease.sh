#!/bin/sh
# Puts a lease in force. Called by udhcpc (bound, renew) and by dhclient (BOUND, REBOOT …, BOUND6 …).
case "$1$reason" in
bound | renew) ;;
BOUND | RENEW | REBIND | REBOOT)
    ip=$new_ip_address subnet=$new_subnet_mask router=$new_routers dns=$new_domain_name_servers ;;
BOUND6)
    ip -6 addr replace "$new_ip6_address/128" dev "$interface" nodad
    exit 0 ;;
PREINIT | PREINIT6)
    ip link set "$interface" up
    exit 0 ;;
*) exit 0 ;;
esac
ip addr replace "$ip/${subnet:-24}" brd + dev "$interface"
for gateway in $router; do ip route replace default via "$gateway" && break; done
for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
