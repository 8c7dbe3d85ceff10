# Process 1 of a node: mounts and interfaces that nobody outside sees. Ends by being killed.
#
#   sh inner.sh FOLDER
set -eu
folder=$1

mount -t sysfs sysfs /sys
if grep -q '^[0-9]*:[^:]' /proc/self/cgroup; then
    mount -t tmpfs tmpfs /sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        [ -n "$controllers" ] || continue
        mkdir "/sys/fs/cgroup/${controllers#name=}"
        case $controllers in
        name=*) options=none,$controllers ;;
        *) options=$controllers ;;
        esac
        mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/${controllers#name=}"
    done </proc/self/cgroup
else
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # The root of the namespace holds no process any more, so it may give its controllers to its children.
    for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
    done
fi
# Here the programs of a node keep what is theirs. Without these the machine's own folders would fill.
for path in /run /var/log /var/lib /usr/libexec; do
    [ ! -d "$path" ] || mount -t tmpfs tmpfs "$path"
done
# The kubelet sets these for the whole machine where they differ. It finds files that already hold what it wants.
while read -r path value; do
    file=$folder/sysctl-$(echo "$path" | tr / -)
    echo "$value" >"$file"
    mount --bind "$file" "/proc/sys/$path"
done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END

ip link set lo up
# Dummy interfaces are missing from small kernels; one end of a pair serves as well.
ip link add node0 type veth peer name node0-peer
ip addr add "$NODE_ADDRESS/24" dev node0
ip link set node0 up
ip link set node0-peer up
# An address of a Service is looked up before it is translated. A default route would do too, and then whatever is not here is
# waited for instead of being refused.
ip route add "$NODE_SERVICES" dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

: >"$folder/ready"
# Process 1 reaps whoever has lost his parent; `exec sleep` would leave a zombie for each pod.
while :; do
    sleep 3600 &
    wait "$!"
done
